"""Live updates: one look at the newest rows a process, while anybody listens, told to those whom they concern.

Rows are found by their keys, which are in time order. A row is seen only when its transaction has ended, which may be
after younger ones, so the last seconds are looked at again and again and each key is told once. It works on every
site, as the rows are replicated; and when another site becomes the primary all streams end, so that clients connect
anew to where the app's name leads then.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Select, literal, null, select, union, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from app import notifications, posts, reading_lists, streams, timelines
from app.database import DATABASE_ERRORS, Database
from app.entities import status_entity
from app.errors import LifeboatError, NotFound, Unavailable
from app.fence import CachedLease
from app.ids import from_parts, to_api
from app.models import (
    AccessToken,
    Follow,
    ListMember,
    Mention,
    Notification,
    ReadingList,
    Status,
    StatusTag,
    StreamEvent,
    TagFollow,
)
from app.notification_entities import notification_entity
from app.paging import MAX_LIMIT, Page
from app.posts import Post

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.25
WINDOW_SECONDS = 15.0  # longer than a statement may run
HEARTBEAT_SECONDS = 15.0
MAX_STREAMS = 2000  # of one process
MAX_WAITING = 200  # events that a slow client has not taken; more end its stream

NEW = "update"
NOTICE = "notification"


@dataclass(frozen=True)
class Channel:
    """What a client listens to: `user`, `user:notification`, `public`, `hashtag` (a tag) or `list` (its key)."""

    kind: str
    viewer: UUID | None = None
    tag: str = ""
    list_id: UUID | None = None
    only_media: bool = False

    @property
    def of_person(self) -> bool:
        """Say whether it concerns one person alone."""
        return self.kind in {"user", "list"}


@dataclass(frozen=True)
class Found:
    """A new row: what happened (`kind`), its key, the post and its author, and for a notification its receiver."""

    kind: str
    key: UUID
    status_id: UUID | None
    author: UUID
    public: bool
    receiver: UUID | None


@dataclass(eq=False)
class Listener:
    """One open stream."""

    channel: Channel
    base: str
    token_id: UUID | None
    events: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(MAX_WAITING))

    def send(self, event: str, payload: str) -> None:
        """Queue an event; a client that takes nothing is let go."""
        if self.events.full():
            self.end()
        else:
            self.events.put_nowait(f"event: {event}\ndata: {payload}\n\n")

    def end(self) -> None:
        """End the stream, at once."""
        while not self.events.empty():
            self.events.get_nowait()
        self.events.put_nowait(None)


class Hub:
    """All streams of one process."""

    def __init__(self, database: Database, lease: CachedLease) -> None:
        self._database = database
        self._lease = lease
        self._listeners: set[Listener] = set()
        self._told: dict[UUID, float] = {}
        self._epoch: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def count(self) -> int:
        """How many streams are open."""
        return len(self._listeners)

    async def listen(self, channel: Channel, base: str, token_id: UUID | None = None) -> AsyncIterator[str]:
        """Give the events of a channel as server-sent events, with a heartbeat; raises Unavailable for too many streams.

        A stream ends when its token is revoked, when another site becomes the primary, and when the process drains.
        """
        if self._closed or len(self._listeners) >= MAX_STREAMS:
            raise Unavailable("This process takes no more streams; connect again in a moment.", 5)
        listener = Listener(channel, base, token_id)
        if not self._listeners or self._task is None or self._task.done():
            await self._begin()
        self._listeners.add(listener)
        return self._events(listener)

    def end_all(self) -> None:
        """End every stream; clients connect anew."""
        for listener in list(self._listeners):
            listener.end()

    async def close(self) -> None:
        """End every stream for good and stop looking."""
        self._closed = True
        self.end_all()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _events(self, listener: Listener) -> AsyncIterator[str]:
        try:
            yield ":)\n\n"
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        event = await listener.events.get()
                except TimeoutError:
                    event = ":thump\n\n"
                if event is None:
                    return
                yield event
        finally:
            self._listeners.discard(listener)

    async def _begin(self) -> None:
        """Take what is there now as told, and begin to look."""
        self._epoch = (await self._lease.read()).epoch
        async with self._database.read() as connection:
            self._told |= dict.fromkeys([found.key for found in await _newest(connection)], time.monotonic())
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look(), name="streams")
            self._task.add_done_callback(lambda _: self.end_all())

    async def _look(self) -> None:
        checked = time.monotonic()
        while self._listeners:
            try:
                if (await self._lease.read()).epoch != self._epoch:
                    return
                await self._look_once()
                if time.monotonic() - checked > HEARTBEAT_SECONDS:
                    await self._end_revoked()
                    checked = time.monotonic()
            except (*DATABASE_ERRORS, LifeboatError) as error:
                log.warning("streams wait: %s", str(error).partition("\n")[0])
            await asyncio.sleep(PAUSE_SECONDS)

    async def _end_revoked(self) -> None:
        """End the streams whose token is good no longer."""
        held = {listener.token_id for listener in self._listeners if listener.token_id}
        async with self._database.read() as connection:
            good = set(await connection.scalars(select(AccessToken.id).where(AccessToken.id.in_(held))))
        for listener in list(self._listeners):
            if listener.token_id and listener.token_id not in good:
                listener.end()

    async def _look_once(self) -> None:
        now = time.monotonic()
        async with self._database.read() as connection:
            fresh = [found for found in await _newest(connection) if found.key not in self._told]
            self._told |= dict.fromkeys([found.key for found in fresh], now)
            if fresh:
                await _tell(connection, list(self._listeners), fresh)
        self._told = {key: at for key, at in self._told.items() if now - at < 2 * WINDOW_SECONDS}


async def _newest(connection: AsyncConnection) -> list[Found]:
    """Give the rows of the last seconds, the oldest first: three ranges of primary keys."""
    since = from_parts(int((time.time() - WINDOW_SECONDS) * 1000), 0, 0)
    public, nobody = Status.visibility == "public", null()
    made = select(literal(NEW), Status.id, Status.id, Status.account_id, public, nobody).where(Status.id > since)
    notice = (Notification.id, Notification.status_id, Notification.from_account_id)
    told = select(literal(NOTICE), *notice, literal(False), Notification.account_id).where(Notification.id > since)
    event = (StreamEvent.kind, StreamEvent.id, StreamEvent.status_id, StreamEvent.author_id, StreamEvent.public)
    changed = select(*event, nobody).where(StreamEvent.id > since)
    rows = [Found(*row) for row in await connection.execute(union_all(made, told, changed))]
    return sorted(rows, key=lambda found: found.key)


async def _tell(connection: AsyncConnection, listeners: list[Listener], fresh: list[Found]) -> None:
    concerned = await _concerned(connection, listeners, fresh)
    made = {found.key for found in fresh if found.kind == NEW}
    for listener in listeners:
        channel = listener.channel
        if channel.kind in {"user", "user:notification"}:
            await _tell_notices(connection, listener, fresh)
        if channel.kind == "user:notification" or (channel.of_person and channel.viewer not in concerned):
            continue
        if made:
            for post in reversed(await _posts(connection, channel, min(made))):
                if post.row.id in made:
                    listener.send(NEW, json.dumps(status_entity(post, listener.base)))
        await _tell_changes(connection, listener, fresh)


async def _concerned(connection: AsyncConnection, listeners: list[Listener], fresh: list[Found]) -> set[UUID | None]:
    """Name the people whose own timelines may hold something of this, in one statement for all of them."""
    people = {listener.channel.viewer for listener in listeners if listener.channel.of_person}
    authors = {found.author for found in fresh if found.kind != NOTICE}
    if not people or not authors:
        return set()
    keys = [found.status_id for found in fresh if found.status_id]
    readers = union(
        select(Follow.account_id).where(Follow.target_id.in_(authors), Follow.account_id.in_(people)),
        select(Mention.account_id).where(Mention.status_id.in_(keys), Mention.account_id.in_(people)),
        _by_tag(keys).where(TagFollow.account_id.in_(people)),
    )
    return {*(people & authors), *await connection.scalars(readers)}


def _by_tag(status_ids: list[UUID]) -> Select:
    query = select(TagFollow.account_id).join(StatusTag, StatusTag.name == TagFollow.name)
    return query.where(StatusTag.status_id.in_(status_ids))


async def _posts(connection: AsyncConnection, channel: Channel, oldest: UUID) -> list[Post]:
    """Give the newest posts of a channel's timeline: what it shows is decided in one place."""
    page = Page(MAX_LIMIT, since_id=UUID(int=oldest.int - 1))
    if channel.kind == "user":
        assert channel.viewer is not None
        return await timelines.home(connection, channel.viewer, page)
    if channel.kind == "list":
        assert channel.viewer is not None
        assert channel.list_id is not None
        try:
            listed = await reading_lists.one(connection, channel.viewer, channel.list_id)
        except NotFound:
            return []
        return await timelines.of_list(connection, channel.viewer, listed, page)
    if channel.kind == "hashtag":
        return await timelines.tagged(connection, channel.tag, page, channel.viewer, only_media=channel.only_media)
    return await timelines.public(connection, page, channel.viewer, only_media=channel.only_media)


