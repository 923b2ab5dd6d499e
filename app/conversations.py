"""Conversations: direct posts, kept together by thread for each of those who take part."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app import accounts
from app.errors import NotFound
from app.ids import new_id
from app.models import Conversation, Status
from app.paging import Page
from app.posts import Post, gather

COLUMNS = Conversation.__table__.columns
EVERYBODY = literal_column("ARRAY(SELECT DISTINCT unnest(conversation.participants || excluded.participants))")


@dataclass(frozen=True)
class Talk:
    """A conversation with what its entity needs: its row, the other people, the last post."""

    row: Any
    people: list[Any]
    last: Post | None


async def thread_of(connection: AsyncConnection, status_id: UUID, answered: UUID | None) -> UUID:
    """Name the conversation of a direct post: that of the direct post it answers, else a new one, named after it."""
    known = answered and await connection.scalar(select(Status.conversation_id).where(Status.id == answered))
    return known or status_id


async def record(
    connection: AsyncConnection, author: UUID, status_id: UUID, thread_id: UUID, people: set[UUID]
) -> None:
    """Put a direct post on top of the conversation of its author and of everybody it names."""
    everybody = people | {author}
    for person in sorted(everybody):
        others = sorted(everybody - {person})
        row = insert(Conversation).values(
            id=new_id(), account_id=person, thread_id=thread_id, participants=others, last_status_id=status_id,
            unread=person != author,
        )  # fmt: skip
        newer = {"last_status_id": status_id, "unread": row.excluded.unread, "participants": EVERYBODY}
        await connection.execute(row.on_conflict_do_update(constraint="conversation_once", set_=newer))


async def forget(connection: AsyncConnection, status_id: UUID, thread_id: UUID) -> None:
    """Show the post before a deleted one as the last of its conversation; without one the conversation is gone."""
    before = select(Status.id).where(Status.conversation_id == thread_id, Status.id != status_id)
    newest = before.order_by(Status.id.desc()).limit(1).scalar_subquery()
    mine = (Conversation.thread_id == thread_id, Conversation.last_status_id == status_id)
    await connection.execute(update(Conversation).where(*mine).values(last_status_id=newest))


async def listed(connection: AsyncConnection, reader: UUID, wanted: Page) -> list[Talk]:
    """Give a person's conversations, the one with the newest post first."""
    query = select(*COLUMNS).where(Conversation.account_id == reader, Conversation.last_status_id.is_not(None))
    rows = (await connection.execute(wanted.apply(query, Conversation.last_status_id))).all()
    return await _complete(connection, reader, wanted.newest_first(rows))


async def ending_with(connection: AsyncConnection, reader: UUID, status_ids: Collection[UUID]) -> list[Talk]:
    """Give a person's conversations whose last post is one of these, the oldest first."""
    query = select(*COLUMNS).where(Conversation.account_id == reader, Conversation.last_status_id.in_(status_ids))
    rows = await connection.execute(query.order_by(Conversation.last_status_id))
    return await _complete(connection, reader, rows.all())


async def read(connection: AsyncConnection, reader: UUID, conversation_id: UUID, *, unread: bool = False) -> Talk:
    """Mark a conversation as read, or as unread, in a durable transaction and give it; raises NotFound."""
    mine = (Conversation.id == conversation_id, Conversation.account_id == reader)
    change = update(Conversation).where(*mine).values(unread=unread).returning(*COLUMNS)
    found = await _complete(connection, reader, (await connection.execute(change)).all())
    if not found:
        raise NotFound
    return found[0]


async def remove(connection: AsyncConnection, reader: UUID, conversation_id: UUID) -> None:
    """Take a conversation out of a person's list; its posts stay."""
    mine = delete(Conversation).where(Conversation.id == conversation_id, Conversation.account_id == reader)
    await connection.execute(mine)


async def _complete(connection: AsyncConnection, reader: UUID, rows: Any) -> list[Talk]:
    people = await accounts.many(connection, {person for row in rows for person in row.participants})
    ids = [row.last_status_id for row in rows if row.last_status_id]
    posts = {post.row.id: post for post in await gather(connection, ids, [None] * len(ids), reader)}
    return [
        Talk(row, [people[one] for one in row.participants if one in people], posts.get(row.last_status_id))
        for row in rows
    ]
