"""A runbook's steps on a time axis, as lengths a template can draw: a person sees where the seconds went."""

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.runbook.journal import Record

# The drawing's own units; the page scales it.
WIDTH, LABEL, ROW, TOP = 1000.0, 190.0, 26.0, 22.0
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)


@dataclass(frozen=True)
class Bar:
    """One step: where its bar begins and how long it is (drawing units), and what to write beside it."""

    step: str
    x: float
    y: float
    width: float
    took: str
    outcome: str


@dataclass(frozen=True)
class Tick:
    """One mark of the time axis."""

    x: float
    label: str


@dataclass(frozen=True)
class Timeline:
    """A whole drawing: `height` in drawing units, `seconds` from the first step's start to the last one's end."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    height: float
    seconds: float


def draw(records: Sequence[Record]) -> Timeline | None:
    """Lay out a runbook's records; None when there are none."""
    if not records:
        return None
    began = min(record.start for record in records)
    seconds = max(max(record.end for record in records) - began, 0.001)
    scale = (WIDTH - LABEL - 80) / seconds
    bars = tuple(_bar(row, record, began, scale) for row, record in enumerate(records))
    return Timeline(bars, tuple(_ticks(seconds, scale)), TOP + ROW * len(records) + 6, seconds)


def _bar(row: int, record: Record, began: float, scale: float) -> Bar:
    return Bar(
        record.step.replace("_", " "), LABEL + (record.start - began) * scale, TOP + row * ROW,
        max((record.end - record.start) * scale, 2.0), f"{record.end - record.start:.2f} s", record.outcome,
    )  # fmt: skip


def _ticks(seconds: float, scale: float) -> list[Tick]:
    """Return about six marks at round numbers."""
    step = next((tick for tick in TICKS if seconds / tick <= 7), TICKS[-1])
    return [Tick(LABEL + number * step * scale, f"{number * step:g} s") for number in range(int(seconds / step) + 1)]
