"""What a runbook takes from the register: only what is committed, after what is half-way."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.runbook import failover
from scripts.runbook.errors import RegisterUnreachable, StepTimedOut
from scripts.runbook.failover import Run
from scripts.runbook.founding import found_register
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.register import Register, Sighting
from scripts.runbook.rule import Rule
from tests.runbook.memory_stores import NAMES, Stores


class HalfWay(Register):
    """The register, in which a renewal is half-way for so many looks."""

    looks = 0

    async def look(self) -> Sighting:
        self.looks -= 1
        found = await super().look()
        return Sighting(found.value, found.committed and self.looks < 0)


class World:
    """A run over three stores in memory."""

    def __init__(self, loop: asyncio.Runner) -> None:
        self.stores = Stores()
        first = LeaseRecord.first("aws", Rule.of("gcp", "azure"), ("gcp", "azure"))
        loop.run(found_register(self.stores, "test", first.to_value()))
        self.register = HalfWay("test", 1, "gcp", "1", self.stores)
        run: Any = SimpleNamespace(register=self.register, platform=SimpleNamespace(sites=NAMES), wait_for=loop.run)
        run.committed_record = lambda: Run.committed_record(run)
        self.known_record = lambda: Run.known_record(run)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(failover, "HALF_WAY_SECONDS", 0.3)
    with asyncio.Runner() as loop:
        yield World(loop)


def test_a_renewal_that_is_half_way_is_waited_for(world: World) -> None:
    """Three looks find it half-way; the fourth one's record is what the runbook goes by."""
    world.register.looks = 3

    assert world.known_record().holder == "aws"
    assert world.register.looks == -1


def test_one_that_stays_half_way_is_told(world: World) -> None:
    """The stores answer, so it is not called silence."""
    world.register.looks = 1_000_000

    with pytest.raises(StepTimedOut, match=r"not proved committed for 0\.3 s: look at its holder's agent"):
        world.known_record()


def test_silence_names_the_stores(world: World) -> None:
    """Two of three are gone."""
    world.stores.only("azure")

    with pytest.raises(RegisterUnreachable, match=r"2 of the 3 control stores must answer \(aws: .*; gcp: "):
        world.known_record()
