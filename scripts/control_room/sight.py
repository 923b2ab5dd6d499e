"""What one source last gave, how old that is, and since when it has been giving nothing."""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

Value = TypeVar("Value")

# A source that has given nothing for this long is not shown as if it spoke of now.
STALE_SECONDS = 5.0


@dataclass(frozen=True)
class Sight(Generic[Value]):
    """One source as the room sees it; all times in seconds on the room's own monotonic clock.

    `value`: the last good answer, heard at `at`. `trouble`: why the newest attempt gave none, since `since`; empty while
    the source answers.
    """

    value: Value | None = None
    at: float | None = None
    trouble: str = "not asked yet"
    since: float | None = None

    def heard(self, value: Value, now: float) -> "Sight[Value]":
        """Return the sight after a good answer."""
        return Sight(value, now, "", None)

    def failed(self, trouble: str, now: float) -> "Sight[Value]":
        """Return the sight after an attempt that gave nothing: the last answer stays, with its age."""
        return replace(self, trouble=trouble, since=now if self.since is None else self.since)

    def age(self, now: float) -> float | None:
        """Return how many seconds ago the last good answer came, or None when there never was one."""
        return None if self.at is None else max(now - self.at, 0.0)

    def is_fresh(self, now: float, within: float = STALE_SECONDS) -> bool:
        """Say whether the last good answer may be drawn as if it were now."""
        age = self.age(now)
        return age is not None and age <= within
