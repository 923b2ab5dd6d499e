"""Waits for the other clouds: one poller a process looks at the slots while somebody waits for a confirmation."""

import asyncio
import logging
from dataclasses import dataclass, field

import psycopg

from app.database import connect_arguments
from app.errors import Unknown
from app.rule import Rule, read_rule

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.002  # a confirmation takes one round trip between clouds and 1.5 ms; polling faster only costs
RECONNECT_SECONDS = 0.1

# First how far each site is, then the rule, each with a snapshot of its own: a confirmation is then never judged by a rule
# that had been replaced when it came. What a site confirmed beyond the end of this log was another log: this database went
# back to an earlier state, and the site holds nothing of what is written here since.
OBSERVE = (
    r"SELECT substr(slot_name, 4), (confirmed_flush_lsn - '0/0')::bigint FROM pg_replication_slots"
    r" WHERE slot_name LIKE 'to\_%' AND slot_type = 'logical' AND database = current_database()"
    r" AND confirmed_flush_lsn <= pg_current_wal_insert_lsn();"
    " SELECT epoch, rule FROM lifeboat.fence"
)


@dataclass(frozen=True)
class Written:
    """A committed write: its position (bytes of WAL), the epoch it ran in, and what held right after the commit."""

    position: int
    epoch: int
    epoch_after: int
    rule_after: Rule


@dataclass(frozen=True)
class Observed:
    """One look at the fence and the slots: how far (bytes of WAL) each site has confirmed."""

    epoch: int
    rule: Rule
    confirmed: dict[str, int]

    def acknowledges(self, written: Written, *, every_standby: bool) -> bool:
        """Say whether the write may be answered with success."""
        return self.rule.met(self.confirmed, written.position, every_standby=every_standby)


@dataclass(eq=False)
class _Waiter:
    written: Written
    every_standby: bool
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Acknowledger:
    """The one poller of this process; `acknowledged` counts the writes that met the rule since it began."""

    def __init__(self, database_url: str, timeout: float) -> None:
        self._url = database_url
        self._timeout = timeout
        self.acknowledged = 0
        self._waiters: set[_Waiter] = set()
        self._task: asyncio.Task[None] | None = None
        self._connection: psycopg.AsyncConnection | None = None

    async def wait(self, written: Written, *, every_standby: bool = False) -> None:
        """Return when the rule is met; raises Unknown after the time-out, or at once when the epoch has changed."""
        await self._met(written, every_standby=every_standby)
        self.acknowledged += 1

    async def _met(self, written: Written, *, every_standby: bool) -> None:
        after = Observed(written.epoch_after, written.rule_after, {})
        if after.epoch == written.epoch and after.acknowledges(written, every_standby=every_standby):
            return
        waiter = _Waiter(written, every_standby)
        self._waiters.add(waiter)
        self._start()
        try:
            async with asyncio.timeout(self._timeout):
                await waiter.done
        except TimeoutError:
            raise unknown("the other clouds did not confirm in time") from None
        finally:
            self._waiters.discard(waiter)

    async def close(self) -> None:
        """Stop polling and close the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._disconnect()

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll(), name="acknowledgements")

    async def _poll(self) -> None:
        while self._waiters:
            try:
                self._settle(await self._observe())
                await asyncio.sleep(PAUSE_SECONDS)
            except (psycopg.Error, ValueError) as error:
                # Nobody is answered with success meanwhile; those who wait run into their own time-out.
                log.warning("acknowledgements wait: %s", error)
                await self._disconnect()
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _observe(self) -> Observed:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, **connect_arguments(read_only=True)
            )
        cursor = await self._connection.execute(OBSERVE)
        confirmed = dict(await cursor.fetchall())
        cursor.nextset()
        fence = await cursor.fetchone()
        if fence is None:
            raise ValueError("the fence row is missing")
        return Observed(fence[0], read_rule(fence[1]), confirmed)

    def _settle(self, observed: Observed) -> None:
        for waiter in [waiter for waiter in self._waiters if not waiter.done.done()]:
            if observed.epoch != waiter.written.epoch:
                waiter.done.set_exception(unknown("this site is no longer the primary"))
            elif observed.acknowledges(waiter.written, every_standby=waiter.every_standby):
                waiter.done.set_result(None)

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def unknown(reason: str) -> Unknown:
    """Give the refusal of a write that may be saved, with why nobody can say."""
    return Unknown(
        f"It is not known whether this was saved in two clouds: {reason}."
        " Send the same request again with the same Idempotency-Key; it will not be done twice."
    )
