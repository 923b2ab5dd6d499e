"""Home, public and hashtag timelines."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from app import timelines
from app.authentication import Person, Viewer, person
from app.paging import PageOf
from app.routes.answers import posts_page
from app.services import Parts

router = APIRouter(prefix="/api/v1/timelines", tags=["timelines"])


@router.get("/home")
async def home(
    who: Annotated[Person, Depends(person("read:statuses"))],
    request: Request,
    response: Response,
    parts: Parts,
    page: PageOf,
) -> list[dict[str, Any]]:
    """Give the posts of the accounts that the caller reads."""
    async with parts.database.read() as connection:
        found = await timelines.home(connection, who.account_id, page)
    return posts_page(found, request, response)


@router.get("/public")
async def public(
    request: Request,
    response: Response,
    parts: Parts,
    page: PageOf,
    viewer: Viewer,
    only_media: bool = False,
    remote: bool = False,
) -> list[dict[str, Any]]:
    """Give the public posts of everybody; there are no remote ones."""
    if remote:
        return []
    async with parts.database.read() as connection:
        found = await timelines.public(connection, page, viewer, only_media=only_media)
    return posts_page(found, request, response)


@router.get("/tag/{name}")
async def tag(
    name: str,
    request: Request,
    response: Response,
    parts: Parts,
    page: PageOf,
    viewer: Viewer,
    only_media: bool = False,
    remote: bool = False,
) -> list[dict[str, Any]]:
    """Give the public posts with a hashtag."""
    if remote:
        return []
    async with parts.database.read() as connection:
        found = await timelines.tagged(connection, name.replace("\x00", ""), page, viewer, only_media=only_media)
    return posts_page(found, request, response)
