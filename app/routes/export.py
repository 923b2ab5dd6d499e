"""The archive of a person."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import StreamingResponse

from app import export
from app.address import base_of
from app.authentication import Person, person
from app.services import Parts

router = APIRouter(prefix="/api/v1", tags=["security"])

HEADERS = {"Content-Disposition": 'attachment; filename="archive.zip"', "Cache-Control": "no-store"}


@router.get(
    "/account/archive",
    response_class=StreamingResponse,
    responses={200: {"description": "The archive", "content": {"application/zip": {}}}},
)
async def archive(
    who: Annotated[Person, Depends(person("read:accounts"))], request: Request, parts: Parts
) -> StreamingResponse:
    """Give all that the caller put in, as a zip file; it needs a token for everything that it reads."""
    file = await export.archive(parts, who.account_id, base_of(request))
    return StreamingResponse(export.chunks(file), media_type="application/zip", headers=HEADERS)
