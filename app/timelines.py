"""Timelines by keyset: a page costs the same however many posts there are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request
from sqlalchemy import Select, exists
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import NotFound, Unprocessable
from app.ids import from_api, to_api
from app.models import MediaAttachment, Status
from app.statuses import Post, complete, everything

DEFAULT_LIMIT = 20
MAX_LIMIT = 40


@dataclass(frozen=True)
class Page:
    """Which part of a timeline: older than `max_id`, newer than `since_id` (newest first) or right after `min_id`."""

    limit: int = DEFAULT_LIMIT
    max_id: UUID | None = None
    since_id: UUID | None = None
    min_id: UUID | None = None

    def apply(self, query: Select[Any], key: Any) -> Select[Any]:
        """Add the conditions, the order and the limit to a query ordered by `key`."""
        if self.max_id is not None:
            query = query.where(key < self.max_id)
        if self.since_id is not None:
            query = query.where(key > self.since_id)
        if self.min_id is not None:
            query = query.where(key > self.min_id)
        return query.order_by(key if self.min_id is not None else key.desc()).limit(self.limit)


async def page(
    limit: Annotated[int, Query(ge=1)] = DEFAULT_LIMIT,
    max_id: str | None = None,
    since_id: str | None = None,
    min_id: str | None = None,
) -> Page:
    """Read a page from the query; a limit above 40 means 40, an id that is none is Unprocessable."""
    keys = {"max_id": max_id, "since_id": since_id, "min_id": min_id}
    return Page(min(limit, MAX_LIMIT), **{name: _key(name, value) for name, value in keys.items() if value})


PageOf = Annotated[Page, Depends(page)]


async def home(connection: AsyncConnection, account_id: UUID, wanted: Page) -> list[Post]:
    """Give the posts of the accounts a person reads: so far their own."""
    return await _posts(connection, wanted, lambda query: query.where(Status.account_id == account_id))


async def public(connection: AsyncConnection, wanted: Page, *, only_media: bool = False) -> list[Post]:
    """Give the public posts of everybody."""
    with_picture = exists().where(MediaAttachment.status_id == Status.id)

    def narrow(query: Select[Any]) -> Select[Any]:
        query = query.where(Status.visibility == "public")
        return query.where(with_picture) if only_media else query

    return await _posts(connection, wanted, narrow)


async def of_account(connection: AsyncConnection, account_id: UUID, viewer: UUID | None, wanted: Page) -> list[Post]:
    """Give one account's posts that `viewer` may see."""
    shown = ("public", "unlisted", "private", "direct") if viewer == account_id else ("public", "unlisted")

    def narrow(query: Select[Any]) -> Select[Any]:
        return query.where(Status.account_id == account_id, Status.visibility.in_(shown))

    return await _posts(connection, wanted, narrow)


async def _posts(connection: AsyncConnection, wanted: Page, narrow: Callable[[Select[Any]], Select[Any]]) -> list[Post]:
    posts = await complete(connection, wanted.apply(narrow(everything()), Status.id))
    return posts[::-1] if wanted.min_id is not None else posts


def link_header(request: Request, base: str, ids: list[UUID]) -> dict[str, str]:
    """Give the Link header to the next (older) and previous (newer) page; none for an empty page."""
    if not ids:
        return {}
    kept = [(name, value) for name, value in request.query_params.multi_items() if not name.endswith("_id")]

    def link(name: str, key: UUID, relation: str) -> str:
        return f'<{base}{request.url.path}?{urlencode([*kept, (name, to_api(key))])}>; rel="{relation}"'

    return {"Link": f"{link('max_id', ids[-1], 'next')}, {link('min_id', ids[0], 'prev')}"}


def _key(name: str, value: str) -> UUID:
    try:
        return from_api(value)
    except NotFound:
        raise Unprocessable(f"{name} is not an id of this server.") from None
