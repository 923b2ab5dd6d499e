"""The event loop of a command: it ends only after the answers that nobody waits for any more.

A store's client answers from a thread of its own. An answer that came when the loop was closed already was written to the
screen as a traceback, above the one sentence that a person is to read.
"""

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")
LATE_SECONDS = 0.05


@contextmanager
def opened() -> Generator[asyncio.Runner]:
    """Open an event loop that takes what comes late before it closes."""
    with asyncio.Runner() as loop:
        try:
            yield loop
        finally:
            loop.run(_take_what_is_late())


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run one asynchronous call to its end, in a loop of its own."""
    with opened() as loop:
        return loop.run(work)


async def _take_what_is_late() -> None:
    given_up = asyncio.all_tasks() - {asyncio.current_task()}
    for task in given_up:
        task.cancel()
    if given_up:
        await asyncio.sleep(LATE_SECONDS)
