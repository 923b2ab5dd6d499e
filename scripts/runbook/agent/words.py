"""What the other sites said last, and for how long they have said nothing new, on this site's own monotonic clock."""

import time

from scripts.runbook.status import SiteStatus

FRESH_SECONDS = 10.0
"""A word older than this says nothing about now; no clock of another site is asked."""


class Words:
    """The newest status of every other site."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[SiteStatus, float]] = {}

    def take(self, status: SiteStatus) -> None:
        """Take in a status; one that was heard before does not become fresh by being read again."""
        known = self._heard.get(status.site)
        if known is None or (known[0].started, known[0].sequence) != (status.started, status.sequence):
            self._heard[status.site] = (status, time.monotonic())

    def fresh(self, site: str) -> SiteStatus | None:
        """Return a site's last word unless it has fallen silent."""
        return self._heard[site][0] if site in self._heard and self.silent_for(site) <= FRESH_SECONDS else None

    def silent_for(self, site: str) -> float:
        """Return for how many seconds a site has said nothing new; without end when it never spoke."""
        return time.monotonic() - self._heard[site][1] if site in self._heard else float("inf")
