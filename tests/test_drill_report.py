"""A drill's report: everything that was seen as JSON, and a page that a tired person can read."""

import json
from pathlib import Path

from scripts.drill_report import DrilledMove, DrilledStep, DrillReport

STEP = DrilledStep(
    "win_epoch", "Win the epoch in the register.", 1_900_000_000.0, 1_900_000_001.25, "done", {"epoch": 2}
)
MOVE = DrilledMove("failover", "gcp", {"old": "aws"}, "failover-2-to-gcp-abc123", (STEP,), 4.5, 2.25)
LEFT = DrilledMove("rejoin", "aws", left_out="aws says nothing")
REPORT = DrillReport("in-place", "local-1", 1_900_000_000.0, 1_900_000_060.0, (MOVE, LEFT), 120, 1, 0, ("point_dns",),
                     {"cores": 2})  # fmt: skip


def test_the_json_is_whole(tmp_path: Path) -> None:
    """Every step with its start, end and evidence; what the page of the control room is made from."""
    path = REPORT.write(tmp_path / "drills")
    found = json.loads(path.read_text())

    assert path.name == "in-place-20300317T174640Z.json"
    assert found == json.loads(json.dumps(REPORT.to_json()))
    assert found["moves"][0]["steps"][0] == {
        "name": "win_epoch", "title": "Win the epoch in the register.", "start": 1_900_000_000.0,
        "end": 1_900_000_001.25, "outcome": "done", "evidence": {"epoch": 2},
    }  # fmt: skip
    assert path.with_suffix(".txt").read_text() == REPORT.to_text()


def test_the_text_says_how_long_and_what_was_lost() -> None:
    """In order, with the reason for what was left out."""
    assert REPORT.to_text() == (
        "Drill in-place of local-1, 2030-03-17 17:46 UTC, 60 s\n"
        "\n"
        "failover gcp: 4.50 s, 2.25 s without writes (failover-2-to-gcp-abc123)\n"
        "    1.25 s  done     Win the epoch in the register.\n"
        "\n"
        "rejoin aws: left out, aws says nothing\n"
        "steps left out by name: point_dns\n"
        "acknowledged 120, lost 0, unknown 1\n"
    )
