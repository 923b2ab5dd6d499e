"""Three simulated control stores in the manners of S3, Cloud Storage and Blob, and the bad network to each of them."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scripts.runbook.acceptors import CLOUD_STORAGE_PACE
from scripts.runbook.errors import StoreBusy, StoreConflict, StoreUnavailable
from scripts.runbook.register import AcceptorState

if TYPE_CHECKING:
    from tests.simulation.world import World

KINDS = {"aws": "digest", "gcp": "generation", "azure": "counter"}


class SimulatedStore:
    """One object with a token as its cloud gives it: S3's repeats with the content, the others' never do."""

    def __init__(self, name: str, first: AcceptorState, now: Callable[[], float]) -> None:
        self.name, self.kind, self._now = name, KINDS[name], now
        self.state: AcceptorState | None = first
        self.history = [first]
        self.down = False
        self._version = 0
        self._last_write = float("-inf")
        self._token = self._token_of(first)

    def read(self) -> tuple[AcceptorState, Any]:
        if self.state is None:
            raise StoreUnavailable(f"{self.name} has no such object")
        return self.state, self._token

    def write(self, token: Any, state: AcceptorState) -> Any:
        if self.state is None:
            raise StoreUnavailable(f"{self.name} has no such object")
        if self.kind == "generation" and self._now() - self._last_write < CLOUD_STORAGE_PACE:
            raise StoreBusy(f"{self.name}: 429")
        if token != self._token:
            raise StoreConflict(f"{self.name} was changed")
        self._last_write = self._now()
        self.state = AcceptorState.from_json(state.to_json())
        self.history.append(self.state)
        self._token = self._token_of(self.state)
        return self._token

    def wipe(self) -> None:
        self.state = None

    def roll_back(self, to: AcceptorState) -> None:
        self.state, self._token = to, self._token_of(to)

    def _token_of(self, state: AcceptorState) -> Any:
        if self.kind == "digest":
            return hashlib.md5(state.to_json()).hexdigest()
        self._version += 1
        return self._version


class Link:
    """One site's way to one store: delays, losses, requests that land a minute late, lies about success."""

    pace = 0.0

    def __init__(self, world: "World", site: str, store: SimulatedStore) -> None:
        self._world, self._site, self._store = world, site, store
        self.dead = False

    async def read(self) -> tuple[AcceptorState, Any]:
        return await self._call(self._store.read)

    async def compare_and_set(self, token: Any, state: AcceptorState) -> Any:
        return await self._call(lambda: self._store.write(token, state), lies=True)

    async def _call(self, act: Callable[[], Any], *, lies: bool = False) -> Any:
        await self._world.while_paused(self._site)
        request = _Request(self, act, lies)
        there, back = self._world.delays()
        request.loop.call_later(there, request.arrive, back)
        try:
            return await request.answer
        except asyncio.CancelledError:
            if self.dead or not request.has_waiting_result:
                raise
        # The process stood still when its time-out came due, and woke up with the answer in its socket.
        await self._world.while_paused(self._site)
        return request.result

    def drops(self) -> bool:
        """Whether a message on this way is lost now."""
        cut = self._store.down or (self._site, self._store.name) in self._world.cuts
        return cut or self._world.lost()

    def lies(self) -> bool:
        return self._world.lies()

    @property
    def frozen_until(self) -> float:
        return self._world.paused[self._site]


class _Request:
    """One request on its way there and back."""

    def __init__(self, link: Link, act: Callable[[], Any], may_lie: bool) -> None:
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Any] = self.loop.create_future()
        self.result: Any = None
        self._failure: Exception | None = None
        self._waits = False
        self._link, self._act, self._may_lie = link, act, may_lie

    @property
    def has_waiting_result(self) -> bool:
        return self._waits and self._failure is None

    def arrive(self, back: float) -> None:
        if self._link.drops():
            return
        try:
            self.result = self._act()
            if self._may_lie and self._link.lies():
                self._failure = StoreUnavailable("503 after success")
        except (StoreUnavailable, StoreConflict) as refusal:
            self._failure = refusal
        self.loop.call_later(back, self.reply)

    def reply(self) -> None:
        if self.answer.done() or self._link.drops():
            return
        if self._link.frozen_until > self.loop.time():
            self._waits = True
            self.loop.call_at(self._link.frozen_until, self.settle)
        else:
            self.settle()

    def settle(self) -> None:
        if not self.answer.done() and self._failure:
            self.answer.set_exception(self._failure)
        elif not self.answer.done():
            self.answer.set_result(self.result)
