"""The runner: order, refusals, and a run that is killed anywhere and goes on to the same end."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from scripts.runbook.errors import JournalFull, SiteSilent, StepBroke
from scripts.runbook.journal import Journal, Record
from scripts.runbook.runner import Step, run_steps
from tests.runbook.journals import open_journal, records_of


class Killed(BaseException):
    """The end of the process: nothing below catches it."""


@dataclass
class World:
    """What the steps change: it outlives the process that runs them. `done` counts what each step really did."""

    done: list[str] = field(default_factory=list)
    mirrored: dict[int, str] = field(default_factory=dict)


@dataclass
class PureRun:
    """One start of a runbook over the world; `dies` says where it is killed: (step, before | after | unmirrored)."""

    world: World
    journal: Journal
    dies: tuple[str, str] | None = None
    epoch: int = 2

    def mirror(self, record: Record) -> None:
        if self.dies == (record.step, "unmirrored"):
            raise Killed
        self.world.mirrored[record.number] = record.hash

    def act(self, step: str) -> dict[str, Any]:
        """Do it unless it is already so, as every step must."""
        if self.dies == (step, "before"):
            raise Killed
        if step not in self.world.done:
            self.world.done.append(step)
        if self.dies == (step, "after"):
            raise Killed
        return {"done": list(self.world.done)}


def win(run: PureRun) -> dict[str, Any]:
    """Win the epoch.

    More that no operator reads.
    """
    return run.act("win")


def follow(run: PureRun) -> dict[str, Any]:
    """The others follow."""
    return run.act("follow")


def open_writes(run: PureRun) -> dict[str, Any]:
    """Writes open."""
    return run.act("open_writes")


STEPS = tuple(Step(act.__name__, act) for act in (win, follow, open_writes))
NAMES = [step.name for step in STEPS]


def fresh_run(world: World, path: Path, dies: tuple[str, str] | None = None) -> PureRun:
    return PureRun(world, open_journal(path), dies)


def done_steps(path: Path) -> list[str]:
    return [record.step for record in records_of(path) if record.outcome == "done"]


def test_it_says_acts_records_and_mirrors_in_order(tmp_path: Path) -> None:
    """Each step is announced by the first line of what it says of itself, and recorded with its evidence and epoch."""
    world, said = World(), []

    records = run_steps(STEPS, fresh_run(world, tmp_path / "x.jsonl"), said.append)

    assert said == ["1/3 Win the epoch.", "2/3 The others follow.", "3/3 Writes open."]
    assert [record.step for record in records] == NAMES == world.done
    assert records == list(records_of(tmp_path / "x.jsonl"))
    assert [(record.epoch, record.outcome, record.runbook) for record in records] == [(2, "done", "failover-2")] * 3
    assert [record.evidence["done"] for record in records] == [NAMES[:1], NAMES[:2], NAMES]
    assert all(record.start <= record.end for record in records)
    assert world.mirrored == {record.number: record.hash for record in records}


@pytest.mark.parametrize("step", NAMES)
@pytest.mark.parametrize("moment", ["before", "after", "unmirrored"])
def test_killed_anywhere_it_goes_on_to_the_same_end(tmp_path: Path, step: str, moment: str) -> None:
    """Before a step's act, between act and record, between record and mirror: each thing is done once, and every
    record that lies here lies in the ledger too."""
    world, path = World(), tmp_path / "x.jsonl"
    with pytest.raises(Killed):
        run_steps(STEPS, fresh_run(world, path, (step, moment)), lambda sentence: None)
    before = list(records_of(path)) if path.exists() else []

    run_steps(STEPS, fresh_run(world, path), lambda sentence: None)

    records = list(records_of(path))
    assert world.done == NAMES
    assert [record.step for record in records][-3:] == NAMES
    assert records[: len(before)] == before
    assert world.mirrored == {record.number: record.hash for record in records}


def test_killed_at_every_moment_one_after_the_other(tmp_path: Path) -> None:
    """Nine deaths in a row end like none."""
    world, path = World(), tmp_path / "x.jsonl"

    for moment in ("before", "after", "unmirrored"):
        for step in NAMES:
            with pytest.raises(Killed):
                run_steps(STEPS, fresh_run(world, path, (step, moment)), lambda sentence: None)
    run_steps(STEPS, fresh_run(world, path), lambda sentence: None)

    assert world.done == NAMES
    assert set(done_steps(path)) == set(NAMES)


def test_killed_in_the_middle_of_a_line_it_goes_on(tmp_path: Path) -> None:
    """The torn record is set aside, the step finds itself done, and the chain holds."""
    world, path = World(), tmp_path / "x.jsonl"
    run_steps(STEPS, fresh_run(world, path), lambda sentence: None)
    path.write_bytes(path.read_bytes()[:-20])

    run = fresh_run(world, path)
    run_steps(STEPS, run, lambda sentence: None)

    assert run.journal.torn
    assert done_steps(path) == ["win", "follow", *NAMES]
    assert world.done == NAMES


def test_a_refusal_is_recorded_and_ends_the_run(tmp_path: Path) -> None:
    """No later step begins; the reason is in the journal and in its mirror; afterwards the same run goes on."""
    world, path, said = World(), tmp_path / "x.jsonl", []

    def refuse(run: PureRun) -> dict[str, Any]:
        """The others follow."""
        raise SiteSilent("azure", "its database does not answer")

    with pytest.raises(SiteSilent):
        run_steps((STEPS[0], Step("follow", refuse), STEPS[2]), fresh_run(world, path), said.append)
    run_steps(STEPS, fresh_run(world, path), lambda sentence: None)

    records = list(records_of(path))
    assert len(said) == 2
    assert [(record.step, record.outcome) for record in records] == [
        ("win", "done"),
        ("follow", "refused"),
        *((name, "done") for name in NAMES),
    ]
    assert records[1].evidence == {
        "reason": "azure cannot take over: its database does not answer. Choose another site, or bring azure back first."
    }
    assert records[1].number in world.mirrored


def test_a_database_that_breaks_off_is_a_recorded_sentence_too(tmp_path: Path) -> None:
    """A lost connection in the middle of a step names the step and what to do, and is no fault of the program."""
    world, path = World(), tmp_path / "x.jsonl"

    def break_off(run: PureRun) -> dict[str, Any]:
        """Win the epoch."""
        raise psycopg.OperationalError("server closed the connection unexpectedly\n\tThis probably means ...")

    with pytest.raises(StepBroke) as broke:
        run_steps((Step("win", break_off), *STEPS[1:]), fresh_run(world, path), lambda sentence: None)

    assert str(broke.value) == (
        "step win broke off: server closed the connection unexpectedly. Nothing after it was begun; "
        "run the same command again."
    )
    (record,) = records_of(path)
    assert (record.outcome, record.evidence["reason"], world.done) == ("refused", str(broke.value), [])


def test_a_fault_of_the_program_is_not_hidden(tmp_path: Path) -> None:
    """It comes out as it is: nobody may take it for a refusal."""

    def stumble(run: PureRun) -> dict[str, Any]:
        """Win the epoch."""
        raise KeyError("azure")

    with pytest.raises(KeyError):
        run_steps((Step("win", stumble),), fresh_run(World(), tmp_path / "x.jsonl"), lambda sentence: None)


def test_with_a_full_disk_no_further_step_begins(tmp_path: Path) -> None:
    """The step that acted is found done when there is space again."""
    world, path = World(), tmp_path / "folder" / "x.jsonl"
    (tmp_path / "folder").write_text("in the way")

    with pytest.raises(JournalFull):
        run_steps(STEPS, fresh_run(world, path), lambda sentence: None)
    at_the_refusal = list(world.done)
    (tmp_path / "folder").unlink()
    run_steps(STEPS, fresh_run(world, path), lambda sentence: None)

    assert at_the_refusal == ["win"]
    assert world.done == done_steps(path) == NAMES


def test_a_step_without_words_is_called_by_its_name() -> None:
    """The title falls back to the name."""
    assert Step("promote", lambda run: {}).title == "promote"
