"""The steps of a return, killed after each of them and begun again, end where an undisturbed run ends."""

import asyncio
import contextlib
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from obstore.store import MemoryStore

from scripts.runbook import replication, return_talk, status, takeovers, understudies
from scripts.runbook.commissions import Commission
from scripts.runbook.control import ControlStores
from scripts.runbook.copy_steps import COPY
from scripts.runbook.errors import CopyNeeded
from scripts.runbook.failover import Reach
from scripts.runbook.journal import Journal
from scripts.runbook.mirror import LedgerMirror
from scripts.runbook.rejoin_steps import REJOIN
from scripts.runbook.replication import Following
from scripts.runbook.returning import ReturnRun
from scripts.runbook.runner import Step, run_steps
from scripts.runbook.signing import Signer
from scripts.runbook.sites import Addressed, FolderKeeping, Platform
from scripts.runbook.status import SlotStatus
from scripts.runbook.way_back import ReturnPlan
from scripts.runbook.welcome import welcome
from tests.conftest import RunningPostgres
from tests.runbook import dying
from tests.runbook.dying import Countdown, Killed
from tests.runbook.invented_status import status_of
from tests.runbook.pairs import Pair, Site, act

SITES = ("aws", "gcp")
# At how many statements, drawn at random, a return is killed.
DEATHS = 100 if os.environ.get("LIFEBOAT_FULL") == "1" else 6


class MemoryControl(ControlStores):
    """Control stores that live in this process."""

    def __init__(self) -> None:
        self.deadline_seconds, self._under_way = 2.0, set()
        self.stores = {site: MemoryStore() for site in SITES}


class OnePlatform(Platform):
    """A platform of two servers that a test made."""

    conninfos: dict[str, str]

    def conninfo(self, publisher: Addressed, follower: str) -> str:
        return self.conninfos[next(site for site in SITES if site != follower)]


class PrimaryAgent:
    """Speaks for the primary and answers whoever comes back, with the real functions, in a thread."""

    def __init__(self, pair: Pair, stores: ControlStores, signers: dict[str, Signer], running: RunningPostgres) -> None:
        self.pair, self.stores, self.signers, self.running = pair, stores, signers, running
        self.stop, self.sequence = threading.Event(), 0
        self.thread = threading.Thread(target=asyncio.run, args=(self._speak(),))

    async def _speak(self) -> None:
        site, keys = self.pair.primary, {name: signer.public for name, signer in self.signers.items()}
        with psycopg.connect(self.running.agent_url, autocommit=True) as connection:
            while not self.stop.is_set():
                view, self.sequence = understudies.view(connection), self.sequence + 1
                slots = {one.name.removeprefix("to_"): SlotStatus(one.active, one.confirmed, one.retained_bytes, one.wal_status)
                         for one in view.slots}  # fmt: skip
                said = status_of(site.name, epoch=self.pair.epoch, sequence=self.sequence, at=time.time(), log=view.log,
                                 slots=slots, following=None)  # fmt: skip
                await status.publish(self.stores, self.signers[site.name], said)
                ask = await return_talk.hear_ask(self.stores, keys, self.pair.standby.name)
                if ask is not None and await return_talk.hear_answer(self.stores, keys, ask) is None:
                    key = return_talk.answer_key(ask.site)
                    await return_talk.say(self.stores, self.signers[site.name], key, welcome(connection, ask))
                await asyncio.sleep(0.02)

    def __enter__(self) -> "PrimaryAgent":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


