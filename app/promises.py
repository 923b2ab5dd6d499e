"""Jobs that an acknowledged request promised: rows written in its own transaction, replicated like all it wrote.

So a job survives whatever its request survived, and after a failover the new primary's worker keeps it. What a job
changes and that it is done are one transaction: it may be begun twice, and is done once.
"""

import datetime
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import Database
from app.durability import Writer
from app.ids import new_id
from app.models import Promise

BATCH = 200

Job = Callable[[AsyncConnection, Writer, dict[str, Any]], Awaitable[Any]]


async def promise(
    connection: AsyncConnection,
    kind: str,
    arguments: dict[str, Any],
    due_at: datetime.datetime,
    promise_id: UUID | None = None,
) -> None:
    """Promise a job for a time, in the durable transaction of the request."""
    row = {"kind": kind, "arguments": arguments, "due_at": due_at}
    await connection.execute(insert(Promise).values(id=promise_id or new_id(), **row))


async def move(connection: AsyncConnection, promise_id: UUID, due_at: datetime.datetime) -> None:
    """Promise a job for another time."""
    await connection.execute(update(Promise).where(Promise.id == promise_id).values(due_at=due_at))


async def take_back(connection: AsyncConnection, promise_id: UUID) -> None:
    """Promise a job no longer."""
    await connection.execute(delete(Promise).where(Promise.id == promise_id))


async def due(database: Database) -> list[UUID]:
    """Name the jobs whose time has come and that are not done, the oldest first."""
    query = select(Promise.id).where(Promise.done_at.is_(None), Promise.due_at <= func.now())
    async with database.read() as connection:
        return list(await connection.scalars(query.order_by(Promise.due_at).limit(BATCH)))


async def keep(writer: Writer, jobs: dict[str, Job], promise_id: UUID) -> None:
    """Do a job and note that it is done, in one durable transaction; does nothing when it was done before."""
    async with writer.transaction() as connection:
        row = await _done(connection, promise_id)
        if row is not None:
            await jobs[row.kind](connection, writer, row.arguments)


async def give_up(writer: Writer, promise_id: UUID) -> None:
    """Note that a job can never be done, for example because what it was about is gone."""
    async with writer.transaction() as connection:
        await _done(connection, promise_id)


async def _done(connection: AsyncConnection, promise_id: UUID) -> Any:
    change = update(Promise).where(Promise.id == promise_id, Promise.done_at.is_(None)).values(done_at=func.now())
    return (await connection.execute(change.returning(Promise.kind, Promise.arguments))).one_or_none()
