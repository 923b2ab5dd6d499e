"""Home and public timelines."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app import timelines
from app.address import base_of
from app.authentication import Person, Viewer, person
from app.entities import status_entity
from app.services import Parts
from app.statuses import Post
from app.timelines import PageOf, link_header

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
        return _shown(await timelines.home(connection, who.account_id, page), request, response)


@router.get("/public")
async def public(
    request: Request,
    response: Response,
    parts: Parts,
    page: PageOf,
    _viewer: Viewer,
    only_media: bool = False,
    remote: bool = False,
) -> list[dict[str, Any]]:
    """Give the public posts of everybody; there are no remote ones."""
    if remote:
        return []
    async with parts.database.read() as connection:
        return _shown(await timelines.public(connection, page, only_media=only_media), request, response)


def _shown(found: list[Post], request: Request, response: Response) -> list[dict[str, Any]]:
    base = base_of(request)
    ids: list[UUID] = [post.row.id for post in found]
    response.headers.update(link_header(request, base, ids))
    return [status_entity(post, base) for post in found]
