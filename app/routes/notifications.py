"""Notifications: read them, dismiss one or all."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from app import notifications
from app.address import base_of
from app.authentication import Person, person
from app.ids import from_api
from app.notification_entities import notification_entity
from app.notifications import KINDS
from app.routes.answers import ListingOf
from app.services import Parts, Write

router = APIRouter(prefix="/api/v1/notifications", tags=["notifications"])

Reader = Annotated[Person, Depends(person("read:notifications"))]
Dismisser = Annotated[Person, Depends(person("write:notifications"))]


async def kinds(
    types: Annotated[list[str], Query(alias="types[]")] = [],  # noqa: B006
    excluded: Annotated[list[str], Query(alias="exclude_types[]")] = [],  # noqa: B006
) -> list[str]:
    """Read from the query which kinds of notifications a client wants."""
    return [kind for kind in KINDS if (not types or kind in types) and kind not in excluded]


@router.get("")
async def listed(
    who: Reader,
    parts: Parts,
    listing: ListingOf,
    wanted: Annotated[list[str], Depends(kinds)],
    account_id: str | None = None,
) -> list[dict[str, Any]]:
    """Give the caller's notifications."""
    sender = from_api(account_id) if account_id else None
    async with parts.database.read() as connection:
        found = await notifications.listed(connection, who.account_id, listing.page, wanted, sender)
    return listing.give(found, notification_entity, [notice.row.id for notice in found])


@router.get("/{notification_id}")
async def show(who: Reader, notification_id: str, request: Request, parts: Parts) -> dict[str, Any]:
    """Give one of the caller's notifications."""
    async with parts.database.read() as connection:
        return notification_entity(
            await notifications.one(connection, who.account_id, from_api(notification_id)), base_of(request)
        )


@router.post("/clear")
async def clear(who: Dismisser, write: Write) -> dict[str, Any]:
    """Delete all of the caller's notifications on every live site."""
    async with write.transaction(every_standby=True) as connection:
        await notifications.dismiss(connection, who.account_id)
    return {}


@router.post("/{notification_id}/dismiss")
async def dismiss(who: Dismisser, notification_id: str, write: Write) -> dict[str, Any]:
    """Delete one of the caller's notifications on every live site."""
    async with write.transaction(every_standby=True) as connection:
        await notifications.dismiss(connection, who.account_id, from_api(notification_id))
    return {}
