"""What only a watcher can know: since when a word has been the newest one, how far behind in seconds, how fast a log grows.

No clock of a site is compared with this machine's: ages count from the moment a word was first seen here.
"""

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from scripts.control_room.sight import Sight
from scripts.runbook.lease import LeaseKey, LeaseSighting
from scripts.runbook.status import SiteStatus

# How far back a log's growth is remembered, to tell a lag in bytes as one in seconds.
REMEMBERED_POINTS = 3600


@dataclass
class Heard:
    """A site's newest word, and when it was first seen here (monotonic seconds)."""

    status: SiteStatus
    since: float
    # A word that lay there before the room began to look may be of any age: it counts once it is followed by another.
    is_first: bool


@dataclass
class LogPoints:
    """The end of one site's log over time: `times` (monotonic seconds) and `ends` (bytes) grow together."""

    times: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED_POINTS))
    ends: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED_POINTS))

    def add(self, now: float, end: int) -> None:
        if not self.ends or end > self.ends[-1]:
            self.times.append(now)
            self.ends.append(end)

    def seconds_behind(self, position: int, now: float) -> float | None:
        """Return how long ago this log went past a position; 0 when it never did, None when that was before our time."""
        if not self.ends or position >= self.ends[-1]:
            return 0.0
        if position < self.ends[0]:
            return None
        return now - self.times[bisect_left(self.ends, position + 1)]

    def bytes_a_second(self, now: float, over: float = 10.0) -> float:
        """Return how fast the log has grown over the last seconds."""
        recent = [(at, end) for at, end in zip(self.times, self.ends, strict=True) if at >= now - over]
        return (recent[-1][1] - recent[0][1]) / over if len(recent) > 1 else 0.0


@dataclass
class Counted:
    """How many writes one process of a site has acknowledged, as seen over the last seconds."""

    site: str = ""
    points: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=60))

    def add(self, now: float, site: str, count: int) -> None:
        """Note a count that is new; another site or a process that began anew starts the counting again."""
        if self.points and now <= self.points[-1][0]:
            return
        if site != self.site or (self.points and count < self.points[-1][1]):
            self.site = site
            self.points.clear()
        self.points.append((now, count))

    def a_second(self, now: float, over: float = 10.0) -> float | None:
        """Return the acknowledged writes a second over the last seconds; None where too little was seen."""
        recent = [point for point in self.points if point[0] >= now - over]
        if len(recent) < 2 or recent[-1][0] - recent[0][0] < 1:
            return None
        return (recent[-1][1] - recent[0][1]) / (recent[-1][0] - recent[0][0])


@dataclass
class History:
    """What the room remembers of the sites and the lease."""

    heard: dict[str, Heard] = field(default_factory=dict)
    logs: dict[str, LogPoints] = field(default_factory=dict)
    lease_key: LeaseKey | None = None
    lease_seen: float = 0.0
    highest_epoch: int = 0
    counted: Counted = field(default_factory=Counted)

    def learn(self, sights: dict[str, Sight[Any]], now: float) -> None:
        """Take in what the sources last gave."""
        for key, sight in sights.items():
            if key.startswith("store-") and sight.value is not None:
                for status in sight.value.statuses.values():
                    self._learn_status(status, now)
        self._learn_count(sights.get("outside"))
        register = sights.get("register")
        if register is not None and register.value is not None:
            self._learn_lease(register.value, now)

    def _learn_count(self, sight: Sight[Any] | None) -> None:
        word = sight.value if sight else None
        if sight is not None and word is not None and sight.at is not None and word.acknowledged is not None:
            self.counted.add(sight.at, word.site, word.acknowledged)

    def age(self, site: str, now: float, wall: float) -> float | None:
        """Return how many seconds old a site's newest word is, or None without one.

        The first word of a site is as old as it says, since nobody here saw it being written.
        """
        heard = self.heard.get(site)
        if heard is None:
            return None
        seen = now - heard.since
        return max(seen, wall - heard.status.at) if heard.is_first else seen

    def _learn_status(self, status: SiteStatus, now: float) -> None:
        known = self.heard.get(status.site)
        if known is None:
            self.heard[status.site] = Heard(status, now, is_first=True)
        elif (status.at, status.sequence) > (known.status.at, known.status.sequence):
            self.heard[status.site] = Heard(status, now, is_first=False)
        else:
            return
        self.logs.setdefault(status.site, LogPoints()).add(now, status.log)

    def _learn_lease(self, sighting: LeaseSighting, now: float) -> None:
        record = sighting.record
        if record is not None and record.key != self.lease_key:
            self.lease_key, self.lease_seen = record.key, now
            self.highest_epoch = max(self.highest_epoch, record.epoch)
