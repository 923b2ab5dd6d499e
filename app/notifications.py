"""What a person is told of: who mentioned, followed, favourited or boosted them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app import accounts, subscriptions
from app.errors import NotFound
from app.ids import new_id
from app.models import Mute, Notification
from app.paging import Page
from app.posts import Post, gather
from app.visibility import blocked_by, heard_by

# What somebody did, as it is told to the person it concerns.
TOLD = {
    "mention": "mentioned you",
    "status": "posted",
    "follow": "follows you now",
    "follow_request": "asks to follow you",
    "favourite": "likes your post",
    "reblog": "boosted your post",
    "poll": "asked a poll that has ended",
    "update": "changed a post that you boosted",
}
KINDS = tuple(TOLD)


@dataclass(frozen=True)
class Notice:
    """A notification with what its entity needs: its row, the one who caused it, the post it is about."""

    row: Any
    account: Any
    post: Post | None


async def notify(
    connection: AsyncConnection,
    kind: str,
    sender: UUID,
    receivers: Iterable[UUID],
    status_id: UUID | None = None,
    *,
    also_sender: bool = False,
) -> None:
    """Write one notification for each receiver, who is not the sender, in the transaction of what it tells of.

    Who wishes to be told by a push service is promised it there too.
    """
    rows = [
        {"id": new_id(), "kind": kind, "account_id": receiver, "from_account_id": sender, "status_id": status_id}
        for receiver in receivers
        if also_sender or receiver != sender
    ]
    if rows:
        await connection.execute(insert(Notification), rows)
        await subscriptions.promise_all(connection, kind, sender, rows)


async def take_back(
    connection: AsyncConnection, kind: str, sender: UUID, receiver: UUID, status_id: UUID | None
) -> None:
    """Delete the notification of something that was undone."""
    about = Notification.status_id.is_not_distinct_from(status_id)
    both = (Notification.from_account_id == sender, Notification.account_id == receiver)
    await connection.execute(delete(Notification).where(*both, Notification.kind == kind, about))


async def listed(
    connection: AsyncConnection, reader: UUID, wanted: Page, kinds: Iterable[str], sender: UUID | None = None
) -> list[Notice]:
    """Give a page of a person's notifications of these kinds, newest first: four statements, however many there are."""
    query = select(*Notification.__table__.columns).where(_told(reader), Notification.kind.in_(list(kinds)))
    if sender is not None:
        query = query.where(Notification.from_account_id == sender)
    rows = wanted.newest_first((await connection.execute(wanted.apply(query, Notification.id))).all())
    return await _complete(connection, reader, rows)


async def one(connection: AsyncConnection, reader: UUID, notification_id: UUID) -> Notice:
    """Give one notification of a person; raises NotFound."""
    found = await these(connection, reader, [notification_id])
    if not found:
        raise NotFound
    return found[0]


async def these(connection: AsyncConnection, reader: UUID, wanted: Sequence[UUID]) -> list[Notice]:
    """Give some notifications of a person, the oldest first; one that was taken back, or is muted, is left out."""
    query = select(*Notification.__table__.columns).where(_told(reader), Notification.id.in_(wanted))
    return await _complete(connection, reader, (await connection.execute(query.order_by(Notification.id))).all())


async def dismiss(connection: AsyncConnection, reader: UUID, notification_id: UUID | None = None) -> None:
    """Delete one notification of a person, or all of them."""
    mine = delete(Notification).where(Notification.account_id == reader)
    if notification_id is not None:
        mine = mine.where(Notification.id == notification_id)
    await connection.execute(mine)


def _told(reader: UUID) -> ColumnElement[bool]:
    sender = Notification.__table__.c.from_account_id
    muted = select(Mute.id).where(Mute.account_id == reader, Mute.target_id == sender, Mute.notifications).exists()
    return (Notification.account_id == reader) & ~muted & ~blocked_by(reader, sender) & heard_by(reader, sender)


async def _complete(connection: AsyncConnection, reader: UUID, rows: Iterable[Any]) -> list[Notice]:
    rows = list(rows)
    people = await accounts.many(connection, {row.from_account_id for row in rows})
    about = list({row.status_id for row in rows if row.status_id})
    posts = {post.row.id: post for post in await gather(connection, about, [None] * len(about), reader)}
    return [Notice(row, people[row.from_account_id], posts.get(row.status_id)) for row in rows]
