"""Timelines: which posts somebody reads, page by page."""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Select,
    Uuid,
    and_,
    exists,
    false,
    lateral,
    literal,
    literal_column,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)  # fmt: skip
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import (
    Bookmark,
    Favourite,
    Follow,
    ListMember,
    MediaAttachment,
    Mute,
    Pin,
    ReadingList,
    Status,
    StatusTag,
    TagFollow,
)
from app.paging import Page
from app.posts import Post, complete, gather, listed
from app.statements import VIEWER, Statement, key, value
from app.visibility import Reader, boost_wanted_by, heard_by, names, visible_to, wanted_by

POSTS = select(Status.id, Status.reblog_of_id)
LIST = key("list_id")


@dataclass(frozen=True)
class Narrowed:
    """What a client leaves out of an account's posts."""

    only_media: bool = False
    exclude_replies: bool = False
    exclude_reblogs: bool = False
    tagged: str | None = None

    def apply(self, query: Select) -> Select:
        """Add the conditions to a query for posts."""
        if self.only_media:
            query = query.where(exists().where(MediaAttachment.status_id == Status.id))
        if self.exclude_replies:
            own = Status.in_reply_to_account_id == Status.account_id
            query = query.where(or_(Status.in_reply_to_account_id.is_(None), own))
        if self.exclude_reblogs:
            query = query.where(Status.reblog_of_id.is_(None))
        if self.tagged:
            tag = and_(StatusTag.status_id == Status.id, StatusTag.name == self.tagged.lower())
            query = query.where(exists().where(tag))
        return query


async def home(connection: AsyncConnection, reader: UUID, wanted: Page) -> list[Post]:
    """Give the posts and boosts of the accounts a person reads, and their own.

    Only the accounts with the newest posts can be on a page, so one index entry of each is looked at first, and then
    as many posts of as many accounts as the page is long: the cost grows with the follows, not with the posts.
    """
    return await _page(connection, _home(wanted.shape), reader, wanted)


@cache
def _home(wanted: Page) -> Statement:
    read = _read_by(VIEWER).cte("read")
    first = lateral(_by(read, VIEWER, wanted, 1))
    heads = select(read).join(first, true()).order_by(wanted.order(first.c.id))
    heads = heads.limit(literal_column(str(wanted.limit))).cte("heads")
    post = lateral(_by(heads, VIEWER, wanted, wanted.limit))
    by_people = select(post.c.id, post.c.reblog_of_id).select_from(heads).join(post, true())
    return _ordered(wanted, by_people.union(_by_followed_tags(VIEWER, wanted)))


async def of_list(connection: AsyncConnection, reader: UUID, row: Any, wanted: Page) -> list[Post]:
    """Give the posts and boosts of the people in a list of the reader's own (its row), as its policy on replies says."""
    return await _page(connection, _of_list(row.replies_policy, wanted.shape), reader, wanted, list_id=row.id)


@cache
def _of_list(replies_policy: str, wanted: Page) -> Statement:
    read = _members(VIEWER, LIST).cte("read")
    known = _answers_known(VIEWER) if replies_policy == "followed" else false()
    if replies_policy == "list":
        known = exists().where(ListMember.list_id == LIST, ListMember.account_id == Status.in_reply_to_account_id)
    post = lateral(_by(read, VIEWER, wanted, wanted.limit, known=known))
    return _ordered(wanted, select(post.c.id, post.c.reblog_of_id).select_from(read).join(post, true()))


def _ordered(wanted: Page, query: Any) -> Statement:
    found = query.subquery()
    return Statement(wanted.apply(select(found.c.id, found.c.reblog_of_id), found.c.id))


async def _page(
    connection: AsyncConnection, statement: Statement, viewer: UUID | None, wanted: Page, **values: Any
) -> list[Post]:
    rows = await statement.all(connection, viewer=viewer, **wanted.keys, **values)
    return wanted.newest_first(await listed(connection, rows, viewer))


def _read_by(reader: Reader) -> Any:
    elsewhere = exists().where(
        ReadingList.account_id == reader, ReadingList.exclusive,
        ListMember.list_id == ReadingList.id, ListMember.account_id == Follow.target_id,
    )  # fmt: skip
    own = select(type_coerce(reader, Uuid).label("author"), literal(True).label("boosts"))
    return union_all(_followed(reader).where(~elsewhere), own)


def _members(reader: Reader, list_id: Reader) -> Any:
    return _followed(reader).where(
        exists().where(ListMember.list_id == list_id, ListMember.account_id == Follow.target_id)
    )


