"""A simulated database: the fence row, the log of committed writes, the followers' slots, and the acknowledgement.

It goes on when its agent is paused, killed or cut off: that is the dangerous case.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from scripts.runbook.rule import Rule

if TYPE_CHECKING:
    from tests.simulation.world import World

Entry: TypeAlias = tuple[int, int]
"""(epoch, number): the epoch under which it was written, and a number that no other write has."""

ACKNOWLEDGE_SECONDS = 5.0


@dataclass
class Pending:
    """A committed write that a client still waits for: under the rule that its own transaction read."""

    entry: Entry
    position: int
    rule: Rule
    until: float


@dataclass
class Database:
    """One site's database. Positions are lengths of `log`; times are real (simulated) seconds."""

    world: "World"
    site: str
    log: list[Entry] = field(default_factory=list)
    epoch: int = 0
    writable: bool = False
    valid_until: float = 0.0
    rule: Rule = field(default_factory=lambda: Rule(()))
    promoted: int = 0
    marker: int = 0
    following: tuple[str, int] | None = None
    confirmed: dict[str, int] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)

    # -- the fence

    def open(self, epoch: int, rule: Rule, until: float) -> None:
        """Take writes until `until` on this site's clock."""
        self.epoch, self.rule, self.writable, self.valid_until = epoch, rule, True, until
        self.world.writable(self.site, epoch, self.world.real(self.site, until))

    def extend(self, epoch: int, until: float) -> None:
        if self.writable and self.epoch == epoch and until > self.valid_until:
            self.open(epoch, self.rule, until)

    def close(self) -> None:
        self.writable = False
        self.world.closed(self.site)

    @property
    def is_open(self) -> bool:
        return self.writable and self.world.clock(self.site) < self.valid_until

    # -- writes

    def write(self) -> None:
        """Commit one write if the fence lets it, and wait for its confirmations."""
        if not self.is_open:
            return
        entry = (self.epoch, self.world.next_number())
        self.log.append(entry)
        self.pending.append(Pending(entry, len(self.log), self.rule, self.world.now + ACKNOWLEDGE_SECONDS))
        self._acknowledge()
        self.ship()

    def promote(self, epoch: int) -> None:
        """Stand alone from here: what the log holds now is what every later site must find."""
        self.following, self.promoted, self.epoch = None, epoch, epoch
        self.confirmed, self.pending = {}, []
        self.log.append((epoch, self.world.next_number()))
        self.marker = len(self.log)
        self.world.promoted(self.site, epoch, self.log)

    # -- replication

    def follow(self, primary: str, epoch: int) -> None:
        """Follow a primary; what this site committed beyond their common past is taken out (salvage)."""
        theirs = self.world.databases[primary].log
        common = next((i for i, (ours, other) in enumerate(zip(self.log, theirs, strict=False)) if ours != other), None)
        del self.log[min(len(self.log), len(theirs)) if common is None else common :]
        self.following, self.pending = (primary, epoch), []
        self.world.databases[primary].ship()

    def stop_applying(self) -> None:
        self.following = None

    def ship(self) -> None:
        """Send the log to every follower; each part arrives later, in order, or not at all."""
        stamp = (self.site, self.promoted)
        for other in self.world.databases.values():
            if other.following == stamp:
                self.world.later(self.world.hop(), self._arrive, other, stamp, len(self.log))

    def _arrive(self, other: "Database", stamp: tuple[str, int], end: int) -> None:
        if other.following != stamp or self.promoted != stamp[1] or self.world.parted(self.site, other.site):
            return
        if end > len(other.log):
            other.log.extend(self.log[len(other.log) : end])
        self.world.later(self.world.hop(), self._confirm, other.site, stamp[1], len(other.log))

    def _confirm(self, site: str, epoch: int, position: int) -> None:
        if self.promoted != epoch or self.following or self.world.parted(self.site, site):
            return
        self.confirmed[site] = max(self.confirmed.get(site, 0), position)
        self._acknowledge()

    def who_confirmed(self, position: int) -> set[str]:
        return {site for site, reached in self.confirmed.items() if reached >= position}

    def _acknowledge(self) -> None:
        waiting = []
        for write in self.pending:
            if write.rule.satisfied_by(self.who_confirmed(write.position)):
                self.world.acknowledged(self.site, write.entry)
            elif write.until > self.world.now:
                waiting.append(write)
        self.pending = waiting
