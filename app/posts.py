"""Reading posts with all that their entity needs, in two statements for any number of posts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.errors import NotFound
from app.models import (
    Account,
    Application,
    Bookmark,
    Favourite,
    Follow,
    MediaAttachment,
    Mention,
    Status,
    StatusTag,
)
from app.visibility import visible_to

EMPTY = literal_column("'[]'::jsonb")
PICTURES = select(*MediaAttachment.__table__.columns).order_by(MediaAttachment.position)
AUTHOR = (
    "id",
    "username",
    "display_name",
    "note",
    "created_at",
    "statuses",
    "last_status_at",
    "followers",
    "following",
)


@dataclass(frozen=True)
class Post:
    """A post with what its entity needs: its row, its author's part, its pictures' rows, the client's name, its original.

    The row holds the counts, what the reader did with the post, `names` as (id, username) and `tags`.
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
    query = select(Status.id, Status.reblog_of_id).where(Status.id == status_id, visible_to(viewer))
    posts = await complete(connection, query, viewer)
    if not posts:
        raise NotFound
    return posts[0]


async def complete(connection: AsyncConnection, query: Any, viewer: UUID | None) -> list[Post]:
    """Run a query for (id, reblog_of_id, ...) of posts and give the posts in its order, as `viewer` sees them."""
    rows = (await connection.execute(query)).all()
    return await gather(connection, [row.id for row in rows], [row.reblog_of_id for row in rows], viewer)


async def gather(
    connection: AsyncConnection, ids: list[UUID], originals: list[UUID | None], viewer: UUID | None
) -> list[Post]:
    """Give posts by their ids, each with the original that it boosts."""
    wanted = list(dict.fromkeys([*ids, *(original for original in originals if original)]))
    if not wanted:
        return []
    rows = (await connection.execute(_everything(), {"ids": wanted, "viewer": viewer})).all()
    pictures = await _pictures(connection, wanted)
    found = {row.id: Post(row, Author(row), pictures[row.id], row.application) for row in rows}
    pairs = zip(ids, originals, strict=True)
    return [_boost(found[key], found.get(original)) for key, original in pairs if key in found]


def _boost(post: Post, original: Post | None) -> Post:
    return Post(post.row, post.account, post.pictures, post.application, original) if original else post


@cache  # building it takes longer than running it
def _everything() -> Any:
    viewer = bindparam("viewer", type_=Status.id.type)
    return (
        select(
            *Status.__table__.columns,
            Application.name.label("application"),
            *(column.label(f"author_{column.key}") for column in _account_columns()),
            *(column.label(f"author_{name}") for name, column in account_counts(Account.id).items()),
            *(column.label(name) for name, column in _counts().items()),
            *(column.label(name) for name, column in _marks(viewer).items()),
            _names().label("names"),
            _tags().label("tags"),
        )
        .join(Account, Account.id == Status.account_id)
        .outerjoin(Application, Application.id == Status.application_id)
        .where(Status.id.in_(bindparam("ids", expanding=True)))
    )


def _account_columns() -> tuple[Any, ...]:
    return Account.id, Account.username, Account.display_name, Account.note, Account.created_at


def account_counts(account_id: Any) -> dict[str, ColumnElement[Any]]:
    """Give the counts of an account as columns; each is counted from an index, so nothing has to be kept in step."""
    post = aliased(Status)
    mine = post.account_id == account_id
    newest = select(post.created_at).where(mine).order_by(post.id.desc()).limit(1)
    return {
        "statuses": select(func.count()).where(mine).correlate(Account).scalar_subquery(),
        "last_status_at": newest.correlate(Account).scalar_subquery(),
        "followers": select(func.count()).where(Follow.target_id == account_id).correlate(Account).scalar_subquery(),
        "following": select(func.count()).where(Follow.account_id == account_id).correlate(Account).scalar_subquery(),
    }


def _counts() -> dict[str, ColumnElement[Any]]:
    reply, boost = aliased(Status), aliased(Status)
    conditions = {
        "replies": reply.in_reply_to_id == Status.id,
        "boosts": boost.reblog_of_id == Status.id,
        "favourites": Favourite.status_id == Status.id,
    }
    return {
        name: select(func.count()).where(condition).correlate(Status).scalar_subquery()
        for name, condition in conditions.items()
    }


def _marks(viewer: Any) -> dict[str, ColumnElement[bool]]:
    boost = aliased(Status)
    conditions = {
        "favourited": (Favourite.account_id == viewer, Favourite.status_id == Status.id),
        "reblogged": (boost.account_id == viewer, boost.reblog_of_id == Status.id),
        "bookmarked": (Bookmark.account_id == viewer, Bookmark.status_id == Status.id),
    }
    return {name: select(1).where(*both).correlate(Status).exists() for name, both in conditions.items()}


def _names() -> ColumnElement[Any]:
    person = aliased(Account)
    pair = func.jsonb_build_array(person.id, person.username)
    named = select(func.coalesce(func.jsonb_agg(aggregate_order_by(pair, person.username)), EMPTY)).select_from(Mention)
    joined = named.join(person, person.id == Mention.account_id).where(Mention.status_id == Status.id)
    return joined.correlate(Status).scalar_subquery()


def _tags() -> ColumnElement[Any]:
    tags = func.jsonb_agg(aggregate_order_by(StatusTag.name, StatusTag.name))
    query = select(func.coalesce(tags, EMPTY)).where(StatusTag.status_id == Status.id)
    return query.correlate(Status).scalar_subquery()


async def _pictures(connection: AsyncConnection, status_ids: list[UUID]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in await connection.execute(PICTURES.where(MediaAttachment.status_id.in_(status_ids))):
        found[row.status_id].append(row)
    return found
