"""How long a lease lasts, for the one who holds it and for the one who waits for it to end."""

from collections.abc import Callable
from dataclasses import dataclass

from scripts.runbook.errors import BadTerms
from scripts.runbook.lease_record import LeaseKey, LeaseRecord


@dataclass(frozen=True)
class Terms:
    """The lease's times in seconds, the same on all sites; `drift`: how far a clock's rate may be off (0.01 = 1 %)."""

    duration: float
    renew_every: float
    drift: float
    guard: float

    def __post_init__(self) -> None:
        if not (self.duration > 0 and self.renew_every > 0 and 0 <= self.drift < 0.5 and self.guard >= 0):
            raise BadTerms(
                f"The lease terms {self} are not times: duration and renew_every must be above 0, drift from 0 to 0.5, "
                "guard not below 0."
            )
        if self.renew_every >= self.holder_seconds:
            raise BadTerms(
                f"A lease renewed every {self.renew_every:g} s would run out first: of {self.duration:g} s the holder "
                f"may count on {self.holder_seconds:g}. Make the duration longer or the renewals more frequent."
            )

    @property
    def holder_seconds(self) -> float:
        """How long a holder may write, on its own clock, from before the request that renewed."""
        return self.duration * (1 - self.drift) - self.guard

    @property
    def challenger_seconds(self) -> float:
        """How long a challenger waits, on its own clock, from when it first saw the newest renewal."""
        return self.duration * (1 + self.drift)

    @property
    def overdue_seconds(self) -> float:
        """The age from which a renewal is late: worth looking more often, and no reason yet to act."""
        return 1.5 * self.renew_every


class Watch:
    """A challenger's side: how long the same renewal has been the newest, on this site's monotonic clock."""

    def __init__(self, terms: Terms, clock: Callable[[], float]) -> None:
        self._terms, self._clock = terms, clock
        self._first_seen = 0.0
        self.key: LeaseKey | None = None

    def observe(self, record: LeaseRecord | None) -> None:
        """Take in what a read returned (None: no majority answered); call it after the read, never before."""
        if record is not None and record.key != self.key:
            self.key, self._first_seen = record.key, self._clock()

    @property
    def age(self) -> float:
        """Seconds for which the watched renewal has been the newest, as far as this site knows."""
        return self._clock() - self._first_seen if self.key else 0.0

    @property
    def overdue(self) -> bool:
        return self.age >= self._terms.overdue_seconds

    @property
    def due(self) -> bool:
        """Whether the holder of the watched renewal can no longer be writing."""
        return self.age >= self._terms.challenger_seconds
