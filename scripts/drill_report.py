"""What a drill showed: plain data, complete as JSON, readable as text."""

import dataclasses
import datetime
import json
import os
import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.failover import Done
from scripts.runbook.journal import Record
from scripts.runbook.verbs import VERBS


@dataclass(frozen=True)
class DrilledStep:
    """One step of a move: when it began and ended (seconds since 1970), how it ended, and on which evidence."""

    name: str
    title: str
    start: float
    end: float
    outcome: str
    evidence: dict[str, Any]


@dataclass(frozen=True)
class DrilledMove:
    """One move of a drill.

    `seconds_without_writes`: what people posting through the app's address saw; None where the move takes no writes away.
    `journal_hash`: of its journal's last record, which names every record before. `left_out`: why it was not done, if so.
    """

    verb: str
    to: str
    plan: dict[str, Any] = field(default_factory=dict)
    runbook: str = ""
    steps: tuple[DrilledStep, ...] = ()
    seconds: float = 0.0
    seconds_without_writes: float | None = None
    left_out: str = ""
    journal_hash: str = ""

    @classmethod
    def of(cls, verb: str, to: str, done: Done, seconds: float, gap: float | None = None) -> "DrilledMove":
        records = done.records
        plan = done.found.plan.to_body() if done.found.plan else {}
        runbook = records[0].runbook if records else ""
        steps = tuple(_step(verb, record) for record in records)
        ended = records[-1].hash if records else ""
        return cls(verb, to, plan, runbook, steps, round(seconds, 3), gap, journal_hash=ended)


@dataclass(frozen=True)
class DrillReport:
    """One drill, whole: `lost` counts acknowledged posts and pictures that were not there at the end.

    `answers`: for each acknowledged write, seconds since the drill began and seconds it took. `lags`: seconds since it
    began, a standby, and the bytes it was behind. `versions`: what each site said that it runs.
    """

    kind: str
    cluster: str
    began: float
    ended: float
    moves: tuple[DrilledMove, ...]
    acknowledged: int = 0
    unknown: int = 0
    lost: int = 0
    skipped_steps: tuple[str, ...] = ()
    answers: tuple[tuple[float, float], ...] = ()
    lags: tuple[tuple[float, str, int], ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=lambda: machine())

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def write(self, folder: Path) -> Path:
        """Write the report as JSON and as text, named after its moment; returns the JSON's path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.kind}-{_moment(self.began, '%Y%m%dT%H%M%SZ')}.json"
        path.write_text(json.dumps(self.to_json(), indent=1, ensure_ascii=False))
        path.with_suffix(".txt").write_text(self.to_text())
        return path

    def to_text(self) -> str:
        head = [f"Drill {self.kind} of {self.cluster}, {_moment(self.began, '%Y-%m-%d %H:%M UTC')}, "
                f"{self.ended - self.began:.0f} s"]  # fmt: skip
        body = [line for move in self.moves for line in _lines(move)]
        tail = [f"steps left out by name: {', '.join(self.skipped_steps) or 'none'}"]
        if self.kind == "in-place":
            tail.append(f"acknowledged {self.acknowledged}, lost {self.lost}, unknown {self.unknown}")
        return "\n".join([*head, *body, *tail]) + "\n"


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {"cores": os.cpu_count(), "system": platform.platform(), "python": sys.version.split()[0],
            "load": round(os.getloadavg()[0], 2)}  # fmt: skip


def _step(verb: str, record: Record) -> DrilledStep:
    titles = {step.name: step.title for step in VERBS[verb].steps}
    title = titles.get(record.step, record.step)
    return DrilledStep(record.step, title, record.start, record.end, record.outcome, record.evidence)


def _lines(move: DrilledMove) -> list[str]:
    if move.left_out:
        return [f"\n{move.verb} {move.to}: left out, {move.left_out}"]
    gap = "" if move.seconds_without_writes is None else f", {move.seconds_without_writes:.2f} s without writes"
    return [
        f"\n{move.verb} {move.to}: {move.seconds:.2f} s{gap} ({move.runbook})",
        *(f"  {step.end - step.start:6.2f} s  {step.outcome:8} {step.title}" for step in move.steps),
    ]


def _moment(seconds: float, how: str) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime(how)
