"""Brings every bucket in step with the outbox, from the site that takes writes; one loop for each bucket.

Any step may be killed: a copy is made before its row goes, a removal is done before its row is marked, and both may be
done twice. A new primary's worker goes on with the rows it finds. A dead bucket holds up its own loop alone.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app import copies, outbox
from app.acknowledger import Acknowledger
from app.database import DATABASE_ERRORS, Database
from app.durability import Writer
from app.errors import LifeboatError
from app.fence import CachedLease
from app.outbox import EVERY_SITE, Task

log = logging.getLogger(__name__)

BATCH = 64
AT_ONCE = 16  # pictures in memory for one bucket
IDLE_SECONDS = 0.25
STANDBY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# A removal holds its pictures' locks while the bucket is asked, so it does not wait for one that hangs.
REMOVAL_SECONDS = 3.0


@dataclass
class Loop:
    """What one bucket's loop remembers: how long it rests after trouble, and which keys are tried later (monotonic)."""

    site: str
    pause: float = IDLE_SECONDS
    later: dict[str, float] = field(default_factory=dict)
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def skipped(self) -> list[str]:
        """Give the keys whose time has not come yet."""
        now = time.monotonic()
        self.later = {key: at for key, at in self.later.items() if at > now}
        return list(self.later)

    def rest(self, tasks: Sequence[Task], done: Sequence[Task]) -> float:
        """Give the seconds to rest: none while it goes on, then longer each time; what failed alone is tried later."""
        if done:
            when = time.monotonic() + LONGEST_PAUSE_SECONDS
            self.later |= {task.key: when for task in tasks if task not in done}
            self.pause = IDLE_SECONDS
            return 0
        self.pause = min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        return self.pause


class OutboxWorker:
    """The worker of one site; `stores` holds every site's bucket, its own first."""

    def __init__(
        self, database: Database, lease: CachedLease, acknowledger: Acknowledger, stores: Mapping[str, Any]
    ) -> None:
        self._database, self._lease = database, lease
        self._writer = Writer(database, lease, acknowledger, "media outbox")
        self._stores = stores

    async def run(self) -> None:
        """Work until the task is cancelled."""
        loops = [Loop(EVERY_SITE), *(Loop(site) for site in self._stores)]
        await asyncio.gather(*(self._forever(loop) for loop in loops))

    async def _forever(self, loop: Loop) -> None:
        while True:
            try:
                pause = await self.work(loop)
            except (LifeboatError, *DATABASE_ERRORS) as trouble:
                log.warning("outbox of %s: %s", loop.site, str(trouble).partition("\n")[0])
                pause = STANDBY_SECONDS
            await asyncio.sleep(pause)

    async def work(self, loop: Loop) -> float:
        """Do one batch of a bucket's rows, and say how many seconds to rest; only while this site takes writes."""
        if not (await self._lease.read()).is_open(time.monotonic()):
            return STANDBY_SECONDS
        async with self._database.read() as connection:
            tasks = await outbox.waiting(connection, loop.site, loop.skipped(), BATCH)
        if not tasks:
            loop.pause = IDLE_SECONDS
            return IDLE_SECONDS
        if loop.site == EVERY_SITE:
            return await self._name_the_sites(tasks)
        copied = await self._copy(loop, [task for task in tasks if task.wanted and task.named])
        removed = await self._remove([task for task in tasks if not (task.wanted and task.named)])
        return loop.rest(tasks, [*copied, *removed])

    async def _name_the_sites(self, tasks: Sequence[Task]) -> float:
        """Turn `every bucket` into a row for each, unless a row still names the picture."""
        async with self._writer.transaction() as connection:
            _, gone = await _sorted_out(connection, tasks)
            if rows := [
                {"key": task.key, "site": site, "wanted": False, "size": 0} for task in gone for site in self._stores
            ]:
                await outbox.put(connection, rows)
            await outbox.forget(connection, tasks, wanted=False)
        return 0

    async def _copy(self, loop: Loop, tasks: Sequence[Task]) -> list[Task]:
        held = await asyncio.gather(*(self._bring(loop, task) for task in tasks))
        done = [task for task, there in zip(tasks, held, strict=True) if there]
        if done:
            async with self._writer.transaction() as connection:
                await outbox.forget(connection, done, wanted=True)
        return done

    async def _bring(self, loop: Loop, task: Task) -> bool:
        """See that one bucket holds a picture, from the first cloud that gives it."""
        target = self._stores[task.site]
        async with loop.at_once:
            if await copies.holds(target, task.key, task.size):
                return True
            for site, store in self._stores.items():
                if site != task.site and isinstance(data := await copies.ask(store, task.key), bytes):
                    return await copies.put(target, task.key, data)
        return False

    async def _remove(self, tasks: Sequence[Task]) -> list[Task]:
        if not tasks:
            return []
        async with self._writer.transaction() as connection:
            named, gone = await _sorted_out(connection, tasks)
            done = await self._removed(gone)
            await outbox.mark_removed(connection, [task for task in done if not task.marked])
            await outbox.forget(connection, [*named, *(task for task in done if task.marked)], wanted=False)
        return [*done, *named]

    async def _removed(self, tasks: Sequence[Task]) -> list[Task]:
        """Give the tasks whose copies are surely gone, in the time that their locks may be held."""
        if not tasks:
            return []
        removals = {asyncio.create_task(copies.remove(self._stores[task.site], task.key)): task for task in tasks}
        done, late = await asyncio.wait(removals, timeout=REMOVAL_SECONDS)
        for removal in late:
            removal.cancel()
        return [removals[removal] for removal in done if removal.result()]


async def _sorted_out(connection: AsyncConnection, tasks: Sequence[Task]) -> tuple[list[Task], list[Task]]:
    """Lock the pictures of the tasks, and give those that a row names by now and those that none does."""
    await outbox.lock(connection, (task.key for task in tasks))
    named: dict[bool, list[Task]] = {True: [], False: []}
    for task in tasks:
        named[await outbox.is_named(connection, task.key)].append(task)
    return named[True], named[False]
