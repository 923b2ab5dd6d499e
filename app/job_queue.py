"""Runs promised jobs through procrastinate, on the site that takes writes.

The queue's own tables are each site's own (schema `queue`, in no publication): the replicated promises are the truth,
and a new primary fills its queue from them. This is the one place beside `durability` that writes to the database, and
it writes to those tables alone.
"""

import asyncio
import logging
import time
from uuid import UUID

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job

from app import promises
from app.database import DATABASE_ERRORS, connect_arguments
from app.durability import Writer
from app.errors import LifeboatError
from app.jobs import JOBS
from app.services import Services
from app.subscriptions import PUSH

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.25
STANDBY_SECONDS = 1.0
HANDED_SECONDS = 60.0  # how long a promise that was handed to the queue is not handed to it again
CONCURRENCY = 4
LONGEST_RETRY_SECONDS = 300


class Backoff(procrastinate.BaseRetryStrategy):
    """Tries a failed job again for ever, after longer and longer pauses: a promise is kept, or given up by name."""

    def get_retry_decision(self, *, exception: BaseException, job: Job):
        """Give the seconds until the next attempt."""
        return procrastinate.RetryDecision(retry_in={"seconds": min(2**job.attempts, LONGEST_RETRY_SECONDS)})


class JobQueue:
    """The queue of one worker process."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts
        self._epoch: int | None = None
        self._handed: dict[UUID, float] = {}
        self._app = procrastinate.App(connector=_connector(parts.database.url))
        self._task = self._app.task(name="keep", retry=Backoff())(self._keep)

    async def run(self) -> None:
        """Work until cancelled; a database that does not answer is tried again."""
        while True:
            try:
                async with self._app.open_async(), asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._work())
                    tasks.create_task(self._hand_over())
            except* (*DATABASE_ERRORS, LifeboatError, ConnectorException) as errors:
                log.warning("the queue rests: %s", str(errors.exceptions[0]).partition("\n")[0])
            await asyncio.sleep(STANDBY_SECONDS)

    async def _work(self) -> None:
        await self._app.run_worker_async(
            concurrency=CONCURRENCY,
            install_signal_handlers=False,
            delete_jobs="always",
            fetch_job_polling_interval=1.0,
            shutdown_graceful_timeout=5.0,
        )

    async def _hand_over(self) -> None:
        """Hand the promises that are due to the queue, while this site takes writes."""
        while True:
            fence = await self._parts.lease.read()
            if not fence.is_open(time.monotonic()):
                self._epoch = None
                await asyncio.sleep(STANDBY_SECONDS)
                continue
            if fence.epoch != self._epoch:
                await self._begin_anew(fence.epoch)
            await self._hand_over_once()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _begin_anew(self, epoch: int) -> None:
        """Empty the queue: what stands in it is of an earlier time as primary, and the promises say what is open."""
        await self._app.connector.execute_query_async("DELETE FROM procrastinate_jobs")
        self._handed.clear()
        self._epoch = epoch

    async def _hand_over_once(self) -> None:
        now = time.monotonic()
        self._handed = {key: at for key, at in self._handed.items() if now - at < HANDED_SECONDS}
        for promise_id in await promises.due(self._parts.database):
            if promise_id in self._handed:
                continue
            self._handed[promise_id] = now
            try:
                await self._task.configure(queueing_lock=str(promise_id)).defer_async(promise_id=str(promise_id))
            except AlreadyEnqueued:
                log.debug("%s waits in the queue already", promise_id)

    async def _keep(self, promise_id: str) -> None:
        """Do one promised job; one that can never be done is given up, any other failure is tried again."""
        parts, key = self._parts, UUID(promise_id)
        writer = Writer(parts.database, parts.lease, parts.acknowledger, f"promise {promise_id}")
        try:
            await promises.keep(writer, JOBS | {PUSH: parts.pusher.deliver}, key)
        except LifeboatError as refusal:
            if refusal.status >= 500:
                raise
            log.warning("a promised job is given up: %s", refusal)
            await promises.give_up(writer, key)


def _connector(url: str) -> procrastinate.PsycopgConnector:
    settings = connect_arguments(read_only=False)
    settings["options"] += " -c search_path=queue"
    return procrastinate.PsycopgConnector(conninfo=url, kwargs=settings, min_size=1, max_size=CONCURRENCY + 1)
