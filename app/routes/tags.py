"""Hashtags that a person follows, and those they feature."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app import accounts, featured
from app.address import base_of
from app.authentication import Person, Viewer, person
from app.body import Fields, body_of
from app.entities import tag_entity
from app.ids import from_api, to_api
from app.models import TagFollow
from app.routes.answers import ListingOf
from app.services import Parts, Write

router = APIRouter(prefix="/api/v1", tags=["tags"])

Follower = Annotated[Person, Depends(person("write:follows", "follow"))]
Owner = Annotated[Person, Depends(person("write:accounts"))]
Reader = Annotated[Person, Depends(person("read:accounts"))]


class NamedTag(Fields):
    """The hashtag that is to be featured."""

    name: str = ""


@router.get("/tags/{name}")
async def show(name: str, request: Request, parts: Parts, viewer: Viewer) -> dict[str, Any]:
    """Give a hashtag, and whether the caller follows it."""
    name = featured.checked_name(name)
    async with parts.database.read() as connection:
        return _entity(name, base_of(request), following=await featured.follows_tag(connection, viewer, name))


@router.post("/tags/{name}/follow")
async def follow(who: Follower, name: str, request: Request, write: Write) -> dict[str, Any]:
    """Read what carries a hashtag."""
    name = featured.checked_name(name)
    async with write.transaction() as connection:
        await featured.add_tag(connection, TagFollow, who.account_id, name)
    return _entity(name, base_of(request), following=True)


@router.post("/tags/{name}/unfollow")
async def unfollow(who: Follower, name: str, request: Request, write: Write) -> dict[str, Any]:
    """Read it no longer."""
    name = featured.checked_name(name)
    async with write.transaction() as connection:
        await featured.drop_tag(connection, TagFollow, who.account_id, name)
    return _entity(name, base_of(request), following=False)


@router.get("/followed_tags")
async def followed(
    who: Annotated[Person, Depends(person("read:follows", "follow"))],
    parts: Parts,
    listing: ListingOf,
) -> list[dict[str, Any]]:
    """Give the hashtags that the caller follows."""
    async with parts.database.read() as connection:
        found = await featured.followed(connection, who.account_id, listing.page)
    return listing.give(found, _followed, [row.id for row in found])


@router.get("/featured_tags")
async def own(who: Reader, request: Request, parts: Parts) -> list[dict[str, Any]]:
    """Give the hashtags that the caller features."""
    async with parts.database.read() as connection:
        return [_featured(row, request) for row in await featured.featured(connection, who.account_id)]


@router.get("/featured_tags/suggestions")
async def suggestions(who: Reader, request: Request, parts: Parts) -> list[dict[str, Any]]:
    """Give the hashtags that the caller used most."""
    async with parts.database.read() as connection:
        names = await featured.most_used(connection, who.account_id)
    return [_entity(name, base_of(request), following=False) for name in names]


@router.post("/featured_tags")
async def feature(
    who: Owner, form: Annotated[NamedTag, Depends(body_of(NamedTag))], request: Request, write: Write
) -> dict[str, Any]:
    """Feature a hashtag."""
    name = featured.checked_name(form.name)
    async with write.transaction() as connection:
        return _featured(await featured.feature(connection, who.account_id, name), request)


@router.delete("/featured_tags/{tag_id}")
async def unfeature(who: Owner, tag_id: str, write: Write) -> dict[str, Any]:
    """Feature a hashtag no longer."""
    async with write.transaction(every_standby=True) as connection:
        await featured.unfeature(connection, who.account_id, from_api(tag_id))
    return {}


@router.get("/accounts/{account_id}/featured_tags")
async def of_account(account_id: str, request: Request, parts: Parts, _viewer: Viewer) -> list[dict[str, Any]]:
    """Give the hashtags that an account features."""
    async with parts.database.read() as connection:
        row = await accounts.load(connection, from_api(account_id))
        return [_featured(tag, request) for tag in await featured.featured(connection, row.id)]


def _followed(row: Any, base: str) -> dict[str, Any]:
    return _entity(row.name, base, following=True)


def _entity(name: str, base: str, *, following: bool) -> dict[str, Any]:
    return tag_entity(name, base) | {"history": [], "following": following}


def _featured(row: Any, request: Request) -> dict[str, Any]:
    last = row.last.date().isoformat() if row.last else None
    counts = {"statuses_count": str(row.used), "last_status_at": last}
    return {"id": to_api(row.id), **tag_entity(row.name, base_of(request)), **counts}
