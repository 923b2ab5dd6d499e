"""Runs a tuple of steps: say, act and verify, journal; stops at the first refusal and goes on there the next time."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import psycopg

from scripts.runbook.errors import LifeboatError, StepBroke
from scripts.runbook.journal import Journal, Record

Evidence = dict[str, Any]


class Run(Protocol):
    """What the runner needs of whatever a step works on."""

    @property
    def journal(self) -> Journal: ...

    @property
    def epoch(self) -> int: ...

    def mirror(self, record: Record) -> None: ...


RunType = TypeVar("RunType", bound=Run)


@dataclass(frozen=True)
class Step(Generic[RunType]):
    """One act with its check. `act` first asks whether it is already so, so it may be killed and run again."""

    name: str
    act: Callable[[RunType], Evidence]

    @property
    def title(self) -> str:
        """The first line of the step's docstring: what an operator reads while it runs."""
        return (self.act.__doc__ or self.name).strip().splitlines()[0]


def run_steps(
    steps: Sequence[Step[RunType]], run: RunType, say: Callable[[str], None], skips: Collection[str] = ()
) -> list[Record]:
    """Run every step in order, also those that an earlier run journalled: each finds out by itself that it is done.

    `skips`: names of steps that a drill leaves out; the journal says so.

    Raises whatever a step raises, after journalling it as refused; a lost connection becomes StepBroke.
    """
    # A run that was killed may have left its last records without their copies.
    for record in run.journal.records:
        run.mirror(record)
    records = []
    for number, step in enumerate(steps, 1):
        say(f"{number}/{len(steps)} {step.title}")
        start = time.time()
        if step.name in skips:
            run.mirror(run.journal.append(step.name, run.epoch, start, "skipped", {}))
            continue
        try:
            evidence = _attempt(step, run)
        except LifeboatError as refusal:
            run.mirror(run.journal.append(step.name, run.epoch, start, "refused", {"reason": str(refusal)}))
            raise
        record = run.journal.append(step.name, run.epoch, start, "done", evidence)
        run.mirror(record)
        records.append(record)
    return records


def _attempt(step: Step[RunType], run: RunType) -> Evidence:
    try:
        return step.act(run)
    except (psycopg.Error, OSError) as trouble:
        why = str(trouble).strip().splitlines() or [type(trouble).__name__]
        raise StepBroke(step.name, why[0].rstrip(".")) from trouble
