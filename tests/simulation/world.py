"""Three sites, three stores, one seed: what goes wrong, when, and whether an invariant breaks."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from scripts.runbook.acceptors import PacedAcceptor
from scripts.runbook.lease import LeaseRecord, Terms
from scripts.runbook.register import ZERO, AcceptorState, Register, Seen
from scripts.runbook.rule import Rule
from tests.simulation.agent import SimulatedAgent
from tests.simulation.database import Database, Entry
from tests.simulation.faults import Faults
from tests.simulation.network import Link, SimulatedStore
from tests.simulation.virtual_time import VirtualLoop

SITES = ("aws", "gcp", "azure")
CLUSTER, CONFIG = "simulated", 1


@dataclass(frozen=True)
class Variant:
    """How the simulated agents work; every field but the default is a way of doing it wrong, or a kind of fault."""

    counts_from_reply: bool = False
    compares_wall_clocks: bool = False
    takes_wiped_for_empty: bool = False
    hears_before_promotion: bool = True
    waits_for_commitment: bool = True
    remembers_ballots: bool = True
    mode: str | None = None
    damage: str | None = None
    pauses: int = 5


@dataclass(frozen=True)
class Word:
    """What a site has published: the epoch it obeys, whom it follows, and as what it stands."""

    epoch: int
    following: tuple[str, int] | None
    promoted: int


@dataclass
class Report:
    """What one run came to."""

    violations: list[str] = field(default_factory=list)
    takeovers: int = 0
    changes: int = 0
    acknowledged: int = 0
    simulated_seconds: float = 0.0


class ForgetfulRegister(Register):
    """The broken variant that trusts whatever ballot a store shows."""

    def _remember(self, name: str, state: AcceptorState) -> None:
        self._highest = max(self._highest, state.promised.number)


class World:
    """Everything that one seed decides."""

    terms = Terms(duration=30.0, renew_every=5.0, drift=0.01, guard=1.0)

    def __init__(self, seed: int, variant: Variant, seconds: float, loop: VirtualLoop) -> None:
        self.random, self.variant, self.seconds, self._loop = random.Random(seed), variant, seconds, loop
        self.sites = SITES
        self.late = self.random.choice([0, 0.02, 0.08])
        self.slow = self.random.choice([0, 0.05, 0.25])
        self.loss = self.random.choice([0, 0.02, 0.1])
        self.lie = self.random.choice([0, 0, 0.05])
        self.mode = variant.mode or self.random.choice(["auto", "auto", "confirm"])
        self.damage = variant.damage or self.random.choice([None, None, "wipe", "roll back"])
        self.drift = {site: self.random.uniform(-0.009, 0.009) for site in SITES}
        self.skew = {site: self.random.uniform(-25, 25) for site in SITES}
        self.paused = dict.fromkeys(SITES, 0.0)
        self.cuts: set[tuple[str, str]] = set()
        self.orders: dict[str, int] = {}
        self.draining: tuple[str, int] | None = None
        self.wall_expiry: dict[int, float] = {}
        self._numbers = 0
        self._board: dict[str, Word] = {}
        self.seen: dict[str, dict[str, Seen]] = {site: {} for site in SITES}
        self.newest_epoch = 1
        self.report = Report()
        self._winners: dict[int, set[str]] = defaultdict(set)
        self._terms_used: dict[int, list[list]] = defaultdict(list)
        self._promoted: dict[int, set[Entry]] = {}
        self._acknowledged: list[Entry] = []
        self.databases = {site: Database(self, site) for site in SITES}
        record = LeaseRecord.first("aws", Rule.of("gcp", "azure"), ("gcp", "azure"), self.mode)
        self.first = AcceptorState(CLUSTER, CONFIG, ZERO, ZERO, record.to_value())
        self.stores = {site: SimulatedStore(site, self.first, loop.time) for site in SITES}
        self._links: dict[str, list[Link]] = {}
        self._processes: dict[str, tuple[SimulatedAgent, asyncio.Task]] = {}

    # -- running

    async def run(self) -> Report:
        self._begin()
        chaos = self._loop.create_task(Faults(self).run())
        await asyncio.sleep(self.seconds)
        tasks = [chaos, *(self.end_process(site) for site in SITES)]
        chaos.cancel()
        for failure in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(failure, Exception):
                raise failure
        self._compare_terms()
        self.report.acknowledged, self.report.simulated_seconds = len(self._acknowledged), self.seconds
        return self.report

    def _begin(self) -> None:
        self.databases["aws"].promote(1)
        for site in ("gcp", "azure"):
            self.databases[site].follow("aws", 1)
        self._board = {site: Word(1, self.databases[site].following, self.databases[site].promoted) for site in SITES}
        self._winners[1].add("aws")
        for site in SITES:
            self.start_process(site)
            self.later(self.random.uniform(0, 2), self._write, site)

    def start_process(self, site: str) -> None:
        acceptors, self._links[site] = {}, []
        for name, store in self.stores.items():
            link = Link(self, site, store)
            paced = PacedAcceptor(link, clock=self._loop.time, jitter=self.random.random)
            self._links[site].append(link)
            acceptors[name] = paced if name == "gcp" else link
        kind = Register if self.variant.remembers_ballots else ForgetfulRegister
        register = kind(CLUSTER, CONFIG, site, f"{self.random.getrandbits(32):08x}", acceptors, seen=self.seen[site])
        agent = SimulatedAgent(self, site, register)
        self._processes[site] = (agent, agent.start())

    def end_process(self, site: str) -> asyncio.Task:
        agent, task = self._processes[site]
        for link in self._links[site]:
            link.dead = True
        task.cancel()
        agent.register.abandon()
        return task

    def _write(self, site: str) -> None:
        self.databases[site].write()
        self.later(self.random.uniform(0.5, 6), self._write, site)

    # -- clocks, network

    @property
    def now(self) -> float:
        return self._loop.now

    def clock(self, site: str) -> float:
        return self.now * (1 + self.drift[site])

    def wall(self, site: str) -> float:
        return self.now + self.skew[site]

    def real(self, site: str, clock: float) -> float:
        return clock / (1 + self.drift[site])

    async def sleep(self, site: str, seconds: float) -> None:
        await asyncio.sleep(seconds / (1 + self.drift[site]))

    async def while_paused(self, site: str) -> None:
        while (left := self.paused[site] - self.now) > 0:  # noqa: ASYNC110 (virtual time: another pause may follow)
            await asyncio.sleep(left)

    def later(self, seconds: float, act: Callable, *arguments: object) -> None:
        self._loop.call_later(seconds, act, *arguments)

    def delays(self) -> tuple[float, float]:
        there, back = self.hop(), self.hop()
        draw = self.random.random()
        if draw < self.late:
            there += self.random.uniform(1, 60)
        elif draw < self.late + self.slow:
            back += self.random.uniform(1, 25)
        return there, back

    def hop(self) -> float:
        return 0.01 + self.random.expovariate(20)

    def lost(self) -> bool:
        return self.random.random() < self.loss

    def lies(self) -> bool:
        return self.random.random() < self.lie

    def parted(self, one: str, other: str) -> bool:
        return (one, f"site {other}") in self.cuts or (other, f"site {one}") in self.cuts

    # -- what sites tell each other

    def others(self, site: str) -> list[str]:
        return [other for other in SITES if other != site]

    def planned_rule(self, site: str, old: str) -> Rule:
        third = [other for other in self.others(site) if other != old]
        return Rule.of(*(third if self.random.random() < 0.5 else self.others(site)))

    def reaches_board(self, site: str) -> bool:
        return any(not store.down and (site, name) not in self.cuts for name, store in self.stores.items())

    def say(self, site: str, epoch: int, following: tuple[str, int] | None) -> None:
        if self.reaches_board(site):
            self._board[site] = Word(epoch, following, self.databases[site].promoted)

    def hear(self, listener: str, site: str) -> Word | None:
        return self._board.get(site) if self.reaches_board(listener) else None

    def remember(self, site: str, register: Register) -> None:
        self.seen[site] = dict(register.remembered)

    # -- what must hold

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def won(self, site: str, epoch: int) -> None:
        self.report.takeovers += 1
        self._winners[epoch].add(site)
        if len(self._winners[epoch]) > 1:
            self._violated(f"I1 epoch {epoch} was won by {sorted(self._winners[epoch])}")
        self.renewed(site, epoch)

    def renewed(self, site: str, epoch: int) -> None:
        self.wall_expiry[epoch] = self.wall(site) + self.terms.duration

    def saw(self, agent: SimulatedAgent, record: LeaseRecord) -> None:
        self.newest_epoch = max(self.newest_epoch, record.epoch)
        if record.epoch < agent.seen_epoch:
            self._violated(f"I3 {agent.site} saw epoch {record.epoch} after {agent.seen_epoch}")
        agent.seen_epoch = max(agent.seen_epoch, record.epoch)
        self.orders = {site: epoch for site, epoch in self.orders.items() if epoch >= record.epoch}

    def writable(self, site: str, epoch: int, until: float) -> None:
        spans = self._terms_used[epoch]
        if until <= self.now:
            return  # a term that was over before its site heard of it opens nothing
        if spans and spans[-1][2] == site and spans[-1][1] >= self.now:
            spans[-1][1] = max(spans[-1][1], until)
        else:
            spans.append([self.now, until, site])

    def closed(self, site: str) -> None:
        for spans in self._terms_used.values():
            for span in spans:
                if span[2] == site and span[1] > self.now:
                    span[1] = self.now

    def _compare_terms(self) -> None:
        """I2: in mode auto no two sites could ever write at the same time."""
        if self.mode != "auto":
            return
        spans = sorted((start, end, site) for used in self._terms_used.values() for start, end, site in used)
        last = (0.0, 0.0, "")
        for span in spans:
            if span[0] < last[1] and span[2] != last[2]:
                both = f"{last[2]} and {span[2]} were both writable"
                self._violated(f"I2 {both} for {min(last[1], span[1]) - span[0]:.2f} s at {span[0]:.0f} s")
            last = max(last, span, key=lambda known: known[1])

    def acknowledged(self, site: str, entry: Entry) -> None:
        self._acknowledged.append(entry)
        for epoch, kept in self._promoted.items():
            if epoch > entry[0] and entry not in kept:
                self._violated(f"I4 {site} acknowledged {entry} after epoch {epoch} began without it")

    def promoted(self, site: str, epoch: int, log: list[Entry]) -> None:
        kept = set(log)
        self._promoted[epoch] = kept
        if lost := [entry for entry in self._acknowledged if entry[0] < epoch and entry not in kept]:
            self._violated(f"I4 {site} began epoch {epoch} without {len(lost)} acknowledged writes, {lost[0]} first")

    def _violated(self, sentence: str) -> None:
        self.report.violations.append(sentence)


def simulate(seed: int, variant: Variant | None = None, seconds: float = 1500.0) -> Report:
    """Run one seed to its end in virtual time."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        world = World(seed, variant or Variant(), seconds, loop)
        report = loop.run_until_complete(world.run())
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return report