def _followed(reader: Reader) -> Select:
    muted = exists().where(Mute.account_id == reader, Mute.target_id == Follow.target_id)
    query = select(Follow.target_id.label("author"), Follow.reblogs.label("boosts"))
    return query.where(Follow.account_id == reader, ~muted)


def _by_followed_tags(reader: Reader, wanted: Page) -> Any:
    query = _public(reader).join(StatusTag, StatusTag.status_id == Status.id).where(StatusTag.name == TagFollow.name)
    post = lateral(wanted.apply(query, StatusTag.status_id).correlate(TagFollow))
    found = select(post.c.id, post.c.reblog_of_id).select_from(TagFollow).join(post, true())
    return found.where(TagFollow.account_id == reader)


def _answers_known(reader: Reader) -> Any:
    return exists().where(Follow.account_id == reader, Follow.target_id == Status.in_reply_to_account_id)


def _by(read: Any, reader: Reader, wanted: Page, limit: int, known: Any = None) -> Any:
    known = _answers_known(reader) if known is None else known
    answered = Status.in_reply_to_account_id
    query = POSTS.where(
        Status.account_id == read.c.author,
        or_(Status.visibility != "direct", Status.account_id == reader, names(reader)),
        or_(Status.reblog_of_id.is_(None), read.c.boosts),
        or_(answered.is_(None), answered.in_((reader, Status.account_id)), known),
        boost_wanted_by(reader),
    )
    return wanted.apply(query, Status.id, limit).correlate(read)


async def public(
    connection: AsyncConnection, wanted: Page, viewer: UUID | None = None, *, only_media: bool = False
) -> list[Post]:
    """Give the public posts of everybody."""
    statement = _everybody(wanted.shape, anybody=viewer is None, only_media=only_media)
    return await _page(connection, statement, viewer, wanted)


@cache
def _everybody(wanted: Page, *, anybody: bool, only_media: bool) -> Statement:
    query = Narrowed(only_media=only_media).apply(_public(None if anybody else VIEWER))
    return Statement(wanted.apply(query, Status.id))


async def tagged(
    connection: AsyncConnection, name: str, wanted: Page, viewer: UUID | None = None, *, only_media: bool = False
) -> list[Post]:
    """Give the public posts with a hashtag."""
    statement = _tagged(wanted.shape, anybody=viewer is None, only_media=only_media)
    return await _page(connection, statement, viewer, wanted, tag=name.lower())


@cache
def _tagged(wanted: Page, *, anybody: bool, only_media: bool) -> Statement:
    query = _public(None if anybody else VIEWER).join(StatusTag, StatusTag.status_id == Status.id)
    query = Narrowed(only_media=only_media).apply(query.where(StatusTag.name == value("tag")))
    return Statement(wanted.apply(query, StatusTag.status_id))


async def of_account(
    connection: AsyncConnection, account_id: UUID, viewer: UUID | None, wanted: Page, narrowed: Narrowed | None = None
) -> list[Post]:
    """Give one account's posts that `viewer` may see."""
    query = POSTS.where(Status.account_id == account_id, visible_to(viewer))
    if viewer is not None:
        query = query.where(boost_wanted_by(viewer))
    query = wanted.apply((narrowed or Narrowed()).apply(query), Status.id)
    return wanted.newest_first(await complete(connection, query, viewer))


async def pinned(connection: AsyncConnection, account_id: UUID, viewer: UUID | None) -> list[Post]:
    """Give the posts that an account keeps on top, the last pinned first."""
    query = POSTS.join(Pin, Pin.status_id == Status.id).where(Pin.account_id == account_id, visible_to(viewer))
    return await complete(connection, query.order_by(Pin.id.desc()), viewer)


async def marked(
    connection: AsyncConnection, table: type[Favourite | Bookmark], reader: UUID, wanted: Page
) -> tuple[list[Post], list[UUID]]:
    """Give the posts that a person favourited or bookmarked, the last one first, and the keys of the marks."""
    query = select(table.id.label("mark"), Status.id, Status.reblog_of_id).join(Status, Status.id == table.status_id)
    query = wanted.apply(query.where(table.account_id == reader, visible_to(reader)), table.id)
    rows = wanted.newest_first((await connection.execute(query)).all())
    posts = await gather(connection, [row.id for row in rows], [row.reblog_of_id for row in rows], reader)
    return posts, [row.mark for row in rows]


def _public(viewer: Reader | None) -> Select:
    return POSTS.where(
        Status.visibility == "public",
        Status.reblog_of_id.is_(None),
        wanted_by(viewer, Status.account_id),
        heard_by(viewer, Status.account_id),
    )
