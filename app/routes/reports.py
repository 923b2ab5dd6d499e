"""Reports to the moderators."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app import reports
from app.address import base_of
from app.authentication import Person, person
from app.body import body_of
from app.entities import account_entity
from app.reports import NewReport
from app.services import Write

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])


@router.post("")
async def file(
    who: Annotated[Person, Depends(person("write:reports"))],
    form: Annotated[NewReport, Depends(body_of(NewReport))],
    request: Request,
    write: Write,
) -> dict[str, Any]:
    """Store a report of an account or of its posts."""
    form.check()
    async with write.transaction() as connection:
        row, target = await reports.store(connection, write, who, form)
    return reports.entity(row, account_entity(target, base_of(request)))
