"""People who post text and note when each answer was asked for and when it came."""

import time
import uuid
from dataclasses import dataclass

import httpx

from scripts.embedded.writers import SavedPost, Writers


@dataclass(frozen=True)
class Timed:
    """One acknowledged post: when it was first sent and when its 2xx came, in monotonic seconds."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class TimedWriters(Writers):
    """Writers without pictures: what is timed is one write and its confirmation."""

    def __init__(self, url: str, count: int) -> None:
        super().__init__(url, count)
        self.times: list[Timed] = []

    def between(self, start: float, end: float) -> list[Timed]:
        """Return the posts that waited at any moment between two moments."""
        return [one for one in self.times if one.ended >= start and one.began <= end]

    async def _post(self, client: httpx.AsyncClient, text: str) -> None:
        key, began = uuid.uuid4().hex, time.monotonic()
        try:
            post = await self._ask(
                lambda: client.post("/api/v1/statuses", json={"status": text}, headers={"Idempotency-Key": key})
            )
        except TimeoutError:
            self.ledger.unknown += 1
            return
        self.times.append(Timed(began, time.monotonic()))
        self.ledger.posts.append(SavedPost(post["id"], text, "", time.monotonic()))