async def _tell_notices(connection: AsyncConnection, listener: Listener, fresh: Iterable[Found]) -> None:
    viewer = listener.channel.viewer
    assert viewer is not None
    for found in fresh:
        if found.kind != NOTICE or found.receiver != viewer:
            continue
        try:
            notice = await notifications.one(connection, viewer, found.key)
        except NotFound:  # taken back, or from somebody who is muted
            continue
        listener.send(NOTICE, json.dumps(notification_entity(notice, listener.base)))


async def _tell_changes(connection: AsyncConnection, listener: Listener, fresh: Iterable[Found]) -> None:
    """Tell of deletions and edits: in a person's own channel those that concern them, elsewhere the public ones."""
    channel = listener.channel
    for found in fresh:
        if found.kind in {NEW, NOTICE} or found.status_id is None or not (channel.of_person or found.public):
            continue
        if channel.kind == "list" and not await _is_member(connection, channel, found.author):
            continue
        if found.kind == streams.DELETED:
            listener.send(found.kind, to_api(found.status_id))
            continue
        try:
            post = await posts.load(connection, found.status_id, channel.viewer)
        except NotFound:
            continue
        if channel.kind != "hashtag" or channel.tag in post.row.tags:
            listener.send(found.kind, json.dumps(status_entity(post, listener.base)))


async def _is_member(connection: AsyncConnection, channel: Channel, author: UUID) -> bool:
    query = select(ListMember.id).join(ReadingList, ReadingList.id == ListMember.list_id)
    mine = (ReadingList.account_id == channel.viewer, ReadingList.id == channel.list_id)
    return await connection.scalar(query.where(*mine, ListMember.account_id == author)) is not None
