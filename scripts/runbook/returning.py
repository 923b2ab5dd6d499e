"""What a site's return works on, in its own agent: the plan, its own database, and what the primary says when asked."""

import time
from dataclasses import dataclass

from scripts.runbook import return_talk
from scripts.runbook.errors import StepTimedOut
from scripts.runbook.failover import POLL_SECONDS, Run
from scripts.runbook.return_talk import Answer, Ask
from scripts.runbook.status import SiteStatus
from scripts.runbook.tail import Tail
from scripts.runbook.way_back import ReturnPlan


@dataclass
class ReturnRun(Run[ReturnPlan]):
    """One return under way. It touches only the returning site's database; the primary's agent does the rest."""

    tail: Tail | None = None
    answer: Answer | None = None

    def ask(self, ask: Ask, timeout_seconds: float = 60) -> Answer:
        """Ask the primary and wait for its answer. Raises StepTimedOut."""
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
