"""The steps of a switchover and of a failover, killed inside any act and begun again, end where an undisturbed run ends.

Two real servers, the register's own code on stores in memory, and the steps that change a site; DNS and the look from
outside change no site, and have tests of their own. What the agents do meanwhile is done by their own functions.
"""

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from scripts.runbook import fence, lease, replication, takedown_replay
from scripts.runbook.commissions import Commission
from scripts.runbook.failover import FailoverRun
from scripts.runbook.founding import found_register
from scripts.runbook.journal import Journal
from scripts.runbook.lease import LeaseRecord, Terms
from scripts.runbook.plan import FailoverPlan
from scripts.runbook.register import Register
from scripts.runbook.replication import Following
from scripts.runbook.rule import Rule
from scripts.runbook.runner import Step, run_steps
from scripts.runbook.signing import Signer
from scripts.runbook.steps import FAILOVER
from scripts.runbook.switchover_steps import HAND_OVER, SWITCHOVER
from scripts.runbook.takedowns import Ledger
from tests.conftest import RunningPostgres
from tests.runbook import dying
from tests.runbook.dying import Countdown, DyingStore, Killed
from tests.runbook.memory_stores import Stores
from tests.runbook.pairs import Pair, Site, act
from tests.runbook.test_rejoin_steps import MemoryControl

Result = TypeVar("Result")
Steps = tuple[Step[Any], ...]

SITES = ("aws", "gcp")
TERMS = Terms(duration=600.0, renew_every=60.0, drift=0.01, guard=0.5)
# How many moves are killed, each at two statements or store writes drawn at random in each of their parts.
MOVES = 60 if os.environ.get("LIFEBOAT_FULL") == "1" else 4
# The move stands still here until the others follow, and goes on from here to the first acknowledged write.
CUT = [step.name for step in FAILOVER].index("be_followed")
OPENING = FAILOVER[CUT : CUT + 2]


