"""A connection and a store that end a whole process, as SIGKILL would, at a chosen moment: no word leaves it after that."""

from dataclasses import dataclass
from typing import Any

import psycopg

from scripts.runbook.register import AcceptorState
from tests.conftest import RunningPostgres
from tests.runbook.memory_stores import MemoryStore


class Killed(BaseException):
    """The end of the process: nothing below catches it."""


@dataclass
class Countdown:
    """Counts what a run asks of servers and stores, and ends it at number `last`; `heard`: that one still arrives."""

    last: int | None = None
    heard: bool = False
    count: int = 0

    def next(self) -> tuple[bool, bool]:
        """Count one more, and return whether it is still sent, and whether the process ends with it."""
        self.count += 1
        if self.last is None or self.count < self.last:
            return True, False
        return self.heard and self.count == self.last, True


class DyingCursor(psycopg.Cursor[Any]):
    """A cursor of a connection that counts."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> "DyingCursor":
        connection: Any = self.connection
        sent, ends = connection.countdown.next()
        if sent:
            super().execute(query, params, **how)
        if ends:
            connection.pgconn.finish()
            raise Killed
        return self


class DyingConnection(psycopg.Connection[Any]):
    """A connection that dies at a statement."""

    countdown: Countdown


def connect(running: RunningPostgres, countdown: Countdown) -> DyingConnection:
    """Connect in the agent's role."""
    connection = DyingConnection.connect(running.agent_url, autocommit=True, cursor_factory=DyingCursor)
    connection.countdown = countdown
    return connection


@dataclass
class DyingStore:
    """A process's way to one of the register's stores, which ends with the process."""

    store: MemoryStore
    countdown: Countdown
    pace: float = 0.0

    async def read(self) -> tuple[AcceptorState, Any]:
        return await self.store.read()

    async def compare_and_set(self, token: Any, state: AcceptorState) -> Any:
        sent, ends = self.countdown.next()
        answer = await self.store.compare_and_set(token, state) if sent else None
        if ends:
            raise Killed
        return answer
