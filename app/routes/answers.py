"""The answer that every list gives: one page of it, with the Link header to the pages beside it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response

from app.address import base_of
from app.entities import account_entity, status_entity
from app.paging import Page, PageOf, linked
from app.posts import Post


@dataclass(frozen=True)
class Listing:
    """The page that a client asked for, and how it is answered."""

    page: Page
    request: Request
    response: Response

    def give(self, found: Iterable[Any], entity: Callable[[Any, str], Any], keys: Sequence[UUID]) -> list[Any]:
        """Give what was found as entities; `keys` are what the list is ordered by."""
        linked(self.request, self.response, keys)
        base = base_of(self.request)
        return [entity(one, base) for one in found]

    def posts(self, found: Sequence[Post], keys: Sequence[UUID] | None = None) -> list[dict[str, Any]]:
        """Give posts, ordered by themselves or by `keys`."""
        return self.give(found, status_entity, [post.row.id for post in found] if keys is None else keys)

    def people(self, found: Iterable[Any], keys: Sequence[UUID]) -> list[dict[str, Any]]:
        """Give accounts, ordered by `keys`."""
        return self.give(found, account_entity, keys)


async def listing(request: Request, response: Response, page: PageOf) -> Listing:
    """Hand a route the page of its list."""
    return Listing(page, request, response)


ListingOf = Annotated[Listing, Depends(listing)]
