"""People who post in the background while a person watches: what they were promised, and whether it is still there."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

from scripts.embedded.writers import ReadBack, Writers, read_back

PEOPLE = 2
PAUSE_SECONDS = 0.25
SECONDS_SHOWN = 60


@dataclass
class Posting:
    """The panel's state: the writers while they write, the last count, and the last check of everything promised."""

    url: str
    writers: Writers | None = None
    is_writing: bool = False
    is_checking: bool = False
    back: ReadBack | None = None
    trouble: str = ""
    counts: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=SECONDS_SHOWN * 4))

    @property
    def promised(self) -> int:
        """How many posts the app said are saved."""
        return len(self.writers.ledger.posts) if self.writers else 0

    @property
    def unanswered(self) -> int:
        return self.writers.ledger.unknown if self.writers else 0

    @property
    def lost(self) -> int | None:
        """How many promised posts and pictures the last check did not find; None before a check."""
        return None if self.back is None else len(self.back.lost_posts) + len(self.back.lost_pictures)

    def count(self, now: float) -> None:
        """Note how many posts are promised by now."""
        self.counts.append((now, self.promised))

    def a_second(self) -> list[float]:
        """Return the posts acknowledged in each of the last seconds, the oldest first."""
        rates: dict[int, int] = {}
        previous = self.counts[0][1] if self.counts else 0
        for at, promised in self.counts:
            rates[int(at)] = rates.get(int(at), 0) + promised - previous
            previous = promised
        return [float(rate) for _, rate in sorted(rates.items())][-SECONDS_SHOWN:]

    async def start(self) -> None:
        """Let people sign up and post through the app's own address."""
        if self.is_writing:
            return
        self.writers = self.writers or Writers(self.url, PEOPLE, pause_seconds=PAUSE_SECONDS)
        self.is_writing, self.back, self.trouble = True, None, ""
        try:
            await self.writers.start()
        except (TimeoutError, KeyError, ValueError, OSError) as reason:
            self.is_writing, self.trouble = False, f"nobody could sign up: {reason}"

    async def check(self) -> None:
        """Stop posting, and read back everything that was promised from the app's own address."""
        if self.writers is None or self.is_checking:
            return
        self.is_checking = True
        try:
            await self.writers.stop()
            self.is_writing = False
            self.back = await read_back(self.url, self.writers.ledger)
        finally:
            self.is_checking = False

    async def close(self) -> None:
        if self.writers and self.is_writing:
            async with asyncio.timeout(5):
                await self.writers.stop()

    def seconds_since_last(self) -> float | None:
        """Return how long ago the last post was acknowledged, in seconds."""
        return time.monotonic() - self.writers.ledger.posts[-1].at if self.writers and self.promised else None
