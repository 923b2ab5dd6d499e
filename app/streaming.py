"""Live updates: one look at the newest rows a process, while anybody listens, told to those whom they concern.

Rows are found by their keys, which are in time order. A row is seen only when its transaction has ended, which may be
after younger ones, so the last seconds are looked at again and again and each key is told once. It works on every
site, as the rows are replicated; and when another site becomes the primary all streams end, so that clients connect
anew to where the app's name leads then.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import select

from app.database import DATABASE_ERRORS, Database
from app.errors import LifeboatError, Unavailable
from app.fence import CachedLease
from app.listeners import Channel, Listener
from app.models import (
    AccessToken,
)
from app.stream_news import WINDOW_SECONDS, newest, tell

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.25
HEARTBEAT_SECONDS = 15.0
MAX_STREAMS = 2000  # of one process


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
            self._told |= dict.fromkeys([found.key for found in await newest(connection)], time.monotonic())
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
            # One that came while this was asked is judged the next time.
            if listener.token_id in held - good:
                listener.end()

    async def _look_once(self) -> None:
        now = time.monotonic()
        async with self._database.read() as connection:
            fresh = [found for found in await newest(connection) if found.key not in self._told]
            self._told |= dict.fromkeys([found.key for found in fresh], now)
            if fresh:
                await tell(connection, list(self._listeners), fresh)
        self._told = {key: at for key, at in self._told.items() if now - at < 2 * WINDOW_SECONDS}
