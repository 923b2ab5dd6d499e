"""Requests to follow: who asked, yes or no."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from app import relationships
from app.authentication import Person, person
from app.ids import from_api
from app.routes.answers import ListingOf
from app.services import Parts, Write

router = APIRouter(prefix="/api/v1", tags=["follow requests"])

Asked = Annotated[Person, Depends(person("write:follows", "follow"))]


@router.get("/follow_requests")
async def listed(
    who: Annotated[Person, Depends(person("read:follows", "follow"))],
    parts: Parts,
    listing: ListingOf,
) -> list[dict[str, Any]]:
    """Give who asks to follow the caller."""
    async with parts.database.read() as connection:
        people, keys = await relationships.requests(connection, who.account_id, listing.page)
    return listing.people(people, keys)


@router.post("/follow_requests/{account_id}/authorize")
async def authorize(who: Asked, account_id: str, write: Write) -> dict[str, Any]:
    """Let somebody follow the caller."""
    other = from_api(account_id)
    async with write.transaction() as connection:
        await relationships.accept(connection, who.account_id, other)
        return await relationships.to_one(connection, who.account_id, other)


@router.post("/follow_requests/{account_id}/reject")
async def reject(who: Asked, account_id: str, write: Write) -> dict[str, Any]:
    """Refuse somebody on every live site before answering."""
    other = from_api(account_id)
    async with write.transaction(every_standby=True) as connection:
        await relationships.refuse(connection, who.account_id, other)
        return await relationships.to_one(connection, who.account_id, other)


@router.post("/accounts/{account_id}/remove_from_followers")
async def remove(who: Asked, account_id: str, write: Write) -> dict[str, Any]:
    """End that somebody follows the caller, on every live site before answering."""
    other = from_api(account_id)
    async with write.transaction(every_standby=True) as connection:
        await relationships.unfollow(connection, other, who.account_id)
        return await relationships.to_one(connection, who.account_id, other)
