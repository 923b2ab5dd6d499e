"""Faults on three running sites: the runbook is killed where the fault strikes, goes on, and reaches the same end.

The primary's site ends while people post, its successor's agent runs the failover and stands still at the moment of the
cell; the fault strikes; the agent is killed with SIGKILL and started again. Then every site follows again, and the next
cell strikes the same three sites, whoever is primary by then; after a failure they are started anew.
"""

import asyncio
import os
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.bench.deaths.platform_under_test import PlatformUnderTest, platform_under_test
from tests.conftest import free_port
from tests.history.checker import broken_promises
from tests.history.operations import History
from tests.history.people import RecordedWriters, posting, read_everything
from tests.matrix.cells import DAILY_STRIKES, STRIKES, STRUCK, Strike
from tests.matrix.faults import FAULTS, Scene
from tests.matrix.standing import Standing

pytestmark = pytest.mark.acceptance

# In the default run the first of the daily four: each takes a third of a minute. `python -m tests.matrix` asks for the others.
FULL = "1" in (os.environ.get("LIFEBOAT_FULL"), os.environ.get("LIFEBOAT_MATRIX"))
WANTED = STRIKES if FULL else DAILY_STRIKES[:1]
POSTS = 6


class Lives:
    """One set of sites for as long as each cell leaves them well."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number, self._stack = folder, 0, ExitStack()
        self._platform: PlatformUnderTest | None = None

    @contextmanager
    def scene(self) -> Generator[Scene]:
        """Lend three sites of which two follow the third."""
        try:
            scene = Scene.of(self._living())
            yield scene
            scene.follow_again()
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        self._platform = None
        self._stack.close()

    def _living(self) -> PlatformUnderTest:
        if self._platform is None:
            self._number += 1
            folder = self._folder / f"life-{self._number}"
            self._platform = self._stack.enter_context(platform_under_test(folder, free_port()))
        return self._platform


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    folder = tmp_path_factory.mktemp("lives")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    lives = Lives(folder)
    yield lives
    lives.end()


def _wait_for_posts(history: History, count: int) -> None:
    """Let people go on until so many posts were acknowledged: a quick move leaves them little time."""
    deadline = time.monotonic() + 60
    while len(history.acknowledged) < count and time.monotonic() < deadline:
        time.sleep(0.1)


@pytest.mark.parametrize("strike", WANTED, ids=lambda one: f"{one.fault}-{one.step}-{one.moment}")
def test_it_reaches_the_same_end(strike: Strike, lives: Lives) -> None:
    """The chosen site is primary, takes writes, and has everything that anybody was told is saved; the others follow it."""
    history, fault = History(), FAULTS[strike.fault]
    with lives.scene() as scene:
        platform = scene.platform
        people = RecordedWriters(platform.url, 2, history, patience=60, pause=0.1)
        standing = Standing(platform, scene.new, STRUCK[strike.step], strike.moment)
        with posting(people):
            fault.before(scene)
            command = standing.begin_failover()
            standing.wait()
            fault.strike(scene)
            standing.kill()
            fault.ease(scene)
            standing.go_on(command)
            platform.wait_for_writes()
            fault.after(scene)
            _wait_for_posts(history, POSTS)
        asyncio.run(read_everything(platform.layout.app_url(scene.new), people))

        assert broken_promises(history) == []
        assert len(history.acknowledged) >= POSTS
        assert platform.holder() == scene.new
        assert platform.lifeboat("journal").returncode == 0