class World:
    """Two servers, the primary's agent, and whatever a return needs."""

    def __init__(self, pair: Pair, servers: dict[str, RunningPostgres], folder: Path, loop: asyncio.Runner) -> None:
        self.pair, self.servers, self.folder, self.loop = pair, servers, folder, loop
        (folder / "keys").mkdir(parents=True)
        self.signers = {site: Signer.create(site, folder / "keys" / f"{site}.pem") for site in SITES}
        self.leases, self.ledgers = MemoryControl(), MemoryControl()
        self.warnings: list[str] = []

    def agent(self) -> PrimaryAgent:
        return PrimaryAgent(self.pair, self.leases, self.signers, self.servers[self.pair.primary.name])

    def plan(self, *, copy: bool = False) -> ReturnPlan:
        old, new = self.pair.standby, self.pair.primary
        took = takeovers.taken_over(new.agent, self.pair.epoch)
        assert took
        size = replication.table_bytes(new.agent)
        return ReturnPlan(old.name, new.name, self.pair.epoch, copy, "", old.name, took.position, 1, size, ())

    def run(self, plan: ReturnPlan, name: str, countdown: Countdown | None = None) -> ReturnRun:
        site = plan.site
        keys = {one: signer.public for one, signer in self.signers.items()}
        platform = object.__new__(OnePlatform)
        known = {"folder": self.folder, "keeping": FolderKeeping(self.folder), "public_keys": keys,
                 "conninfos": {"aws": self._site("aws").conninfo, "gcp": self._site("gcp").conninfo}}  # fmt: skip
        for part, value in known.items():
            object.__setattr__(platform, part, value)
        reach = Reach(platform, self.loop, None, self.leases)  # ty: ignore[invalid-argument-type]
        commission = Commission(name, "rejoin", site, plan.to_body(), "0" * 32, time.time() + 600)
        journal = Journal(self.folder / f"{name}.jsonl", name, self.signers[site], keys)
        ledger = LedgerMirror(lambda: self.ledgers, name, self.signers[site], self.warnings.append)
        database = dying.connect(self.servers[site], countdown or Countdown())
        return ReturnRun(reach, site, commission, plan, database, journal, ledger, self.warnings.append, None)  # ty: ignore[invalid-argument-type]

    def carries_out(
        self, steps: tuple[Step[Any], ...], plan: ReturnPlan, name: str, countdown: Countdown | None = None
    ) -> None:
        with self.run(plan, name, countdown) as run:
            run_steps(steps, run, lambda sentence: None)

    def _site(self, name: str) -> Site:
        return next(site for site in (self.pair.primary, self.pair.standby) if site.name == name)


