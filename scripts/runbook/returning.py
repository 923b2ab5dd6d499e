"""What a site's return works on, in its own agent: the plan, its own database, and what the primary says when asked."""

import time
from dataclasses import dataclass
from typing import Any

from scripts.runbook import continuity, health, replication, return_talk, understudies
from scripts.runbook.errors import StepTimedOut
from scripts.runbook.failover import POLL_SECONDS, Run
from scripts.runbook.replication import Following
from scripts.runbook.return_talk import Answer, Ask
from scripts.runbook.status import SiteStatus
from scripts.runbook.tail import Tail
from scripts.runbook.way_back import ReturnPlan


@dataclass
class ReturnRun(Run[ReturnPlan]):
    """One return under way. It touches only the returning site's database; the primary's agent does the rest."""

    tail: Tail | None = None
    answer: Answer | None = None

    def ask(self, timeout_seconds: float = 60, **more: Any) -> Answer:
        """Ask the primary and wait for its answer; `more`: what an Ask carries besides. Raises StepTimedOut."""
        old = self.plan.old
        applied = None if self.plan.was_primary else understudies.applied_position(self.database, old)
        ask = Ask.of(self.site, self.plan.primary, self.epoch, applied, **more)
        stores, keys = self.reach.stores, self.platform.public_keys
        self.wait_for(return_talk.say(stores, self.platform.signer(self.site), return_talk.ask_key(self.site), ask))
        deadline = time.monotonic() + timeout_seconds
        while (answer := self.wait_for(return_talk.hear_answer(stores, keys, ask))) is None:
            if time.monotonic() > deadline:
                raise StepTimedOut(f"{self.plan.primary} does not answer {self.site}: is its agent running?")
            time.sleep(POLL_SECONDS)
        return answer

    def hear_primary(self) -> SiteStatus:
        """Return the primary's word under this run's epoch. Raises StepTimedOut when there is none."""
        primary = self.plan.primary
        return self.wait_to_hear(primary, lambda heard: True, f"{primary} says nothing under epoch {self.epoch}")

    def follows(self) -> bool:
        """Say whether the site follows already, from a slot that the primary still holds, and nothing is wrong with it."""
        now = replication.following(self.database)
        is_well = not continuity.went_back(self.database) and not health.trouble(self.database)
        return now == Following(self.plan.primary, self.epoch) and is_well and self._slot_is_there()

    def is_copying(self) -> bool:
        """Say whether a copy was begun that can be finished."""
        name = replication.subscription_name(self.plan.primary)
        if replication.following(self.database) is not None:
            return False  # the note of whom it follows goes before anything else, and comes back after the copy
        return name in replication.subscriptions(self.database) and self._slot_is_there()

    def conninfo(self) -> str:
        """Return how the site's subscription reaches the primary, where that says it is."""
        return self.platform.conninfo(self.hear_primary(), self.site)

    def _slot_is_there(self) -> bool:
        slot = self.hear_primary().slots.get(self.site)
        return slot is not None and slot.wal_status != "lost"
