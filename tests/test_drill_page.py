"""A drill as one page: its figures are the report's, it needs no network, and nothing in it is taken for markup."""

import re
from pathlib import Path
from typing import Any

import pytest

from scripts import drill_page
from scripts.drill_report import DrilledMove, DrilledStep, DrillReport


def report(**changes: Any) -> DrillReport:
    """Give a drill of one failover with two steps, under load."""
    steps = tuple(
        DrilledStep(name, name.title(), 100.0 + at, 101.0 + at, "done", {})
        for at, name in enumerate(("win_epoch", "promote"))
    )
    move = DrilledMove("failover", "gcp", {}, "failover-2", steps, 2.0, 1.75, journal_hash="ab" * 32)
    parts: dict[str, Any] = {"answers": ((1.0, 0.02), (1.4, 0.03), (3.2, 1.75)), "lags": ((1.0, "gcp", 0), (2.0, "azure", 512)),
             "acknowledged": 3, "versions": {"aws": "postgres 17.10"}}  # fmt: skip
    return DrillReport(
        **{
            "kind": "in-place",
            "cluster": "local-1",
            "began": 99.0,
            "ended": 110.0,
            "moves": (move,),
            **parts,
            **changes,
        }
    )


def test_it_says_what_was_lost_and_how_long_nobody_was_answered() -> None:
    """It names the acknowledged, the lost, the longest silence, the journal's hash and the versions."""
    page = drill_page.page(report())

    assert "3 writes were acknowledged and 0 of them lost (RPO)" in page
    assert "1.75 s" in page
    assert "ab" * 32 in page
    assert "postgres 17.10" in page
    assert len(drill_page.figures(report())) == 3


def test_it_needs_no_network(tmp_path: Path) -> None:
    """It loads nothing: no script, style, picture or frame from anywhere, and it is one file."""
    written = drill_page.write(report(), tmp_path / "drill.html").read_text()

    assert not re.search(r'<(script|link|img|iframe)[^>]+(src|href)="', written)
    assert "Plotly" in written


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lost": 2}, 'class="bad">3 writes were acknowledged and 2'),
        ({"acknowledged": 0, "answers": (), "lags": ()}, "nothing was moved"),
        ({"moves": (DrilledMove("rejoin", "aws", left_out="<b>its slot is lost</b>"),)}, "&lt;b&gt;its slot is lost"),
    ],
)
def test_what_went_wrong_is_said_first(changes: dict[str, object], words: str) -> None:
    """It says that something is lost, that nothing was moved, or why a move was left out."""
    assert words in drill_page.page(report(**changes))