class World:
    """Two sites that hand over to each other, or take over from each other, under one register."""

    def __init__(self, pair: Pair, servers: dict[str, RunningPostgres], folder: Path, loop: asyncio.Runner) -> None:
        self.pair, self.servers, self.folder, self.loop = pair, servers, folder, loop
        self.signers = {site: Signer.create(site, folder / f"{site}.pem") for site in SITES}
        self.register_stores, self.control, self.starts = Stores(), MemoryControl(), 0
        self.drawn = random.Random(len(servers))
        first = LeaseRecord.first(pair.primary.name, Rule.of(pair.standby.name), (pair.standby.name,))
        self.wait_for(found_register(self.register_stores, "test", first.to_value()))

    def wait_for(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run(coroutine)

    def plan(self, *, single_copy: bool) -> FailoverPlan:
        old, new = self.pair.primary.name, self.pair.standby.name
        followers = () if single_copy else (old,)
        rule = Rule.of(*followers) if followers else Rule.single_copy()
        return FailoverPlan(old, new, self.pair.epoch, rule, (), followers, 0, ())

    def carries_out(self, site: Site, steps: Steps, plan: FailoverPlan, countdown: Countdown) -> None:
        """Start an agent's run at a site; it ends with its last step, or is killed when the countdown says so."""
        self.starts += 1
        name = f"move-{plan.epoch}"
        keys = {one: signer.public for one, signer in self.signers.items()}
        platform: Any = SimpleNamespace(public_keys=keys, terms=TERMS, sites=SITES, operators=dict,
                                        ledger_stores=lambda: self.control)  # fmt: skip
        stores = {name: DyingStore(store, countdown) for name, store in self.register_stores.items()}
        register = Register("test", 1, site.name, str(self.starts), stores)
        reach: Any = SimpleNamespace(platform=platform, loop=self.loop, register=register, stores=self.control)
        commission = Commission(name, "move", plan.new, plan.to_body(), "0" * 32, time.time() + 600, approved_by="ada")
        journal = Journal(self.folder / f"{name}-{site.name}.jsonl", name, self.signers[site.name], keys)
        mirror: Any = SimpleNamespace(copy=lambda record: None, close=lambda: None)
        database = dying.connect(self.servers[site.name], countdown)
        nothing: Any = None
        with FailoverRun(reach, site.name, commission, plan, database, journal, mirror, pytest.fail, nothing) as run:
            run_steps(steps, run, lambda sentence: None)

    def dies_in(self, site: Site, steps: Steps, plan: FailoverPlan, totals: dict[str, int]) -> None:
        """Kill a run twice, each time at a statement or store write drawn at random, then let a third start of it end."""
        part = f"{steps[0].name} to {steps[-1].name}"
        for _ in range(2 if part in totals else 0):
            last, heard = self.drawn.randint(1, totals[part]), self.drawn.random() < 0.5
            with contextlib.suppress(Killed):
                self._starts(site, steps, plan, Countdown(last, heard))
        undisturbed = Countdown()
        self._starts(site, steps, plan, undisturbed)
        totals.setdefault(part, undisturbed.count)

    def _starts(self, site: Site, steps: Steps, plan: FailoverPlan, countdown: Countdown) -> None:
        """Start a run, once an agent has finished what an earlier start may have left half-written in the register."""
        register = self.register_stores.register(site.name, f"agent {self.starts}")
        if not self.wait_for(lease.look(register)).committed:
            self.wait_for(lease.finish(register))
        self.carries_out(site, steps, plan, countdown)

    def opens(self, new: Site, plan: FailoverPlan, totals: dict[str, int]) -> None:
        """Let the new primary open, while its agent renews the lease that it won."""
        fence.adopt(new.agent, plan.epoch)
        fence.extend(new.agent, plan.epoch, fence.clock(new.agent) + TERMS.holder_seconds)
        self.dies_in(new, OPENING, plan, totals)
        self.pair.primary, self.pair.standby, self.pair.epoch = new, self.pair.primary, plan.epoch
        self.settle(plan)

    def settle(self, plan: FailoverPlan) -> None:
        """Say in the register that the move is over, as the new primary's agent does."""
        register = self.register_stores.register(plan.new, f"agent {plan.epoch}")
        before = fence.clock(self.pair.primary.agent)
        answer = self.wait_for(lease.settle(register, plan.new, plan.epoch, TERMS, before))
        assert answer.kind == "renewed"


@pytest.fixture(scope="module")
def world(make_postgres: Callable[[str], RunningPostgres], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    servers = {name: make_postgres(name) for name in SITES}
    with ExitStack() as stack, asyncio.Runner() as loop:
        pair = Pair(*(Site(name, servers[name], stack) for name in SITES))
        yield World(pair, servers, tmp_path_factory.mktemp("moves"), loop)


@pytest.fixture(autouse=True)
def no_takedowns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ledger be empty: these databases have no takedowns of an app, and the fence is passed all the same."""

    async def empty(platform: Any, known: Any) -> Ledger:
        return Ledger((), SITES, {}, ())

    monkeypatch.setattr(takedown_replay, "known_entries", lambda database: frozenset())
    monkeypatch.setattr(takedown_replay, "_beyond", empty)


def posts(world: World, number: int) -> None:
    made = "INSERT INTO person (id, name) VALUES (%s, %s)"
    world.pair.primary.does(act(made, number, f"number {number}"))


def test_a_switchover_killed_inside_any_act_reaches_the_same_end(world: World) -> None:
    """Whichever statements are the last ones of either agent, the new primary has every row, and the old one follows it."""
    totals: dict[str, int] = {}
    for number in range(MOVES + 1):
        posts(world, 1000 + number)
        old, new, plan = world.pair.primary, world.pair.standby, world.plan(single_copy=False)
        world.dies_in(old, HAND_OVER, plan, totals)
        assert not fence.read(old.agent).writable
        world.dies_in(new, SWITCHOVER[: CUT + 1], plan, totals)
        assert not fence.read(new.agent).open
        replication.follow(old.agent, old.name, Following(new.name, plan.epoch), new.conninfo, copy=False)
        world.opens(new, plan, totals)
        ends_as_it_should(world)
    assert min(totals.values()) > 3


def test_a_failover_killed_inside_any_act_reaches_the_same_end(world: World) -> None:
    """Whichever statements are its last ones, the new primary opens, and the old one comes back without a copy."""
    totals: dict[str, int] = {}
    for number in range(MOVES + 1):
        posts(world, 2000 + number)
        world.pair.primary.is_confirmed_by(world.pair.standby.name)
        old, new, plan = world.pair.primary, world.pair.standby, world.plan(single_copy=True)
        world.dies_in(new, FAILOVER[:CUT], plan, totals)
        assert not fence.read(new.agent).open
        world.opens(new, plan, totals)
        old.does(act("UPDATE person SET about = 'alone' WHERE id = %s", 2000 + number))
        world.pair.come_back()
        ends_as_it_should(world)
    assert min(totals.values()) > 3


def ends_as_it_should(world: World) -> None:
    """The new primary alone takes writes, under the epoch of the move, and the other site has all that it has."""
    old, new = world.pair.standby, world.pair.primary
    stands = fence.read(new.agent)
    assert (stands.open, stands.epoch) == (True, world.pair.epoch)
    assert not fence.read(old.agent).open
    assert replication.following(old.agent) == Following(new.name, world.pair.epoch)
    posts(world, 50_000 + world.pair.epoch)
    new.is_confirmed_by(old.name)
    assert old.holds() == new.holds()
