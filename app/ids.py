"""Keys are UUIDv7 made in the app (RFC 9562 section 5.7), so no sequence has to be repaired after a failover.

The API shows a key as its 128-bit integer in decimal, because clients sort ids as numbers.
"""

import os
import threading
import time
from uuid import UUID

from app.errors import NotFound

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """Make a UUIDv7 that is larger than every one this process made before, also within one millisecond."""
    global _last
    with _lock:
        # 48 bits of milliseconds, then 12 bits that count on inside the millisecond (RFC 9562 section 6.2, method 1).
        _last = max(_last + 1, (time.time_ns() // 1_000_000) << 12)
        stamp = _last
    return from_parts(stamp >> 12, stamp & 0xFFF, int.from_bytes(os.urandom(8)) >> 2)


def from_parts(milliseconds: int, counter: int, random_bits: int) -> UUID:
    """Lay out a UUIDv7 from Unix milliseconds (48 bits), a counter (12 bits) and random bits (62 bits)."""
    return UUID(int=milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | random_bits)


def to_api(identifier: UUID) -> str:
    """Show a key as clients see it: its 128-bit integer in decimal."""
    return str(identifier.int)


def from_api(text: str) -> UUID:
    """Read a key that a client sent; raises NotFound for anything but a 128-bit decimal integer."""
    if not (text.isascii() and text.isdigit() and len(text) <= 39 and int(text) < 1 << 128):
        raise NotFound
    return UUID(int=int(text))
