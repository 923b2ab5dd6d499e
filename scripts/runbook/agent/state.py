"""What the agent's loops share: the stores, the register, the database, and the newest record that is proved committed."""

import asyncio
import datetime
import secrets
import time
from typing import Any

from scripts.runbook.agent.alarms import Alarms
from scripts.runbook.agent.memory import RuleMemory
from scripts.runbook.agent.own_thread import LoopOfProcess, OwnThread
from scripts.runbook.agent.words import Words
from scripts.runbook.agent_database import AgentDatabase
from scripts.runbook.commissions import Commission
from scripts.runbook.failover import Reach
from scripts.runbook.health import Health
from scripts.runbook.in_force import InForce
from scripts.runbook.lease import LeaseKey, LeaseRecord, Watch
from scripts.runbook.measures import LeaseWatch
from scripts.runbook.registers import open_register
from scripts.runbook.requests import Request
from scripts.runbook.sites import Platform

# How often the register is read; during a move, how soon after another site's word this one acts on it.
FOLLOW_SECONDS = 0.25
MOVING_SECONDS = 0.05


class Agent:
    """One site's agent: what it knows of the register, the other sites and its own database."""

    def __init__(self, platform: Platform, site: str) -> None:
        self.platform, self.site = platform, site
        self.stores = platform.lease_stores()
        self.signer = platform.signer(site)
        self.register = open_register(platform, site)
        # The lease has a connection of its own, so that a long look into a slot never delays a renewal.
        self.lease_database = AgentDatabase(platform.agent_url(site))
        self.database = AgentDatabase(platform.agent_url(site))
        # A runbook blocks for seconds: it has a thread of its own, and nothing waits for it when the process ends.
        self.run_database = AgentDatabase(platform.agent_url(site))
        self.run_thread = OwnThread("runbook")
        self.approved: asyncio.Queue[Request | Commission] = asyncio.Queue()
        self.considering = False
        self.running: Commission | None = None
        # What lies under each operator's name, what nobody acts on, and the moves in which this site is to hand over: nonces.
        self.lying: dict[str, str] = {}
        self.distrusted: set[str] = set()
        self.invitations: dict[str, Request] = {}
        # A look at the slots, and waiting for them, must hold up neither the lease nor the status.
        self.rule_database = AgentDatabase(platform.agent_url(site))
        self.rule_memory = RuleMemory()
        self.in_force = InForce()
        self.register_written = 0.0
        self.words = Words()
        self.alarms = Alarms()
        # Where the own database is, once its name was looked up; where the subscription was last told that the primary is.
        self.database_address = ""
        self.reconnected_to = ""
        self.health: Health | None = None
        self.proofs: dict[str, Any] = {}
        # What this site said last of how often it looked at its database; None until a store said it.
        self.looks: int | None = None
        self.proved_at = float("-inf")
        self.renewal_due = 0.0
        self.watch = Watch(platform.terms, time.monotonic)
        # The late renewal that a promise was asked for; in mode auto, when this site may try to take over again.
        self.prepared: LeaseKey | None = None
        self.may_stand_in_at = 0.0
        self.may_finish_at = 0.0
        # A person asked for another primary: until then the register is looked at as if that were under way.
        self.move_expected_until = 0.0
        self.started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds") + "-" + secrets.token_hex(3)
        self.sequence = 0
        self.has_spoken = asyncio.Event()
        self.changed = asyncio.Event()
        self.failures: dict[str, str] = {}
        self.lease_watch = LeaseWatch()
        self.answered: set[str] = set()

    @property
    def record(self) -> LeaseRecord | None:
        """The newest record that is known to be committed."""
        return self.in_force.record

    def renewed(self, record: LeaseRecord, began: float) -> None:
        """Take in the answer to this site's own proposal, and when that was begun (monotonic seconds)."""
        self.in_force.renewed(record, began)
        self.register_written = time.monotonic()
        self.renewal_due = self.register_written + self.platform.terms.renew_every

    def reopen_register(self) -> None:
        """Open the register as this machine is told of it now: a provider was replaced for good."""
        self.register = open_register(self.platform.keeping.again(), self.site)

    def reach_for_thread(self) -> Reach:
        """Return, in the event loop, a thread's way to the register and the stores that the loop itself uses.

        One proposer a process: two would take each other's promises away, at one write a second in Cloud Storage.
        """
        return Reach(self.platform, LoopOfProcess(asyncio.get_running_loop()), self.register, self.stores)

    @property
    def about_to_begin(self) -> bool:
        """Whether a request was handed on and it is not known yet whether it becomes the runbook that this site is busy with."""
        return self.running is None and (self.considering or not self.approved.empty())

    @property
    def is_holder(self) -> bool:
        return self.record is not None and self.record.holder == self.site and self.record.state != "released"

    @property
    def moving(self) -> bool:
        """Whether a change of primary is under way: the lease is on its way to another site, or not settled there yet."""
        return self.record is not None and self.record.state != "held"

    @property
    def follow_seconds(self) -> float:
        """How soon the register is read again: often while others wait for what this site does next."""
        return MOVING_SECONDS if self.moving or time.monotonic() < self.move_expected_until else FOLLOW_SECONDS
