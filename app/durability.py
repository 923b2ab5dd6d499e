"""The acknowledgement rule: a write answers 2xx only when the other clouds hold it too.

`Writer.transaction()` is the only way a route changes state. It refuses early when the fence is closed, commits, reads
the position of the commit, and returns when the rule in force is met: the slots `to_<site>` of enough sites have
confirmed that position. One poller per process serves everyone who waits, and polls only while somebody does.

The rule is read again after the commit, together with the positions. A rule changes only after everything acknowledged
under the old one is confirmed under the new one, so the rule in force at that moment is the one that counts; and a
changed epoch means that another site was promoted, so nothing more is acknowledged here.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

from app.acknowledger import Acknowledger, Written, unknown
from app.database import DATABASE_ERRORS, Database, driver_of, refusal
from app.errors import LifeboatError
from app.fence import CachedLease
from app.idempotency import claim
from app.rule import read_rule

log = logging.getLogger(__name__)

# One message: the epoch of this transaction, its end, and what is true right after it.
COMMIT = (
    "SELECT epoch FROM lifeboat.fence; COMMIT;"
    " SELECT (pg_current_wal_lsn() - '0/0')::bigint, epoch, rule FROM lifeboat.fence"
)
NOT_COMMITTED_CLASSES = {"23", "40"}  # a constraint or a serialization failure at commit: certainly rolled back


class Writer:
    """The one durability helper: a change inside `transaction()` is acknowledged by the rule, or not at all."""

    def __init__(self, database: Database, lease: CachedLease, acknowledger: Acknowledger, key: str) -> None:
        self._database = database
        self._lease = lease
        self._acknowledger = acknowledger
        self.key = key

    @asynccontextmanager
    async def transaction(self, *, every_standby: bool = False) -> AsyncGenerator[AsyncConnection]:
        """Lend a connection inside a transaction; leaving the block commits it and waits for the other clouds.

        `every_standby` is for what must not come back (deletions, revocations): all live standbys must confirm.
        Raises ReadOnly when the fence is closed and Unavailable when the database does not answer (nothing saved),
        and Unknown when the rule was not met in time.
        """
        try:
            await self._lease.must_be_open()
            async with self._database.write() as connection:
                await connection.exec_driver_sql("BEGIN")
                yield connection
                written = await _commit(connection)
        except DATABASE_ERRORS as error:
            raise refusal(error) or error from error
        await self._acknowledger.wait(written, every_standby=every_standby)

    async def claim(self, connection: AsyncConnection, scope_id: UUID, purpose: str, target_id: UUID) -> UUID:
        """Bind this request's idempotency key to `target_id`, or give what an earlier request with it made."""
        return await claim(connection, scope_id, f"{purpose}:{self.key}", target_id)


async def _commit(connection: AsyncConnection) -> Written:
    try:
        async with driver_of(connection).cursor() as cursor:
            await cursor.execute(COMMIT)
            (epoch,) = await _row(cursor)
            cursor.nextset()
            cursor.nextset()
            position, epoch_after, rule = await _row(cursor)
    except DATABASE_ERRORS as error:
        raise _after_commit(error) from error
    return Written(position, epoch, epoch_after, read_rule(rule))


async def _row(cursor: psycopg.AsyncCursor[Any]) -> Any:
    row = await cursor.fetchone()
    if row is None:
        raise psycopg.DataError("the fence row is missing")
    return row


def _after_commit(error: Exception) -> LifeboatError:
    told = refusal(error)
    state = getattr(error, "sqlstate", None) or ""
    if told is not None and (state == "LB001" or state[:2] in NOT_COMMITTED_CLASSES):
        return told
    return unknown("the database did not say whether it committed")
