"""Timelines: which posts somebody reads, page by page."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, false, lateral, literal, or_, select, true, union_all
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
from app.posts import Post, complete, gather
from app.visibility import boost_wanted_by, heard_by, names, visible_to, wanted_by

POSTS = select(Status.id, Status.reblog_of_id)


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
    read = _read_by(reader).cte("read")
    first = lateral(_by(read, reader, wanted, 1))
    heads = select(read).join(first, true()).order_by(wanted.order(first.c.id)).limit(wanted.limit).cte("heads")
    post = lateral(_by(heads, reader, wanted, wanted.limit))
    by_people = select(post.c.id, post.c.reblog_of_id).select_from(heads).join(post, true())
    return await _page_of(connection, reader, wanted, by_people.union(_by_followed_tags(reader, wanted)))


async def of_list(connection: AsyncConnection, reader: UUID, listed: Any, wanted: Page) -> list[Post]:
    """Give the posts and boosts of the people in a list of the reader's own (its row), as its policy on replies says."""
    read = _members(reader, listed.id).cte("read")
    known = _answers_known(reader) if listed.replies_policy == "followed" else None
    if listed.replies_policy == "list":
        known = exists().where(ListMember.list_id == listed.id, ListMember.account_id == Status.in_reply_to_account_id)
    post = lateral(_by(read, reader, wanted, wanted.limit, known=false() if known is None else known))
    query = select(post.c.id, post.c.reblog_of_id).select_from(read).join(post, true())
    return await _page_of(connection, reader, wanted, query)


async def _page_of(connection: AsyncConnection, reader: UUID, wanted: Page, query: Any) -> list[Post]:
    found = query.subquery()
    ordered = wanted.apply(select(found.c.id, found.c.reblog_of_id), found.c.id)
    return wanted.newest_first(await complete(connection, ordered, reader))


def _read_by(reader: UUID) -> Any:
    elsewhere = exists().where(
        ReadingList.account_id == reader, ReadingList.exclusive,
        ListMember.list_id == ReadingList.id, ListMember.account_id == Follow.target_id,
    )  # fmt: skip
    own = select(literal(reader).label("author"), literal(True).label("boosts"))
    return union_all(_followed(reader).where(~elsewhere), own)


def _members(reader: UUID, list_id: UUID) -> Any:
    return _followed(reader).where(
        exists().where(ListMember.list_id == list_id, ListMember.account_id == Follow.target_id)
    )


def _followed(reader: UUID) -> Select:
    muted = exists().where(Mute.account_id == reader, Mute.target_id == Follow.target_id)
    query = select(Follow.target_id.label("author"), Follow.reblogs.label("boosts"))
    return query.where(Follow.account_id == reader, ~muted)


def _by_followed_tags(reader: UUID, wanted: Page) -> Any:
    query = _public(reader).join(StatusTag, StatusTag.status_id == Status.id).where(StatusTag.name == TagFollow.name)
    post = lateral(wanted.apply(query, StatusTag.status_id).correlate(TagFollow))
    found = select(post.c.id, post.c.reblog_of_id).select_from(TagFollow).join(post, true())
    return found.where(TagFollow.account_id == reader)


def _answers_known(reader: UUID) -> Any:
    return exists().where(Follow.account_id == reader, Follow.target_id == Status.in_reply_to_account_id)


def _by(read: Any, reader: UUID, wanted: Page, limit: int, known: Any = None) -> Any:
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
    return await _posts(connection, wanted, viewer, Narrowed(only_media=only_media).apply(_public(viewer)))


async def tagged(
    connection: AsyncConnection, name: str, wanted: Page, viewer: UUID | None = None, *, only_media: bool = False
) -> list[Post]:
    """Give the public posts with a hashtag."""
    query = _public(viewer).join(StatusTag, StatusTag.status_id == Status.id).where(StatusTag.name == name.lower())
    found = wanted.apply(Narrowed(only_media=only_media).apply(query), StatusTag.status_id)
    return wanted.newest_first(await complete(connection, found, viewer))


async def of_account(
    connection: AsyncConnection, account_id: UUID, viewer: UUID | None, wanted: Page, narrowed: Narrowed | None = None
) -> list[Post]:
    """Give one account's posts that `viewer` may see."""
    query = POSTS.where(Status.account_id == account_id, visible_to(viewer))
    if viewer is not None:
        query = query.where(boost_wanted_by(viewer))
    return await _posts(connection, wanted, viewer, (narrowed or Narrowed()).apply(query))


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


def _public(viewer: UUID | None) -> Select:
    return POSTS.where(
        Status.visibility == "public",
        Status.reblog_of_id.is_(None),
        wanted_by(viewer, Status.account_id),
        heard_by(viewer, Status.account_id),
    )


async def _posts(connection: AsyncConnection, wanted: Page, viewer: UUID | None, query: Select) -> list[Post]:
    return wanted.newest_first(await complete(connection, wanted.apply(query, Status.id), viewer))
