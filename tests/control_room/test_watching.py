"""The watch: a source that hangs, fails or lies delays and hides nobody but itself."""

import asyncio
from collections.abc import Awaitable, Callable

from scripts.control_room.sources import Source
from scripts.control_room.watching import Watch


def source(key: str, read: Callable[[], Awaitable[object]], every: float = 0.05, deadline: float = 0.2) -> Source:
    return Source(key, key, every, deadline, read)


async def watched(*sources: Source, seconds: float) -> Watch:
    watch = Watch.over(sources)
    running = asyncio.create_task(watch.run())
    await asyncio.sleep(seconds)
    running.cancel()
    return watch


def test_one_that_hangs_delays_nobody() -> None:
    """The other goes on at its own pace; the hanging one is said to give no answer, and since when."""
    asked = 0

    async def count() -> int:
        nonlocal asked
        asked += 1
        return asked

    async def hang() -> None:
        await asyncio.sleep(30)

    watch = asyncio.run(watched(source("well", count), source("slow", hang), seconds=1.5))
    slow = watch.sights["slow"]

    assert asked >= 5
    assert slow.trouble == "no answer within 0.2 s"
    assert slow.value is None
    assert slow.since is not None
    assert watch.sights["well"].trouble == ""


def test_the_last_answer_stays_with_its_age_when_a_source_falls_silent() -> None:
    """What was heard is kept, its age grows, and the trouble's beginning does not move with each new failure."""
    answers = iter([1, 2])

    async def dies() -> int:
        try:
            return next(answers)
        except StopIteration:
            raise ConnectionError("nobody listens there\nsecond line") from None

    watch = asyncio.run(watched(source("dies", dies), seconds=1.0))
    sight = watch.sights["dies"]

    assert sight.value == 2
    assert sight.trouble == "nobody listens there"
    assert sight.at is not None
    assert sight.since is not None
    assert watch.clock() - sight.since > 0.4
    assert not sight.is_fresh(sight.at + 6)
