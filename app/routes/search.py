"""Search over people, posts and hashtags."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from app import search
from app.address import base_of
from app.authentication import Viewer
from app.entities import account_entity, status_entity, tag_entity
from app.ids import from_api
from app.services import Parts

router = APIRouter(prefix="/api/v2/search", tags=["search"])

Kind = Literal["accounts", "statuses", "hashtags"]


@router.get("")
async def find(
    q: Annotated[str, Query(max_length=500)],
    request: Request,
    parts: Parts,
    viewer: Viewer,
    type: Kind | None = None,
    limit: Annotated[int, Query(ge=1)] = 20,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
    account_id: str | None = None,
) -> dict[str, Any]:
    """Give people, posts and hashtags; words that begin with # or @ look for one of them alone."""
    words, base, limit = q.replace("\x00", ""), base_of(request), min(limit, 40)
    author = from_api(account_id) if account_id else None
    wanted = {type} if type else {"accounts", "statuses", "hashtags"}
    async with parts.database.read() as connection:
        return {
            "accounts": await _people(connection, words, viewer, limit, offset, base) if "accounts" in wanted else [],
            "statuses": await _posts(connection, words, viewer, limit, offset, author, base)
            if "statuses" in wanted
            else [],
            "hashtags": await _tags(connection, words, limit, offset, base) if "hashtags" in wanted else [],
        }


async def _posts(
    connection: AsyncConnection, words: str, viewer: Viewer, limit: int, offset: int, author: UUID | None, base: str
) -> list[dict[str, Any]]:
    found = await search.posts(connection, words, viewer, limit, offset, author)
    return [status_entity(post, base) for post in found]


async def _people(
    connection: AsyncConnection, words: str, viewer: Viewer, limit: int, offset: int, base: str
) -> list[dict[str, Any]]:
    if not words.strip() or words.startswith("#"):
        return []
    return [account_entity(row, base) for row in await search.people(connection, words, viewer, limit, offset)]


async def _tags(connection: AsyncConnection, words: str, limit: int, offset: int, base: str) -> list[dict[str, Any]]:
    if not words.strip() or words.startswith("@"):
        return []
    found = await search.tags(connection, words, limit, offset)
    return [tag_entity(name, base) | {"history": [], "following": False} for name in found]
