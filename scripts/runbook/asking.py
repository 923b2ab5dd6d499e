"""The operator's side: plan by what the register and the sites say, sign the request, and follow what the agents do.

It needs two of the three control stores of each kind, and no way into any database.
"""

import asyncio
import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass

from scripts.runbook import answers, requests
from scripts.runbook.answers import Answer
from scripts.runbook.control import ControlStores
from scripts.runbook.errors import BadSignature, NotPickedUp, RegisterUnreachable, RunSilent, RunStopped
from scripts.runbook.failover import Reach, ask_facts, gather_facts
from scripts.runbook.history import LastTime, last_time
from scripts.runbook.journal import Record, read_record
from scripts.runbook.mirror import record_key
from scripts.runbook.plan import Facts, Plan
from scripts.runbook.requests import Request, Wish
from scripts.runbook.signing import Signer
from scripts.runbook.status import RunStatus
from scripts.runbook.verbs import VERBS

PICK_UP_SECONDS = 10.0
HISTORY_SECONDS = 0.5
# How long an agent in the middle of a runbook may say nothing of itself before nobody waits for it any more.
SILENT_SECONDS = 30.0
LOOK_SECONDS = 0.1
QUIET_SECONDS = 2.0
# How long the last records may take to arrive in the ledgers after the agent said that it is done.
ARRIVAL_SECONDS = 5.0


@dataclass(frozen=True)
class Preflight:
    """What was found before anything is asked: the facts, and either the plan or the run that does it already.

    `last_time`: how long the verb took the last time, where a ledger says so quickly enough.
    """

    wish: Wish
    facts: Facts
    plan: Plan | None
    running: RunStatus | None
    last_time: LastTime | None


def preflight(reach: Reach, wish: Wish, *, to_act: bool = False) -> Preflight:
    """Gather the facts and plan. Raises RegisterUnreachable and whatever the verb's planner refuses by.

    `to_act`: a person has said the word already, and nothing waits for the history.
    """
    facts, before = (gather_facts(reach), None) if to_act else reach.loop.run(_ask_everybody(reach, wish))
    if facts.record is None:
        raise RegisterUnreachable(reach.platform.sites, dict(reach.register.faults))
    running = _running(facts, wish)
    plan = None if running else VERBS[wish.verb].plan(facts, wish, reach.platform.sites)
    return Preflight(wish, facts, plan, running, before)


async def _ask_everybody(reach: Reach, wish: Wish) -> tuple[Facts, LastTime | None]:
    """Gather the facts, and look into the history at the same time."""
    last_step = VERBS[wish.verb].steps[-1].name
    history = last_time(reach.platform.ledger_stores(), reach.platform.public_keys, wish.verb, last_step)
    looking = asyncio.create_task(history)
    facts = await ask_facts(reach.platform, reach.register, reach.stores)
    await asyncio.wait({looking}, timeout=HISTORY_SECONDS)
    if looking.done():
        return facts, looking.result()
    looking.cancel()
    return facts, None


def ask(reach: Reach, signer: Signer, found: Preflight) -> Request:
    """Sign the request for a plan that a person approved, and write it to every lease store that answers.

    Raises RegisterUnreachable when none took it.
    """
    record = found.facts.record
    if record is None or found.plan is None:
        raise RegisterUnreachable(reach.platform.sites)
    request = Request.make(
        reach.platform.cluster, signer.name, found.wish, record.holder, record.epoch, found.plan.to_body()
    )
    written = reach.loop.run(reach.stores.put(request.key, requests.seal(request, signer)))
    if not written.values:
        raise RegisterUnreachable(reach.platform.sites, written.failures)
    return request


@dataclass
class Follower:
    """Follows one runbook live: the agent's answers, and its journal as it arrives in the ledger stores."""

    reach: Reach
    site: str
    nonce: str
    ledger: ControlStores
    tell: Callable[[Record], None]
    accepted: Callable[[str], None]

    @classmethod
    def open(
        cls, reach: Reach, site: str, nonce: str, tell: Callable[[Record], None], accepted: Callable[[str], None]
    ) -> "Follower":
        async def opened() -> ControlStores:
            return reach.platform.ledger_stores()

        return cls(reach, site, nonce, reach.loop.run(opened()), tell, accepted)

    def to_the_end(self, known: str = "", until: float = 0.0) -> list[Record]:
        """Return the runbook's records once it is done.

        `known`: the runbook's name, where it is under way already; `until`: when the request expires.
        Raises NotPickedUp, RunSilent, or RunStopped with the agent's own sentence.
        """
        runbook, records = known or self._pick_up(until), []
        self.accepted(runbook)
        last_news = time.monotonic()
        while True:
            ended = self._hear("ended")
            fresh = self._fresh(runbook, len(records))
            records += fresh
            last_news = time.monotonic() if fresh else last_news
            quiet = time.monotonic() - last_news
            if ended is not None and self._is_all(ended, records, quiet):
                return records
            if quiet > QUIET_SECONDS:
                self._must_be_heard(runbook)
            time.sleep(LOOK_SECONDS)

    def _pick_up(self, until: float) -> str:
        deadline = time.monotonic() + PICK_UP_SECONDS
        while time.monotonic() < deadline:
            if (accepted := self._hear("accepted")) is not None:
                return accepted.runbook
            if (ended := self._hear("ended")) is not None:
                raise RunStopped(ended.sentence)
            time.sleep(LOOK_SECONDS / 2)
        clock = datetime.datetime.fromtimestamp(until, datetime.UTC).strftime("%H:%M:%S UTC")
        raise NotPickedUp(self.site, PICK_UP_SECONDS, clock)

    def _hear(self, kind: answers.Kind) -> Answer | None:
        keys = self.reach.platform.public_keys
        return self.reach.loop.run(answers.hear(self.reach.stores, keys, self.nonce, self.site, kind))

    def _is_all(self, ended: Answer, records: list[Record], quiet: float) -> bool:
        """Say whether nothing more will come. Raises RunStopped with the agent's sentence."""
        if not ended.done:
            raise RunStopped(ended.sentence)
        return len(records) >= ended.records or quiet > ARRIVAL_SECONDS

    def _fresh(self, runbook: str, known: int) -> list[Record]:
        """Return the records that arrived since, telling each."""
        fresh: list[Record] = []
        while (record := self._record(runbook, known + len(fresh) + 1)) is not None:
            self.tell(record)
            fresh.append(record)
        return fresh

    def _record(self, runbook: str, number: int) -> Record | None:
        copies = self.reach.loop.run(self.ledger.get(record_key(runbook, number))).values
        for copy in copies.values():
            try:
                if copy is not None:
                    return read_record(copy, self.reach.platform.public_keys)
            except (BadSignature, ValueError):
                continue  # another cloud may hold the true one; `lifeboat journal` names the altered one
        return None

    def _must_be_heard(self, runbook: str) -> None:
        facts = gather_facts(self.reach)
        silent = facts.ages.get(self.site, SILENT_SECONDS + 1)
        if silent > SILENT_SECONDS:
            raise RunSilent(self.site, runbook, silent)


def _running(facts: Facts, wish: Wish) -> RunStatus | None:
    """Return what the site is in the middle of, if that is just what is wished for."""
    said = facts.statuses.get(wish.to)
    if said is None or said.running is None or not facts.answers(wish.to):
        return None
    same = (said.running.verb, said.running.to) == (wish.verb, wish.to)
    return said.running if same else None
