"""Two watchers beside the people: who holds which epoch as the register proves it, and what each DNS vendor publishes."""

import asyncio
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from scripts.runbook import event_loop, sites
from scripts.runbook.lease import look
from scripts.runbook.registers import open_register
from scripts.runbook.traffic import Traffic
from tests.bench.deaths.platform_under_test import PlatformUnderTest
from tests.history.operations import History, Sight

EVERY_SECONDS = 0.5


@dataclass(frozen=True)
class Published:
    """What one vendor that answered published; `target` is None where it had no record."""

    vendor: str
    target: str | None
    start: float


@contextmanager
def watched(platform: PlatformUnderTest, history: History) -> Generator[list[Published]]:
    """Note twice a second who holds which epoch and where the name points, until it is left."""
    end, published = threading.Event(), list[Published]()
    known = sites.load(platform.folder)
    traffic = Traffic(known.vendors, known.record_name, ttl=5)

    async def watch_register() -> None:
        register = open_register(known, "operator")
        while not end.is_set():
            start = time.monotonic()
            sighting = await look(register)
            if sighting.committed and sighting.record:
                history.note(Sight(sighting.record.epoch, sighting.record.holder, start, time.monotonic()))
            await asyncio.sleep(EVERY_SECONDS)

    def watch_dns() -> None:
        while not end.wait(EVERY_SECONDS):
            start = time.monotonic()
            published.extend(Published(one.vendor, one.target, start) for one in traffic.answers() if one.error is None)

    with _thread(lambda: event_loop.run(watch_register())), _thread(watch_dns):
        try:
            yield published
        finally:
            end.set()


@contextmanager
def _thread(work: Callable[[], None]) -> Generator[None]:
    thread = threading.Thread(target=work, name="watch")
    thread.start()
    try:
        yield
    finally:
        thread.join()
