"""Control stores in memory that a test can cut, freeze, damage or hold back, and a loop without waiting."""

import asyncio
import hashlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from scripts.runbook.errors import StoreConflict, StoreUnavailable
from scripts.runbook.register import AcceptorState, Register
from tests.simulation.virtual_time import VirtualLoop

Result = TypeVar("Result")

NAMES = ("aws", "gcp", "azure")


class MemoryStore:
    """One acceptor. `down` refuses at once, `silent` never answers; `held` keeps writes back until `land`."""

    pace = 0.0

    def __init__(self) -> None:
        self.state: AcceptorState | None = None
        self.down = self.silent = self.hold_writes = False
        self.reads = self.writes = 0
        self.held: list[tuple[Any, AcceptorState]] = []

    @property
    def token(self) -> str | None:
        return hashlib.md5(self.state.to_json()).hexdigest() if self.state else None

    async def read(self) -> tuple[AcceptorState, Any]:
        self.reads += 1
        await self._reach()
        if self.state is None:
            raise StoreUnavailable("there is no such object")
        return self.state, self.token

    async def compare_and_set(self, token: Any, state: AcceptorState) -> Any:
        self.writes += 1
        await self._reach()
        if self.hold_writes:
            self.held.append((token, state))
            raise StoreUnavailable("no answer")
        return self.put(token, state)

    def put(self, token: Any, state: AcceptorState) -> Any:
        if token != self.token:
            raise StoreConflict("changed")
        self.state = state
        return self.token

    def land(self) -> None:
        """Let the writes that were held back arrive now."""
        for token, state in self.held:
            try:
                self.put(token, state)
            except StoreConflict:
                continue
        self.held.clear()

    async def _reach(self) -> None:
        if self.silent:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        if self.down:
            raise StoreUnavailable("connection refused")


class Stores(dict[str, MemoryStore]):
    """Three of them."""

    def __init__(self) -> None:
        super().__init__({name: MemoryStore() for name in NAMES})

    def register(self, site: str, incarnation: str = "1", **more: Any) -> Register:
        return Register("test", 1, site, incarnation, self, **more)

    def only(self, *names: str) -> None:
        """Leave exactly these within reach."""
        for name, store in self.items():
            store.down = name not in names


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run in virtual time: a time-out of seconds takes none."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(_end(loop))
        loop.close()


async def _end(loop: VirtualLoop) -> None:
    rest = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
