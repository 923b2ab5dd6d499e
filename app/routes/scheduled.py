"""Posts that wait for their time: list, move, cancel."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app import scheduling
from app.address import base_of
from app.authentication import Person, person
from app.body import body_of
from app.entities import media_entity
from app.ids import from_api, to_api
from app.moments import moment
from app.routes.answers import ListingOf
from app.scheduling import NewTime
from app.services import Parts, Write

router = APIRouter(prefix="/api/v1/scheduled_statuses", tags=["scheduled"])

Reader = Annotated[Person, Depends(person("read:statuses"))]
Author = Annotated[Person, Depends(person("write:statuses"))]


@router.get("")
async def listed(who: Reader, parts: Parts, listing: ListingOf) -> list[dict[str, Any]]:
    """Give the caller's scheduled posts."""
    async with parts.database.read() as connection:
        found = await scheduling.listed(connection, who.account_id, listing.page)
    return listing.give(found, _entity, [row.id for row, _ in found])


@router.get("/{scheduled_id}")
async def show(who: Reader, scheduled_id: str, request: Request, parts: Parts) -> dict[str, Any]:
    """Give one of the caller's scheduled posts."""
    async with parts.database.read() as connection:
        found = await scheduling.one(connection, who.account_id, from_api(scheduled_id))
    return scheduled_entity(*found, base_of(request))


@router.put("/{scheduled_id}")
async def move(
    who: Author, scheduled_id: str, form: Annotated[NewTime, Depends(body_of(NewTime))], request: Request, write: Write
) -> dict[str, Any]:
    """Give a scheduled post another time."""
    key, when = from_api(scheduled_id), scheduling.checked_time(form.scheduled_at)
    async with write.transaction() as connection:
        await scheduling.move(connection, who.account_id, key, when)
        found = await scheduling.one(connection, who.account_id, key)
    return scheduled_entity(*found, base_of(request))


@router.delete("/{scheduled_id}")
async def cancel(who: Author, scheduled_id: str, write: Write) -> dict[str, Any]:
    """Cancel a scheduled post on every live site before answering: it must not be published after a failover."""
    async with write.transaction(every_standby=True) as connection:
        await scheduling.cancel(connection, who.account_id, from_api(scheduled_id))
    return {}


def _entity(found: tuple[Any, Sequence[Any]], base: str) -> dict[str, Any]:
    return scheduled_entity(*found, base)


def scheduled_entity(row: Any, pictures: Sequence[Any], base: str) -> dict[str, Any]:
    """Give the ScheduledStatus entity of a post that waits for its time."""
    form = row.form
    return {
        "id": to_api(row.id),
        "scheduled_at": moment(row.scheduled_at),
        "params": {
            "text": form["status"],
            "application_id": to_api(row.application_id) if row.application_id else None,
            "idempotency": None,
            "scheduled_at": None,
            "with_rate_limit": False,
            **{name: value for name, value in form.items() if name != "status"},
        },
        "media_attachments": [media_entity(picture, base) for picture in pictures],
    }
