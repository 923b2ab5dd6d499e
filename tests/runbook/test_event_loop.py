"""The event loop of a command, and answers that come when nobody waits any more."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from scripts.runbook import event_loop

LATE_SECONDS = 0.01


class Store:
    """Answers from a thread, a moment after it was told that nobody wants the answer: as a store's client may."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.answered = threading.Event()

    async def get(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            threading.Timer(LATE_SECONDS, self._answer, [loop]).start()
            raise

    def _answer(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.call_soon_threadsafe(lambda: None)
        except RuntimeError as reason:
            self.fault = reason
        self.answered.set()


@contextmanager
def asked(store: Store) -> Generator[None]:
    """One question, and a command that does not wait for its answer."""

    async def ask() -> asyncio.Task[None]:
        asking = asyncio.create_task(store.get())
        await asyncio.sleep(0)
        return asking

    with event_loop.opened() as loop:
        asking = loop.run(ask())
        yield
    assert asking.cancelled()
    assert store.answered.wait(10)


def test_an_answer_that_comes_late_finds_the_loop_open() -> None:
    """The client of a store can hand its answer over, so that it has nothing to write on the screen."""
    store = Store()

    with asked(store):
        pass

    assert store.fault is None


def test_a_command_that_fails_takes_late_answers_too() -> None:
    """Its own fault comes out, and nothing else."""
    store = Store()

    with pytest.raises(KeyError), asked(store):
        raise KeyError("no such site")

    assert store.answered.wait(10)
    assert store.fault is None


def test_one_call_is_run_to_its_end() -> None:
    """Its result comes back."""

    async def work() -> str:
        return "done"

    assert event_loop.run(work()) == "done"
