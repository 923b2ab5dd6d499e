"""Faults on three running sites: the runbook is killed where the fault strikes, goes on, and reaches the same end.

One cell is one life of three sites: people post, the primary's site ends, its successor's agent runs the failover and
stands still at the moment of the cell; the fault strikes; the agent is killed with SIGKILL and started again.
"""

import asyncio
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench.deaths.platform_under_test import PlatformUnderTest, platform_under_test
from tests.conftest import free_port
from tests.history.checker import broken_promises
from tests.history.operations import History
from tests.history.people import RecordedWriters, posting, read_everything
from tests.matrix.cells import DAILY_STRIKES, STRIKES, STRUCK, Strike
from tests.matrix.faults import FAULTS
from tests.matrix.standing import Standing

pytestmark = pytest.mark.acceptance

# In the default run the first of the daily four: each takes half a minute. `python -m tests.matrix` asks for the others.
FULL = "1" in (os.environ.get("LIFEBOAT_FULL"), os.environ.get("LIFEBOAT_MATRIX"))
WANTED = STRIKES if FULL else DAILY_STRIKES[:1]


@contextmanager
def a_life(folder: Path) -> Generator[PlatformUnderTest]:
    """Give three sites whose ways to each other can be cut."""
    for parent in folder.parents[:3]:
        parent.chmod(0o755)
    with platform_under_test(folder / "local", free_port()) as platform:
        yield platform


@pytest.mark.parametrize("strike", WANTED, ids=lambda one: f"{one.fault}-{one.step}-{one.moment}")
def test_it_reaches_the_same_end(strike: Strike, tmp_path: Path) -> None:
    """gcp is primary afterwards, takes writes, and has everything that anybody was told is saved."""
    history, fault = History(), FAULTS[strike.fault]
    with a_life(tmp_path) as platform:
        people = RecordedWriters(platform.url, 2, history, patience=60, pause=0.1)
        standing = Standing(platform, "gcp", STRUCK[strike.step], strike.moment)
        with posting(people):
            fault.before(platform)
            command = standing.begin_failover()
            standing.wait()
            fault.strike(platform)
            standing.kill()
            fault.ease(platform)
            standing.go_on(command, expected=fault.new_primary)
            platform.wait_for_writes()
            fault.after(platform)
        asyncio.run(read_everything(platform.layout.app_url(fault.new_primary), people))

        assert broken_promises(history) == []
        assert len(history.acknowledged) > 5
        assert platform.holder() == fault.new_primary
        assert platform.lifeboat("journal").returncode == 0
