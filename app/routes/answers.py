"""Answers that several groups of routes give: pages of posts and of people, with their Link header."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from app.address import base_of
from app.entities import account_entity, status_entity
from app.paging import linked
from app.posts import Post


def posts_page(
    found: list[Post], request: Request, response: Response, keys: list[UUID] | None = None
) -> list[dict[str, Any]]:
    """Give a page of posts; `keys` are what the page is ordered by, when that is not the posts themselves."""
    linked(request, response, [post.row.id for post in found] if keys is None else keys)
    base = base_of(request)
    return [status_entity(post, base) for post in found]


def people_page(found: Iterable[Any], request: Request, response: Response, keys: list[UUID]) -> list[dict[str, Any]]:
    """Give a page of accounts, ordered by `keys`."""
    linked(request, response, keys)
    base = base_of(request)
    return [account_entity(row, base) for row in found]
