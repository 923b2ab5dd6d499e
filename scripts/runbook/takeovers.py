"""Where this site's history and an old primary's part: noted at a promotion, and needed when that one comes back.

Every function takes an autocommit connection of the role lifeboat_agent.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

from scripts.runbook.positions import format_lsn, parse_lsn
from scripts.runbook.replication import origin_of

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class TookOver:
    """From whom this site took over, and what of that site's log it had then (bytes); `fork`: the end of its own log."""

    site: str
    epoch: int
    position: int
    fork: int
    origin: str


def note_taking_over(connection: Connection, old: str, position: int, epoch: int) -> None:
    """Note, once an epoch and before the first new write, up to where this site shares its history with the old primary."""
    connection.execute(
        """INSERT INTO lifeboat.taken_over (epoch, site, position, fork, origin)
           VALUES (%s, %s, %s, pg_current_wal_lsn(), %s) ON CONFLICT (epoch) DO NOTHING""",
        (epoch, old, format_lsn(position), origin_of(connection, old) or ""),
    )


def taken_over(connection: Connection, epoch: int) -> TookOver | None:
    """Return how this site took over at `epoch`; None when it did not."""
    row = connection.execute(
        "SELECT site, epoch, position, fork, origin FROM lifeboat.taken_over WHERE epoch = %s", (epoch,)
    ).fetchone()
    return TookOver(row[0], row[1], parse_lsn(row[2]), parse_lsn(row[3]), row[4]) if row else None
