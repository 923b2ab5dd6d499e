"""Asks each source at its own pace and by its own deadline; a source that hangs delays nobody but itself."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from scripts.control_room.sight import Sight
from scripts.control_room.sources import Source


@dataclass
class Watch:
    """Every source's newest sight, by the source's key; `changed` is set whenever one of them is renewed."""

    sources: tuple[Source, ...]
    clock: Callable[[], float] = time.monotonic
    sights: dict[str, Sight[Any]] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def over(cls, sources: Iterable[Source], clock: Callable[[], float] = time.monotonic) -> "Watch":
        watch = cls(tuple(sources), clock)
        watch.sights = {source.key: Sight() for source in watch.sources}
        return watch

    async def run(self) -> None:
        """Ask every source again and again until cancelled."""
        await asyncio.gather(*(self._watch(source) for source in self.sources))

    async def _watch(self, source: Source) -> None:
        while True:
            began = self.clock()
            self.sights[source.key] = await self._ask(source)
            self.changed.set()
            await asyncio.sleep(max(source.every - (self.clock() - began), 0.05))

    async def _ask(self, source: Source) -> Sight[Any]:
        known = self.sights[source.key]
        try:
            value = await asyncio.wait_for(source.read(), source.deadline)
        except TimeoutError:
            return known.failed(f"no answer within {source.deadline:g} s", self.clock())
        except Exception as reason:  # whatever a source can do wrong means the same here: it gave nothing, and says why
            return known.failed(_first_words(reason), self.clock())
        return known.heard(value, self.clock())


def _first_words(reason: Exception) -> str:
    """Return the first line of a failure; a store's client puts the address and its patience before what went wrong."""
    line = (str(reason).strip().splitlines() or [type(reason).__name__])[0]
    return line.rpartition(" - ")[2][:200] or line[:200]
