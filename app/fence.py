"""The fence as the app sees it: one row of its own database, cached as a lease so that a write is refused early.

The cache only saves work. What keeps two sites apart is the trigger in the database and, without any clock, the
acknowledgement itself (`durability`).
"""

import asyncio
import time
from dataclasses import dataclass

from sqlalchemy import text

from app.database import Database
from app.errors import ReadOnly
from app.rule import Rule, read_rule

CACHE_SECONDS = 0.25
# A closed fence is asked again sooner: the site that has just taken over shall not go on refusing.
CLOSED_CACHE_SECONDS = 0.05

QUERY = text(
    "SELECT site, epoch, writable, rule,"
    " extract(epoch FROM least(valid_until, clock_timestamp() + interval '1 day') - clock_timestamp())::float8"
    " AS remaining"
    " FROM lifeboat.fence"
)


@dataclass(frozen=True)
class Fence:
    """The fence row when it was read; `deadline` is its `valid_until` on this process's monotonic clock (seconds)."""

    site: str
    epoch: int
    writable: bool
    rule: Rule
    read_at: float
    deadline: float

    def is_open(self, now: float) -> bool:
        """Say whether this site may take writes at `now` (monotonic seconds)."""
        return self.writable and now < self.deadline


class CachedLease:
    """The fence row, read again at most every 0.25 s, or 0.05 s while it is closed, by one request for all that wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._fence: Fence | None = None
        self._reading = asyncio.Lock()

    async def read(self) -> Fence:
        """Give a fence not older than 0.25 s."""
        if (fence := self._fresh()) is not None:
            return fence
        async with self._reading:
            if (fence := self._fresh()) is None:
                fence = self._fence = await self._load()
            return fence

    async def must_be_open(self) -> Fence:
        """Give the fence, or raise ReadOnly before any statement is sent."""
        fence = await self.read()
        if not fence.is_open(time.monotonic()):
            raise ReadOnly
        return fence

    def _fresh(self) -> Fence | None:
        fence, now = self._fence, time.monotonic()
        if fence is None:
            return None
        return fence if now - fence.read_at < (CACHE_SECONDS if fence.is_open(now) else CLOSED_CACHE_SECONDS) else None

    async def _load(self) -> Fence:
        # The term is counted from before the question, so the cache never outlives the row.
        asked = time.monotonic()
        async with self._database.read() as connection:
            row = (await connection.execute(QUERY)).one()
        remaining = row.remaining if row.remaining is not None else 0.0
        return Fence(row.site, row.epoch, row.writable, read_rule(row.rule), asked, asked + remaining)
