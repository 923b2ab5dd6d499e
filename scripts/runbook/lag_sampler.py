"""Listens to the sites in a thread of its own while something else goes on, and notes how far each standby is behind."""

import threading
import time
from types import TracebackType

from scripts.runbook import event_loop
from scripts.runbook.errors import LifeboatError
from scripts.runbook.failover import Reach, gather_facts
from scripts.runbook.sites import Platform

SAMPLE_SECONDS = 1.0


class LagSampler:
    """`samples`: seconds since 1970, a standby, and the bytes of the primary's log that it had not applied."""

    def __init__(self, platform: Platform) -> None:
        self.samples: list[tuple[float, str, int]] = []
        self._platform, self._stop = platform, threading.Event()
        self._thread = threading.Thread(target=self._run, name="lag sampler")

    def __enter__(self) -> "LagSampler":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with event_loop.opened() as loop:
            reach = Reach.open(self._platform, "lag-sampler", loop)
            while not self._stop.wait(SAMPLE_SECONDS):
                try:
                    self._sample(reach)
                except LifeboatError:
                    continue  # nobody can be heard right now: there is nothing to note

    def _sample(self, reach: Reach) -> None:
        facts, now = gather_facts(reach), time.time()
        primary = facts.statuses.get(facts.record.holder) if facts.record else None
        if primary is None:
            return
        for site, said in facts.statuses.items():
            if said.following == primary.site and facts.answers(site):
                self.samples.append((now, site, max(primary.log - said.applied, 0)))
