"""What a site's agent tells its provider's alarms: a few numbers of its own database, of the lease and of the links.

One line of JSON each, {"measure": NAME, "value": NUMBER}; the last part of a name is its unit. The alarms on every cloud
read these lines (infra/alarms.py), so a number means the same everywhere.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import psycopg

LAG = "replication_lag_seconds"
WAL = "retained_wal_mib"
LEASE = "lease_age_seconds"
LINKS = "links_down_count"
OUTBOX = "media_outbox_seconds"

_AGE = "SELECT extract(epoch FROM clock_timestamp() - max(at)) FROM lifeboat.heartbeat"
_BEHIND = "SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) FROM pg_replication_slots"
DATABASE = f"SELECT coalesce(({_AGE}), 0) AS {LAG}, coalesce(({_BEHIND}), 0) / 1048576 AS {WAL}"


@dataclass
class LeaseWatch:
    """How long ago this site last saw the lease change: every renewal changes it."""

    seen: str = ""
    since: float = field(default_factory=monotonic)

    def age(self, nonce: str) -> float:
        """Return the seconds since the lease last bore another nonce."""
        if nonce != self.seen:
            self.seen, self.since = nonce, monotonic()
        return monotonic() - self.since


def of_database(connection: psycopg.Connection[Any]) -> dict[str, float]:
    """Return how old the newest heartbeat is that reached this database, and the most log that a slot holds back."""
    found = connection.execute(DATABASE).fetchone()
    lag, wal = found or (0, 0)
    return {LAG: float(lag), WAL: float(wal)}


def as_lines(measures: Mapping[str, float]) -> str:
    """Return the measures as the alarms read them."""
    return "".join(json.dumps({"measure": name, "value": round(value, 3)}) + "\n" for name, value in measures.items())
