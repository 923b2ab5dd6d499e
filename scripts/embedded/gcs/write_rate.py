"""Cloud Storage's limit on writes to one object name.

"There is a limit of one write per second to the same object name" (docs.cloud.google.com/storage/quotas).
"""

import time
from collections import OrderedDict

from scripts.embedded.gcs.refusals import Refusal


class WriteRate:
    """Remembers the writes of the last `seconds_between`; 0 turns the limit off. Not safe for two threads at once."""

    def __init__(self, seconds_between: float) -> None:
        self.seconds_between = seconds_between
        self._last: OrderedDict[tuple[str, str], float] = OrderedDict()

    def check(self, bucket: str, name: str) -> None:
        """Refuse with 429 when the last write to this name is too recent."""
        now = time.monotonic()
        while self._last and next(iter(self._last.values())) <= now - self.seconds_between:
            self._last.popitem(last=False)
        if (bucket, name) in self._last:
            raise Refusal(
                429,
                "rateLimitExceeded",
                f"The object {bucket}/{name} exceeded the rate limit for object mutation operations.",
            )

    def note(self, bucket: str, name: str) -> None:
        """Remember a write that was accepted."""
        if self.seconds_between > 0:
            self._last[bucket, name] = time.monotonic()
            self._last.move_to_end((bucket, name))