@pytest.fixture(scope="module")
def world(make_postgres: Callable[[str], RunningPostgres], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    servers = {name: make_postgres(name) for name in SITES}
    with ExitStack() as stack, asyncio.Runner() as loop:
        pair = Pair(*(Site(name, servers[name], stack) for name in SITES))
        yield World(pair, servers, tmp_path_factory.mktemp("platform") / "one", loop)


def diverge(world: World, number: int) -> None:
    """Let the standby take over while the old primary writes what nobody hears of."""
    pair = world.pair
    made = "INSERT INTO person (id, name, about) VALUES (%s, %s, 'x')"
    pair.primary.does(act(made, number, f"before {number}"))
    pair.primary.is_confirmed_by(pair.standby.name)
    pair.take_over()
    pair.standby.does(
        act("UPDATE person SET about = 'tail' WHERE id = %s", number), act(made, number + 1, f"tail {number}")
    )
    pair.primary.does(act(made, number + 1, f"since {number}"))


def ends_equal(world: World) -> None:
    pair = world.pair
    assert replication.following(pair.standby.agent) == Following(pair.primary.name, pair.epoch)
    pair.primary.is_confirmed_by(pair.standby.name)
    assert pair.standby.holds() == pair.primary.holds()


@pytest.mark.parametrize("steps", [REJOIN, COPY], ids=["rejoin", "copy"])
def test_killed_after_any_step_it_goes_on_to_the_same_end(world: World, steps: tuple[Step[Any], ...]) -> None:
    """Each run but the last one ends after one more step; the last one finds everything done that was."""
    for killed_after in range(1, len(steps) + 1):
        diverge(world, 100 + 2 * killed_after + 100 * (steps is COPY))
        plan, name = world.plan(copy=steps is COPY), f"{'copy' if steps is COPY else 'rejoin'}-{killed_after}"
        with world.agent():
            world.carries_out(steps[:killed_after], plan, name)
            world.carries_out(steps, ReturnPlan.from_body(json.loads(json.dumps(plan.to_body()))), name)
        ends_equal(world)
    assert not world.warnings


@pytest.mark.parametrize("steps", [REJOIN, COPY], ids=["rejoin", "copy"])
def test_killed_inside_any_act_it_goes_on_to_the_same_end(world: World, steps: tuple[Step[Any], ...]) -> None:
    """Whichever statement is its last one, heard by the server or not, and whichever kills the next start."""
    kind, drawn = "copy" if steps is COPY else "rejoin", random.Random(len(steps))
    total = Countdown()
    for number in range(DEATHS + 1):
        diverge(world, (20_000 if steps is COPY else 10_000) + 2 * number)
        plan, name = world.plan(copy=steps is COPY), f"{kind}-inside-{number}"
        with world.agent():
            if number == 0:  # undisturbed, to know how many statements there are
                world.carries_out(steps, plan, name, total)
            for _ in range(min(number, 2)):
                dies = Countdown(drawn.randint(1, total.count), drawn.random() < 0.5)
                with contextlib.suppress(Killed):
                    world.carries_out(steps, plan, name, dies)
            world.carries_out(steps, plan, name)
        ends_equal(world)
    assert total.count > len(steps)


def test_the_report_is_kept_here_and_in_every_ledger_before_anything_changes(world: World) -> None:
    """It names the rows of the tail, and lies in the folder and in both stores, when the rows are still as they were."""
    diverge(world, 400)
    before = world.pair.standby.holds()
    with world.agent():
        world.carries_out(REJOIN[:3], world.plan(), "report")
    path = next((world.folder / "salvage").glob("report-*.json"))
    found = {row["key"]["id"]: row for row in json.loads(path.read_bytes())["rows"]}

    assert world.pair.standby.holds() == before
    assert (found["400"]["old"]["about"], found["400"]["new"]["about"]) == ("tail", "x")
    assert (found["401"]["old"]["name"], found["401"]["new"]["name"]) == ("tail 400", "since 400")
    assert path.stat().st_mode & 0o077 == 0
    for store in world.ledgers.stores.values():
        assert bytes(store.get(f"salvage/{path.name}").bytes()) == path.read_bytes()
    with world.agent():
        world.carries_out(REJOIN, world.plan(), "report")
    ends_equal(world)


def test_acknowledged_transactions_among_what_is_given_up_are_said_aloud(world: World) -> None:
    """Under a single copy everything was acknowledged: the count is in the report, and a warning names it."""
    diverge(world, 500)
    world.pair.standby.agent.execute("""UPDATE lifeboat.fence SET rule = '[{"sync": [], "needed": 0}]'""")
    with world.agent():
        world.carries_out(REJOIN, world.plan(), "loud")

    assert json.loads(next((world.folder / "salvage").glob("loud-*.json")).read_bytes())["acknowledged"] == 2
    assert [warning.split(" are among")[0] for warning in world.warnings] == ["2 acknowledged transactions"]
    world.warnings.clear()
    ends_equal(world)


def test_a_lost_slot_is_refused_with_its_reason_and_the_size_of_a_copy(world: World) -> None:
    """The primary says that it holds no slot any more; the copy then does it."""
    diverge(world, 600)
    understudies.drop_slot(world.pair.primary.agent, world.pair.standby.name)
    with world.agent():
        with pytest.raises(
            CopyNeeded, match=r"needs a full copy of \d+\.\d MiB, because the slot for \w+ on \w+ is lost"
        ):
            world.carries_out(REJOIN, world.plan(), "lost")
        world.carries_out(COPY, world.plan(copy=True), "lost-copy")
    ends_equal(world)
