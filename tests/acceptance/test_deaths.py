"""A few deaths of the thousand: tests/bench/deaths counts all of them, this run sees that none loses anything."""

import os
from pathlib import Path

import pytest

from tests.bench.deaths.life import Wanted, live
from tests.bench.deaths.ways import WAYS
from tests.bench.records import RunFile

pytestmark = pytest.mark.acceptance

# Every way to die has its turn, in full four times.
COUNT = 36 if os.environ.get("LIFEBOAT_FULL") == "1" else 10


def test_nothing_acknowledged_is_lost_in_any_death(tmp_path: Path) -> None:
    """Primaries die under load, and the agents that take over and rejoin as well: nothing is lost, no promise is broken."""
    for parent in tmp_path.parents[:3]:
        parent.chmod(0o755)
    file = RunFile(tmp_path / "deaths.jsonl")

    live(tmp_path / "local", Wanted(COUNT, float("inf"), list(WAYS), "primary", in_turn=True, agent_dies=1.0), file)

    runs = file.read()
    deaths = [run for run in runs if "seconds" in run]
    assert [run["trouble"] for run in runs if "trouble" in run] == []
    assert [run["violations"] for run in deaths if run["violations"]] == []
    assert sum(run["lost"] + run["overlaps"] for run in deaths) == 0
    assert sum(run["lost"] for run in runs if run.get("look") == "again") == 0
    assert len(deaths) == COUNT
    assert all(run["acknowledged"] > 0 for run in deaths)
