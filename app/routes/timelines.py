"""Home, public and hashtag timelines."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from app import timelines
from app.authentication import Person, Viewer, person
from app.routes.answers import ListingOf
from app.services import Parts

router = APIRouter(prefix="/api/v1/timelines", tags=["timelines"])


@router.get("/home")
async def home(
    who: Annotated[Person, Depends(person("read:statuses"))],
    parts: Parts,
    listing: ListingOf,
) -> list[dict[str, Any]]:
    """Give the posts of the accounts that the caller reads."""
    async with parts.database.read() as connection:
        found = await timelines.home(connection, who.account_id, listing.page)
    return listing.posts(found)


@router.get("/public")
async def public(
    parts: Parts,
    listing: ListingOf,
    viewer: Viewer,
    only_media: bool = False,
    remote: bool = False,
) -> list[dict[str, Any]]:
    """Give the public posts of everybody; there are no remote ones."""
    if remote:
        return []
    async with parts.database.read() as connection:
        found = await timelines.public(connection, listing.page, viewer, only_media=only_media)
    return listing.posts(found)


@router.get("/tag/{name}")
async def tag(
    name: str,
    parts: Parts,
    listing: ListingOf,
    viewer: Viewer,
    only_media: bool = False,
    remote: bool = False,
) -> list[dict[str, Any]]:
    """Give the public posts with a hashtag."""
    if remote:
        return []
    async with parts.database.read() as connection:
        found = await timelines.tagged(
            connection, name.replace("\x00", ""), listing.page, viewer, only_media=only_media
        )
    return listing.posts(found)
