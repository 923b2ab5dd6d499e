"""Pure: why a standby's confirmations must not count, though it may send them.

Source: performance_reliability research, section 8.5 rule 13.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.runbook.status import SiteStatus
from scripts.runbook.understudies import Slot

LOST = ("lost", "unreserved")
"""What the server says of a slot whose log is gone, or may be at the next checkpoint."""
FAULT_SECONDS = 5.0
"""A standby's own word against itself counts after this long: a table that a migration just added is refreshed by then."""


def slot_fault(slot: Slot | None) -> str:
    """Return what is wrong with a standby's slot on the primary, or ""."""
    if slot is None:
        return "it has no slot here any more"
    return f"its slot is {slot.wal_status}: the log it needs is gone" if slot.wal_status in LOST else ""


def told_fault(word: SiteStatus | None, primary: str, epoch: int, published: str | None) -> str:
    """Return what a standby's own status says against it, or ""; a standby whose agent is silent says nothing.

    `published`: the digest of the primary's published tables; None during a migration, when the sites' tables differ for a
    moment and the app may write no new one.
    """
    if word is None or word.health is None:
        return ""
    if (word.following, word.following_epoch) != (primary, epoch):
        return f"it follows {word.following or 'nobody'} under epoch {word.following_epoch}"
    if word.health.went_back:
        return word.health.went_back
    if word.health.trouble:
        return word.health.trouble[0]
    return "" if published in (None, word.health.followed) else "it follows other tables than the primary publishes"


@dataclass
class Doubts:
    """Since when each standby's word has been against it; times are monotonic seconds."""

    _since: dict[str, tuple[str, float]] = field(default_factory=dict)

    def lasting(self, now: float, told: Mapping[str, str]) -> dict[str, str]:
        """Take in what each standby's word says against it now, and return what it has said for long enough."""
        self._since = {
            site: (fault, self._since[site][1] if site in self._since else now) for site, fault in told.items() if fault
        }
        return {site: fault for site, (fault, since) in self._since.items() if now - since >= FAULT_SECONDS}
