"""Winning the epoch: it goes on asking while the stores answer, and says what is so when it gives up."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from scripts.runbook import steps
from scripts.runbook.errors import RegisterContended, RegisterUnreachable
from scripts.runbook.founding import found_register
from scripts.runbook.lease import LeaseRecord, Terms, look
from scripts.runbook.plan import FailoverPlan
from scripts.runbook.register import UNKNOWN, Change, Outcome, Register
from scripts.runbook.rule import Rule
from tests.conftest import RunningPostgres
from tests.runbook.memory_stores import NAMES, Stores

TERMS = Terms(duration=6.0, renew_every=1.5, drift=0.01, guard=0.5)
PLAN = FailoverPlan("aws", "gcp", 1, Rule.of("azure"), (), ("azure",), 0, ())


class Contended(Register):
    """The register, with other proposers that come in between the first `times` times."""

    times = 0

    async def propose(self, change: Change) -> Outcome:
        self.times -= 1
        return UNKNOWN if self.times >= 0 else await super().propose(change)


class World:
    """gcp's run, three stores in memory, and gcp's real database."""

    def __init__(self, loop: asyncio.Runner, database: psycopg.Connection[Any]) -> None:
        self.loop, self.stores = loop, Stores()
        first = LeaseRecord.first("aws", Rule.of("gcp", "azure"), ("gcp", "azure"))
        loop.run(found_register(self.stores, "test", first.to_value()))
        self.register = Contended("test", 1, "gcp", "1", self.stores)
        commission = SimpleNamespace(approved_by="ada", watched=None)
        self.run: Any = SimpleNamespace(
            plan=PLAN, epoch=2, runbook="move-2", register=self.register, database=database, commission=commission,
            platform=SimpleNamespace(terms=TERMS, sites=NAMES), wait_for=loop.run)  # fmt: skip

    def holder(self) -> str:
        sighting = self.loop.run(look(self.register))
        assert sighting.record is not None
        return sighting.record.holder


@pytest.fixture
def world(app_database: RunningPostgres) -> Iterator[World]:
    with asyncio.Runner() as loop, psycopg.connect(app_database.agent_url, autocommit=True) as database:
        yield World(loop, database)


def test_it_asks_again_while_others_come_in_between(world: World) -> None:
    """Six proposals in a row are undecided, more than one takeover tries by itself; the epoch is won all the same."""
    world.register.times = 6

    assert steps.win_epoch(world.run)["holder"] == "gcp"
    assert world.holder() == "gcp"


def test_what_others_prevent_is_not_called_silence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every store answers, and still nothing is decided: it says so, and that the same command goes on."""
    monkeypatch.setattr(steps, "CONTENDED_SECONDS", 0)
    world.register.times = 100

    with pytest.raises(RegisterContended, match=r"written by others at the same moment each time .* it goes on"):
        steps.win_epoch(world.run)
    assert world.holder() == "aws"


def test_silence_is_told_at_once(world: World) -> None:
    """Two stores are gone: nobody can know, and both are named."""
    world.stores.only("azure")

    with pytest.raises(RegisterUnreachable, match=r"2 of the 3 control stores must answer \(aws: .*; gcp: "):
        steps.win_epoch(world.run)
