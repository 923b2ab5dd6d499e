"""Two pools on one database: readers that cannot write, and writers whose transactions `durability` ends.

Readers run with `default_transaction_read_only = on`, so a route that changes state without the durability helper
fails on its first statement instead of acknowledging something that only one cloud holds.
"""

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.errors import LifeboatError, NotFound, ReadOnly, Unavailable
from app.settings import Settings

log = logging.getLogger(__name__)

CONNECT_SECONDS = 2  # libpq's smallest connect time-out
POOL_SECONDS = 3  # how long a request waits for a free connection before it is refused
STATEMENT_MILLISECONDS = 10_000

DATABASE_ERRORS = (SQLAlchemyError, psycopg.Error)

FENCE_CLOSED = "LB001"
READ_ONLY_TRANSACTION = "25006"
REFERS_TO_NOTHING = "23503"  # what this belongs to was deleted by another request meanwhile
NOT_SET_UP = {"42P01", "3F000", "42501"}  # no such table, no such schema, not granted
RETRY = {"40001", "40P01", "55P03", "57014", "53300"}  # serialization, deadlock, time-outs, too many clients


class Database:
    """The database of this site; connects on first use, so the app starts before its database does."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.database_url.get_secret_value()
        self.reader = _engine(self.url, settings.readers, read_only=True)
        self.writer = _engine(self.url, settings.writers, read_only=False)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """Lend a connection that cannot write; each statement sees the newest committed state."""
        async with self.reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """Lend a connection that can write, to `durability` alone; what was not committed is rolled back.

        Giving a broken connection back never raises: what became of the write has been said by then.
        """
        connection = await self.writer.connect()
        try:
            yield connection
        finally:
            await _give_back(connection)

    async def close(self) -> None:
        """Close every connection of both pools."""
        await self.reader.dispose()
        await self.writer.dispose()


async def ask(connection: AsyncConnection, text: bytes, values: Mapping[str, Any]) -> Sequence[Any]:
    """Send a statement by the driver itself and give its rows, as tuples with names; there are none for most writes.

    For what is asked all day: SQLAlchemy's own way takes longer than the driver and the network together.
    """
    driver = driver_of(connection)
    try:
        async with driver.cursor(row_factory=namedtuple_row) as cursor:
            await cursor.execute(text, values)
            return await cursor.fetchall() if cursor.description else ()
    except psycopg.OperationalError:
        if driver.closed:
            # Asked once more by SQLAlchemy, which then drops every connection of its pool that is as old.
            await connection.exec_driver_sql("SELECT 1")
        raise


def driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    """Give the driver's connection below SQLAlchemy's."""
    below = connection.sync_connection
    assert below is not None
    driver = below.connection.driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    return driver


def connect_arguments(*, read_only: bool) -> dict[str, Any]:
    """Give the libpq settings of every connection: short time-outs, so a dead database is noticed in seconds."""
    options = (
        f"-c statement_timeout={STATEMENT_MILLISECONDS} -c default_transaction_read_only={'on' if read_only else 'off'}"
    )
    return {
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": 5000,
        "application_name": "lifeboat app",
        "options": options,
    }


async def _give_back(connection: AsyncConnection) -> None:
    try:
        await connection.close()
    except DATABASE_ERRORS as error:
        log.warning("a database connection broke and was dropped: %s", str(error).partition("\n")[0])


def _engine(url: str, connections: int, *, read_only: bool) -> AsyncEngine:
    return create_async_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        isolation_level="AUTOCOMMIT",  # writers say BEGIN themselves, and durability ends them
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_use_lifo=True,
        connect_args=connect_arguments(read_only=read_only),
    )


def refusal(error: BaseException) -> LifeboatError | None:
    """Turn a database error into what the client is told when nothing was committed; None for a bug of ours."""
    if isinstance(error, PoolTimeout):
        return Unavailable("This site is busy: no database connection became free, so nothing was saved; try again.")
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, psycopg.Error):
        return None
    if cause.sqlstate in {FENCE_CLOSED, READ_ONLY_TRANSACTION}:
        return ReadOnly()
    if cause.sqlstate == REFERS_TO_NOTHING:
        return NotFound()
    if cause.sqlstate in NOT_SET_UP:
        return Unavailable("The database of this site is not set up yet; try again in a moment.")
    if isinstance(cause, psycopg.errors.DiskFull):
        return Unavailable("The database of this site has no room left, so nothing was saved; try again later.")
    if cause.sqlstate in RETRY:
        return Unavailable("The database of this site is busy, so nothing was saved; try again.")
    if isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError)):
        return Unavailable("The database of this site does not answer, so nothing was saved; try again in a moment.")
    return None
