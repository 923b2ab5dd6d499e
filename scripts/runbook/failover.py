"""What a runbook works on: the plan, this site's database, the register, the other sites' words, and the journal."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import psycopg

from scripts.runbook import status
from scripts.runbook.commissions import Commission
from scripts.runbook.control import ControlStores
from scripts.runbook.errors import RegisterUnreachable, SiteSilent, StepTimedOut
from scripts.runbook.journal import Journal, Record
from scripts.runbook.lease import LeaseRecord, look, read_record
from scripts.runbook.mirror import LedgerMirror
from scripts.runbook.plan import Facts, FailoverPlan, Plan
from scripts.runbook.register import Register
from scripts.runbook.registers import open_register
from scripts.runbook.sites import Platform
from scripts.runbook.status import SiteStatus
from scripts.runbook.takedowns import Ledger
from scripts.runbook.traffic import Traffic

Result = TypeVar("Result")
PlanType = TypeVar("PlanType", bound=Plan)

POLL_SECONDS = 0.03
# A renewal takes up to two conditional writes of Cloud Storage, which takes one a second; one left half-way is finished by
# another site's agent.
HALF_WAY_SECONDS = 5.0
DNS_TTL_SECONDS = 5


class Waiting(Protocol):
    """Runs asynchronous calls to their end for code that blocks: a command's own loop, or that of an agent's process."""

    def run(self, coroutine: Coroutine[Any, Any, Result], /) -> Result: ...


@dataclass(frozen=True)
class Reach:
    """What a command and a runbook reach the sites by: the register, and the control stores of every cloud."""

    platform: Platform
    loop: Waiting
    register: Register
    stores: ControlStores

    @classmethod
    def open(cls, platform: Platform, proposer: str, loop: asyncio.Runner) -> "Reach":
        """Open the register as `proposer` and the stores; nothing is asked yet."""

        async def opened() -> "Reach":
            register = open_register(platform, proposer)
            return cls(platform, loop, register, platform.lease_stores())

        return loop.run(opened())


@dataclass
class Run(Generic[PlanType]):
    """One runbook under way at `site`. Nothing in it reaches for a lost site but its control store, which may stay silent."""

    reach: Reach
    site: str
    commission: Commission
    plan: PlanType
    database: psycopg.Connection[Any]
    journal: Journal
    ledger: LedgerMirror
    warn: Callable[[str], None]
    traffic: Traffic

    @property
    def platform(self) -> Platform:
        return self.reach.platform

    @property
    def register(self) -> Register:
        return self.reach.register

    @property
    def runbook(self) -> str:
        return self.commission.runbook

    @property
    def epoch(self) -> int:
        return self.plan.epoch

    def wait_for(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run one asynchronous call of the register or the stores to its end."""
        return self.reach.loop.run(coroutine)

    def committed_record(self) -> LeaseRecord | None:
        """Return the register's newest record if the reading proves it committed, else None."""
        sighting = self.wait_for(look(self.register))
        return sighting.record if sighting.committed else None

    def known_record(self) -> LeaseRecord:
        """Return the register's committed record, after a renewal that is half-way. Raises RegisterUnreachable, StepTimedOut."""
        deadline = time.monotonic() + HALF_WAY_SECONDS
        while (record := self.committed_record()) is None:
            if time.monotonic() > deadline and not self.register.in_reach:
                raise RegisterUnreachable(self.platform.sites, dict(self.register.faults))
            if time.monotonic() > deadline:
                raise StepTimedOut(
                    f"the register's newest record is not proved committed for {HALF_WAY_SECONDS:g} s: "
                    "look at its holder's agent, then run the same command again"
                )
            time.sleep(POLL_SECONDS)
        return record

    def hear(self, site: str) -> SiteStatus | None:
        """Return a site's newest status under this run's epoch; an older epoch's word does not count any more."""
        heard = self.wait_for(status.hear(self.reach.stores, self.platform.public_keys, site)).status
        return heard if heard is not None and heard.epoch == self.epoch else None

    def wait_to_hear(
        self, site: str, condition: Callable[[SiteStatus], bool], complaint: str, timeout_seconds: float = 15
    ) -> SiteStatus:
        """Listen to a site until its status meets the condition. Raises StepTimedOut with the complaint."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            heard = self.hear(site)
            if heard is not None and condition(heard):
                return heard
            if time.monotonic() > deadline:
                raise StepTimedOut(f"{complaint} (waited {timeout_seconds:g} s)")
            time.sleep(POLL_SECONDS)

    def mirror(self, record: Record) -> None:
        """Begin to copy a journal record to every ledger store that answers; no step waits for it."""
        self.ledger.copy(record)

    def __enter__(self) -> "Run[PlanType]":
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.close()
        self.database.close()


@dataclass
class FailoverRun(Run[FailoverPlan]):
    """One change of primary under way, in the agent of the site that takes over.

    `valid_until`: the end of the term that was won, on the database's clock. `positions`: how far each site that was
    heard has applied the old primary's log, in bytes. `takedowns`: the ledger, as it is read beside the steps.
    """

    valid_until: float = 0.0
    positions: dict[str, int] = field(default_factory=dict)
    takedowns: Future[Ledger] | None = None


def gather_facts(reach: Reach, *, to_act: bool = False) -> Facts:
    """Ask everybody at once: the register, and every site's last word.

    `to_act`: a person has said the word, so the register is asked for its promise already. Cloud Storage takes one write
    a second to an object, and this one then lies behind us when the epoch is to be won.
    """
    return reach.loop.run(ask_facts(reach.platform, reach.register, reach.stores, to_act=to_act))


async def ask_facts(platform: Platform, register: Register, stores: ControlStores, *, to_act: bool = False) -> Facts:
    """Do the same inside a running event loop."""
    hearing = asyncio.gather(*(status.hear(stores, platform.public_keys, site) for site in platform.sites))
    promised = await register.prepare() if to_act else None
    record = LeaseRecord.from_value(promised) if promised else await read_record(register)
    statuses = {one.status.site: one.status for one in await hearing if one.status is not None}
    ages = {site: max(time.time() - known.at, 0.0) for site, known in statuses.items()}
    return Facts(record, statuses, ages)


RunType = TypeVar("RunType", bound=Run[Any])


def open_run(
    kind: type[RunType], reach: Reach, site: str, commission: Commission, plan: Plan, warn: Callable[[str], None]
) -> RunType:
    """Open what only a runbook that acts needs: its site's database, the journal and the DNS vendors.

    Raises SiteSilent when the database does not answer, JournalCorrupt.
    """
    platform, signer, runbook = reach.platform, reach.platform.signer(site), commission.runbook
    journal = Journal(platform.journals / f"{runbook}.jsonl", runbook, signer, platform.public_keys)
    if journal.torn:
        warn(f"the last line of the journal was torn when an earlier run was ended; it is kept in {journal.torn}")
    return kind(
        reach=reach, site=site, commission=commission, plan=plan, journal=journal, warn=warn,
        ledger=LedgerMirror(platform.ledger_stores, runbook, signer, warn),
        database=_connect(platform, site),
        traffic=Traffic(platform.vendors, platform.record_name, DNS_TTL_SECONDS),
    )  # fmt: skip


def _connect(platform: Platform, site: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(platform.agent_url(site), autocommit=True, connect_timeout=3)
    except psycopg.Error as reason:
        raise SiteSilent(site, "its database does not answer") from reason
