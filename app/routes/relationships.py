"""Following, blocking and muting, and the lists of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from app import accounts, relationships
from app.authentication import Person, Viewer, person
from app.body import Fields, body_of
from app.ids import from_api
from app.models import Block, Mute
from app.routes.answers import ListingOf
from app.services import Parts, Write

router = APIRouter(prefix="/api/v1", tags=["relationships"])

Follower = Annotated[Person, Depends(person("write:follows", "follow"))]
Blocker = Annotated[Person, Depends(person("write:blocks", "follow"))]
Muter = Annotated[Person, Depends(person("write:mutes", "follow"))]


class FollowWishes(Fields):
    """What a person wants to read of another; what is not sent stays as it is."""

    reblogs: bool | None = None
    notify: bool | None = None


class MuteWishes(Fields):
    """Whether the notifications are muted too."""

    notifications: bool = True


@router.get("/accounts/relationships")
async def show(
    who: Annotated[Person, Depends(person("read:follows", "follow"))],
    parts: Parts,
    listed: Annotated[list[str], Query(alias="id[]")] = [],  # noqa: B006
    single: Annotated[list[str], Query(alias="id")] = [],  # noqa: B006
) -> list[dict[str, Any]]:
    """Give what the caller and others are to each other."""
    async with parts.database.read() as connection:
        return await relationships.between(
            connection, who.account_id, [from_api(text) for text in [*listed, *single][:100]]
        )


@router.post("/accounts/{account_id}/follow")
async def follow(
    who: Follower, account_id: str, form: Annotated[FollowWishes, Depends(body_of(FollowWishes))], write: Write
) -> dict[str, Any]:
    """Follow an account, or change what is read of it."""
    target = from_api(account_id)
    async with write.transaction() as connection:
        await relationships.follow(connection, who.account_id, target, reblogs=form.reblogs, notices=form.notify)
        return await relationships.to_one(connection, who.account_id, target)


@router.post("/accounts/{account_id}/unfollow")
async def unfollow(who: Follower, account_id: str, write: Write) -> dict[str, Any]:
    """Stop following an account."""
    target = from_api(account_id)
    async with write.transaction() as connection:
        await relationships.unfollow(connection, who.account_id, target)
        return await relationships.to_one(connection, who.account_id, target)


@router.post("/accounts/{account_id}/block")
async def block(who: Blocker, account_id: str, write: Write) -> dict[str, Any]:
    """Block an account on every live site before answering: nobody may be reached again through a failover."""
    target = from_api(account_id)
    async with write.transaction(every_standby=True) as connection:
        await relationships.block(connection, who.account_id, target)
        return await relationships.to_one(connection, who.account_id, target)


@router.post("/accounts/{account_id}/unblock")
async def unblock(who: Blocker, account_id: str, write: Write) -> dict[str, Any]:
    """Take a block back."""
    target = from_api(account_id)
    async with write.transaction() as connection:
        await relationships.unblock(connection, who.account_id, target)
        return await relationships.to_one(connection, who.account_id, target)


@router.post("/accounts/{account_id}/mute")
async def mute(
    who: Muter, account_id: str, form: Annotated[MuteWishes, Depends(body_of(MuteWishes))], write: Write
) -> dict[str, Any]:
    """Mute an account on every live site before answering."""
    target = from_api(account_id)
    async with write.transaction(every_standby=True) as connection:
        await relationships.mute(connection, who.account_id, target, notifications=form.notifications)
        return await relationships.to_one(connection, who.account_id, target)


@router.post("/accounts/{account_id}/unmute")
async def unmute(who: Muter, account_id: str, write: Write) -> dict[str, Any]:
    """Take a mute back."""
    target = from_api(account_id)
    async with write.transaction() as connection:
        await relationships.unmute(connection, who.account_id, target)
        return await relationships.to_one(connection, who.account_id, target)


@router.get("/accounts/{account_id}/followers")
async def followers(account_id: str, parts: Parts, listing: ListingOf, _viewer: Viewer) -> list[dict[str, Any]]:
    """Give who follows an account."""
    async with parts.database.read() as connection:
        row = await accounts.load(connection, from_api(account_id))
        people, keys = await relationships.followers(connection, row.id, listing.page)
    return listing.people(people, keys)


@router.get("/accounts/{account_id}/following")
async def following(account_id: str, parts: Parts, listing: ListingOf, _viewer: Viewer) -> list[dict[str, Any]]:
    """Give whom an account follows."""
    async with parts.database.read() as connection:
        row = await accounts.load(connection, from_api(account_id))
        people, keys = await relationships.following(connection, row.id, listing.page)
    return listing.people(people, keys)


@router.get("/blocks")
async def blocks(
    who: Annotated[Person, Depends(person("read:blocks", "follow"))],
    parts: Parts,
    listing: ListingOf,
) -> list[dict[str, Any]]:
    """Give whom the caller blocks."""
    async with parts.database.read() as connection:
        people, keys = await relationships.kept_away(connection, Block, who.account_id, listing.page)
    return listing.people(people, keys)


@router.get("/mutes")
async def mutes(
    who: Annotated[Person, Depends(person("read:mutes", "follow"))],
    parts: Parts,
    listing: ListingOf,
) -> list[dict[str, Any]]:
    """Give whom the caller mutes."""
    async with parts.database.read() as connection:
        people, keys = await relationships.kept_away(connection, Mute, who.account_id, listing.page)
    return listing.people(people, keys)
