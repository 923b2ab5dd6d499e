"""What a failover works on: the plan, the candidate's database, the register, the other sites' words, and the journal."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg

from scripts.runbook import fence, status
from scripts.runbook.control import ControlStores
from scripts.runbook.errors import SiteSilent, StepTimedOut
from scripts.runbook.journal import Journal, Record
from scripts.runbook.lease import LeaseRecord, look, read_record
from scripts.runbook.mirror import LedgerMirror
from scripts.runbook.plan import Facts, FailoverPlan
from scripts.runbook.register import Register
from scripts.runbook.registers import open_register
from scripts.runbook.sites import Platform
from scripts.runbook.status import SiteStatus
from scripts.runbook.traffic import Traffic

Result = TypeVar("Result")

POLL_SECONDS = 0.03
DNS_TTL_SECONDS = 5


@dataclass(frozen=True)
class Reach:
    """What a command reaches the sites by: the register, and the control stores of every cloud."""

    platform: Platform
    loop: asyncio.Runner
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
class FailoverRun:
    """One failover under way. Nothing in it reaches for the lost site but its control store, which may stay silent."""

    reach: Reach
    plan: FailoverPlan
    runbook: str
    approved_by: str
    database: psycopg.Connection[Any]
    journal: Journal
    ledger: LedgerMirror
    warn: Callable[[str], None]
    traffic: Traffic
    valid_until: float = 0.0
    positions: dict[str, int] = field(default_factory=dict)

    @property
    def platform(self) -> Platform:
        return self.reach.platform

    @property
    def register(self) -> Register:
        return self.reach.register

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

    def __enter__(self) -> "FailoverRun":
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.close()
        self.database.close()


def gather_facts(reach: Reach, to: str, *, to_act: bool = False) -> Facts:
    """Ask everybody at once: the register, every site's last word, and the candidate's database.

    `to_act`: a person has said the word, so the register is asked for its promise already. Cloud Storage takes one write
    a second to an object, and this one then lies behind us when the epoch is to be won.
    """

    async def ask() -> tuple[LeaseRecord | None, list[status.Heard]]:
        heard = asyncio.gather(
            *(status.hear(reach.stores, reach.platform.public_keys, site) for site in reach.platform.sites)
        )
        promised = await reach.register.prepare() if to_act else None
        record = LeaseRecord.from_value(promised) if promised else await read_record(reach.register)
        return record, await heard

    record, heard = reach.loop.run(ask())
    statuses = {one.status.site: one.status for one in heard if one.status is not None}
    ages = {site: max(time.time() - known.at, 0.0) for site, known in statuses.items()}
    return Facts(record, statuses, ages, _database_answers(reach.platform, to))


def _database_answers(platform: Platform, site: str) -> bool:
    try:
        with psycopg.connect(platform.agent_url(site), connect_timeout=2) as connection:
            return fence.read(connection).site == site
    except psycopg.Error:
        return False


def _connect(platform: Platform, site: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(platform.agent_url(site), autocommit=True, connect_timeout=3)
    except psycopg.Error as reason:
        raise SiteSilent(site, "its database does not answer") from reason


def open_run(
    reach: Reach, plan: FailoverPlan, runbook: str, approved_by: str, warn: Callable[[str], None]
) -> FailoverRun:
    """Open what only a failover that acts needs: the candidate's database, the journal and the DNS vendors.

    Raises SiteSilent when the database stopped answering since the facts were gathered, JournalCorrupt.
    """
    platform = reach.platform
    journal = Journal(platform.journals / f"{runbook}.jsonl", runbook)
    if journal.torn:
        warn(f"the last line of the journal was torn when an earlier run was ended; it is kept in {journal.torn}")
    return FailoverRun(
        reach=reach, plan=plan, runbook=runbook, approved_by=approved_by, journal=journal, warn=warn,
        ledger=LedgerMirror(platform.ledger_stores, runbook, warn),
        database=_connect(platform, plan.new),
        traffic=Traffic(platform.vendors, platform.record_name, DNS_TTL_SECONDS),
    )  # fmt: skip
