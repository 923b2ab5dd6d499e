"""Reading posts with all that their entity needs, in two statements for any number of posts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import any_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import NotFound
from app.models import MediaAttachment, Status
from app.post_columns import AUTHOR, everything
from app.statements import VIEWER, Statement, key, keys
from app.visibility import visible_to

PICTURES = Statement(
    select(*MediaAttachment.__table__.columns)
    .where(MediaAttachment.status_id == any_(keys("ids")))
    .order_by(MediaAttachment.position)
)


@dataclass(frozen=True)
class Post:
    """A post with what its entity needs: its row, its author's part, its pictures' rows, the client's name, its original.

    The row holds the counts, what the reader did with the post, `names` as (id, username), `tags`, `poll` and `filtered`.
    """

    row: Any
    account: Any
    pictures: Sequence[Any]
    application: str | None
    original: "Post | None" = None


class Author:
    """The author's part of a joined row, under the names of the account table, with the counts of the account."""

    __slots__ = AUTHOR

    def __init__(self, row: Any) -> None:
        for name in AUTHOR:
            setattr(self, name, getattr(row, f"author_{name}"))


async def load(connection: AsyncConnection, status_id: UUID, viewer: UUID | None) -> Post:
    """Give one post that `viewer` may see; raises NotFound."""
    rows = await _visible(anybody=viewer is None).all(connection, status=status_id, viewer=viewer)
    posts = await listed(connection, rows, viewer)
    if not posts:
        raise NotFound
    return posts[0]


@cache
def _visible(*, anybody: bool) -> Statement:
    viewer = None if anybody else VIEWER
    return Statement(select(Status.id, Status.reblog_of_id).where(Status.id == key("status"), visible_to(viewer)))


async def visible(connection: AsyncConnection, status_ids: Sequence[UUID], viewer: UUID | None) -> dict[UUID, Post]:
    """Give by their ids those of some posts that `viewer` may see."""
    query = select(Status.id, Status.reblog_of_id).where(Status.id.in_(status_ids), visible_to(viewer))
    return {post.row.id: post for post in await complete(connection, query, viewer)}


async def complete(connection: AsyncConnection, query: Any, viewer: UUID | None) -> list[Post]:
    """Run a query for (id, reblog_of_id, ...) of posts and give the posts in its order, as `viewer` sees them."""
    return await listed(connection, (await connection.execute(query)).all(), viewer)


async def listed(connection: AsyncConnection, rows: Sequence[Any], viewer: UUID | None) -> list[Post]:
    """Give the posts of rows (id, reblog_of_id, ...) in their order, as `viewer` sees them."""
    return await gather(connection, [row.id for row in rows], [row.reblog_of_id for row in rows], viewer)


async def gather(
    connection: AsyncConnection, ids: list[UUID], originals: list[UUID | None], viewer: UUID | None
) -> list[Post]:
    """Give posts by their ids, each with the original that it boosts."""
    wanted = list(dict.fromkeys([*ids, *(original for original in originals if original)]))
    if not wanted:
        return []
    rows = await everything().all(connection, ids=wanted, viewer=viewer)
    pictures = await _pictures(connection, wanted)
    found = {row.id: Post(row, Author(row), pictures[row.id], row.application) for row in rows}
    pairs = zip(ids, originals, strict=True)
    return [_boost(found[key], found.get(original)) for key, original in pairs if key in found]


def _boost(post: Post, original: Post | None) -> Post:
    return Post(post.row, post.account, post.pictures, post.application, original) if original else post


async def _pictures(connection: AsyncConnection, status_ids: list[UUID]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in await PICTURES.all(connection, ids=status_ids):
        found[row.status_id].append(row)
    return found
