"""Pages by keyset: a page costs the same however many rows there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy import Select, literal_column

from app.address import base_of
from app.errors import NotFound, Unprocessable
from app.ids import from_api, to_api
from app.statements import key

DEFAULT_LIMIT = 20
MAX_LIMIT = 40


# In place of the keys of a page when its statement is built.
PARAMETERS: dict[str, Any] = {name: key(name) for name in ("max_id", "since_id", "min_id")}


@dataclass(frozen=True)
class Page:
    """Which part of a list: older than `max_id`, newer than `since_id` (newest first) or right after `min_id`."""

    limit: int = DEFAULT_LIMIT
    max_id: UUID | None = None
    since_id: UUID | None = None
    min_id: UUID | None = None

    @property
    def shape(self) -> "Page":
        """Give this page with parameters for its keys: all pages of one shape are asked for by one statement."""
        return Page(self.limit, *(value and PARAMETERS[name] for name, value in self.keys.items()))

    @property
    def keys(self) -> dict[str, UUID | None]:
        """Give the keys by their names, as a statement for its shape takes them."""
        return {"max_id": self.max_id, "since_id": self.since_id, "min_id": self.min_id}

    def apply(self, query: Select, key: Any, limit: int | None = None) -> Select:
        """Add the conditions, the order and the limit to a query ordered by `key`."""
        if self.max_id is not None:
            query = query.where(key < self.max_id)
        if self.since_id is not None:
            query = query.where(key > self.since_id)
        if self.min_id is not None:
            query = query.where(key > self.min_id)
        return query.order_by(self.order(key)).limit(literal_column(str(limit or self.limit)))

    def order(self, key: Any) -> Any:
        """Give the order in which a database walks this page."""
        return key if self.min_id is not None else key.desc()

    def newest_first(self, found: Sequence[Any]) -> list[Any]:
        """Turn what the database gave into the order that a client reads."""
        return list(found[::-1] if self.min_id is not None else found)


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


def linked(request: Request, response: Response, ids: Sequence[UUID]) -> None:
    """Add the Link header to the next (older) and previous (newer) page; none for an empty page."""
    if not ids:
        return
    kept = [(name, value) for name, value in request.query_params.multi_items() if not _is_cursor(name)]

    def link(name: str, key: UUID, relation: str) -> str:
        query = urlencode([*kept, (name, to_api(key))])
        return f'<{base_of(request)}{request.url.path}?{query}>; rel="{relation}"'

    response.headers["Link"] = f"{link('max_id', ids[-1], 'next')}, {link('min_id', ids[0], 'prev')}"


def _is_cursor(name: str) -> bool:
    return name in {"max_id", "since_id", "min_id"}


def _key(name: str, value: str) -> UUID:
    try:
        return from_api(value)
    except NotFound:
        raise Unprocessable(f"{name} is not an id of this server.") from None
