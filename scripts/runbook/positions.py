"""Pure: log positions, and what a slot's pgoutput stream says about how far a site has applied its primary.

The messages are those of PostgreSQL's "Logical Replication Message Formats": `O` (Origin: 8-byte commit LSN on the
origin, then its name) and `C` (Commit: 1 flag byte, 8-byte commit LSN, 8-byte end LSN, 8-byte time).
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

ORIGIN, COMMIT = b"O", b"C"


def parse_lsn(text: str) -> int:
    """Turn PostgreSQL's `16/B374D848` into a number of bytes."""
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def format_lsn(position: int) -> str:
    """Turn a number of bytes into PostgreSQL's `16/B374D848`."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


@dataclass(frozen=True)
class AppliedTransaction:
    """A transaction in this site's log that came from another site: where it ended there, and where it ends here."""

    origin: str
    origin_lsn: int
    end_lsn: int


def applied_transactions(messages: Iterable[bytes]) -> list[AppliedTransaction]:
    """Pair each Origin message with the Commit that follows it; local transactions carry no Origin and are left out."""
    found, origin = [], None
    for message in messages:
        if message[:1] == ORIGIN:
            origin = (message[9:].rstrip(b"\0").decode(), struct.unpack(">Q", message[1:9])[0])
        elif message[:1] == COMMIT:
            if origin is not None:
                found.append(AppliedTransaction(*origin, struct.unpack(">Q", message[10:18])[0]))
            origin = None
    return found


def last_applied(transactions: Iterable[AppliedTransaction], origin: str) -> int:
    """Return the furthest origin position among them, in bytes of the origin's log; 0 where there is none."""
    return max((seen.origin_lsn for seen in transactions if seen.origin == origin), default=0)


def resume_after(transactions: Iterable[AppliedTransaction], origin: str, position: int) -> int | None:
    """Return where, in this site's log, the last transaction ends that a site at `position` of the origin already has.

    None means that the slot already stands where that site must go on reading.
    """
    known = [seen.end_lsn for seen in transactions if seen.origin == origin and seen.origin_lsn <= position]
    return max(known, default=None)
