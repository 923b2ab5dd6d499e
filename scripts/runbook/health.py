"""How a site is, measured by its own agent every few seconds, and carried in its signed status.

So a laptop that can read two control stores knows of a standby's tables, slots, privileges and disk without a database.
"""

import dataclasses
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from scripts.runbook.continuity import went_back
from scripts.runbook.replication import PUBLICATION

Connection = psycopg.Connection[Any]

VERSION = 2
"""Raised when a part changes its meaning: a reader that knows another version takes the site as not measured."""


@dataclass(frozen=True)
class Health:
    """One site's health.

    schema: digest of the published tables' columns and keys, the same on every site. published, followed: digests of the
    names of the tables in this site's publication and in its subscription. trouble: why its confirmations must not count.
    went_back: why the database may lack what it confirmed; only a copy ends it.
    revision: the migration that this site stands at. closed: tables that a migration made and has not opened for writes.
    frail_slots, frail_settings: slots that would not survive the provider's own zone failover, and settings without which
    none would. pending: settings that wait for a restart.
    reached: by site whose database this one's own server tried to open, why that failed, or "".
    refused: each privilege that failed when it was used, and why; proved_age: seconds since they were used.
    ledger_retention: locked or unlocked, as Azure's store says; empty where none can be unlocked, or nothing is kept yet.
    excess: what the app's and the replication role may do beyond their need.
    proven: the sites whose slot here is proved to have no gap. clock_ahead: seconds before the stores' clock.
    certificate_days: of the database's own certificate. edge_days: of the one that this site's own edge shows for the
    app's name, None where the app is served without TLS; edge_fault: why that edge would not serve a visitor now.
    disk_free, disk_total: bytes where the database's files lie; None where only the provider can see them.
    media_waiting: pictures that other buckets still lack, as its outbox says; media_oldest: seconds that one has waited.
    """

    version: int = VERSION
    schema: str = ""
    published: str = ""
    followed: str = ""
    revision: str = ""
    closed: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()
    went_back: str = ""
    frail_slots: tuple[str, ...] = ()
    frail_settings: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    reached: dict[str, str] = field(default_factory=dict)
    proved_age: float | None = None
    excess: tuple[str, ...] = ()
    ledger_retention: str = ""
    proven: tuple[str, ...] = ()
    clock_ahead: float | None = None
    certificate_days: float | None = None
    edge_days: float | None = None
    edge_fault: str = ""
    disk_free: int | None = None
    disk_total: int | None = None
    media_waiting: int = 0
    media_oldest: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_body(cls, body: dict[str, Any] | None) -> "Health | None":
        """Rebuild what a status carries; None when it was not measured, or by another version than this one."""
        if body is None or body.get("version") != VERSION:
            return None
        known = {one.name for one in dataclasses.fields(cls)}
        parts: dict[str, Any] = {
            name: tuple(part) if isinstance(part, list) else part for name, part in body.items() if name in known
        }
        return cls(**parts)

    def to_body(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


# The publication is an explicit list of tables: pg_publication_rel is all of it.
SCHEMA = """
WITH published AS (
    SELECT r.prrelid AS relation, format('%%s.%%s', n.nspname, c.relname) AS name
    FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
    JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE p.pubname = %(publication)s
)
SELECT coalesce(md5(string_agg(line, E'\\n' ORDER BY line)), '') FROM (
    SELECT format('%%s.%%s %%s%%s', name, a.attname, format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN ' not null' ELSE '' END) AS line
    FROM published JOIN pg_attribute a ON a.attrelid = relation WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT format('%%s %%s', name, pg_get_indexdef(i.indexrelid))
    FROM published JOIN pg_index i ON i.indrelid = relation WHERE i.indisunique
) AS lines
"""
PUBLISHED = """
SELECT coalesce(md5(string_agg(format('%%s.%%s', n.nspname, c.relname), ',' ORDER BY n.nspname, c.relname)), '')
FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.pubname = %(publication)s
"""
FOLLOWED = """
SELECT coalesce(md5(string_agg(format('%s.%s', n.nspname, c.relname), ',' ORDER BY n.nspname, c.relname)), '')
FROM pg_subscription_rel r JOIN pg_class c ON c.oid = r.srrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_subscription s ON s.oid = r.srsubid JOIN lifeboat.following f ON s.subname = 'lifeboat_from_' || f.primary_site
"""
# A skip is over within seconds and leaves no trace of its own: what was seen is kept, by the subscription it was made on.
NOTE_SKIPS = """
INSERT INTO lifeboat.skipped (subscription, lsn) SELECT oid, subskiplsn FROM pg_subscription WHERE subskiplsn <> '0/0'
ON CONFLICT DO NOTHING
"""
TROUBLE = """
SELECT format('a transaction was skipped at %s', k.lsn) FROM lifeboat.skipped k
    JOIN pg_subscription s ON s.oid = k.subscription JOIN lifeboat.following f ON s.subname = 'lifeboat_from_' || f.primary_site
UNION ALL
SELECT format('the table %s is not in step (state %s)', r.srrelid::regclass, r.srsubstate) FROM pg_subscription_rel r
    JOIN pg_subscription s ON s.oid = r.srsubid JOIN lifeboat.following f ON s.subname = 'lifeboat_from_' || f.primary_site
    WHERE r.srsubstate <> 'r'
UNION ALL
SELECT format('its subscription %s is disabled', s.subname) FROM pg_subscription s
    JOIN lifeboat.following f ON s.subname = 'lifeboat_from_' || f.primary_site WHERE NOT s.subenabled
UNION ALL
SELECT format('its subscription %s applies nothing after %s errors: the log of its database says why', s.subname, e.apply_error_count)
    FROM pg_subscription s JOIN lifeboat.following f ON s.subname = 'lifeboat_from_' || f.primary_site
    JOIN pg_stat_subscription_stats e ON e.subid = s.oid
    WHERE s.subenabled AND e.apply_error_count > 0 AND NOT EXISTS (
        SELECT FROM pg_stat_subscription w WHERE w.subid = s.oid AND w.pid IS NOT NULL)
UNION ALL
SELECT format('it follows %s by its own note and has no subscription to it', f.primary_site) FROM lifeboat.following f
    WHERE NOT EXISTS (SELECT FROM pg_subscription s WHERE s.subname = 'lifeboat_from_' || f.primary_site)
"""
FRAIL_SLOTS = (
    "SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE 'to\\_%' AND NOT failover AND NOT temporary"
)
PROVEN = """
SELECT p.site FROM lifeboat.proven_slot p JOIN pg_subscription s ON p.origin = 'pg_' || s.oid
JOIN lifeboat.following f ON s.subname = 'lifeboat_from_' || f.primary_site
JOIN pg_replication_slots r ON r.slot_name = 'to_' || p.site ORDER BY p.site
"""
# Azure's zone standby streams: only with both settings does it take the slots along. A role that only its service has
# tells that service apart; RDS and Cloud SQL copy blocks, and slots with them.
# learn.microsoft.com/azure/postgresql/high-availability/concepts-high-availability
FRAIL_SETTINGS = """
SELECT name FROM pg_settings WHERE name IN ('hot_standby_feedback', 'sync_replication_slots') AND setting <> 'on'
AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'azure_pg_admin') ORDER BY name
"""
PENDING = "SELECT name FROM pg_settings WHERE pending_restart ORDER BY name"


REVISION = "SELECT version_num FROM public.alembic_version"
CLOSED = """
SELECT c.relname FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE p.pubname = %(publication)s AND n.nspname = 'public' AND NOT has_table_privilege('lifeboat_app', c.oid, 'INSERT')
ORDER BY 1
"""


def measure(connection: Connection, disk: Path | None) -> Health:
    """Measure what changes from second to second; the proofs that take longer are added by the agent."""
    publication = {"publication": PUBLICATION}
    connection.execute(NOTE_SKIPS)
    free, total = _disk(disk)
    return Health(
        schema=schema_digest(connection),
        published=_texts(connection, PUBLISHED, publication)[0],
        followed=_texts(connection, FOLLOWED)[0],
        revision=revision(connection),
        closed=closed_tables(connection),
        trouble=trouble(connection),
        went_back=went_back(connection),
        frail_slots=_texts(connection, FRAIL_SLOTS),
        frail_settings=_texts(connection, FRAIL_SETTINGS),
        pending=_texts(connection, PENDING),
        proven=_texts(connection, PROVEN),
        disk_free=free,
        disk_total=total,
        versions={"postgres": _texts(connection, "SHOW server_version")[0]},
    )


def trouble(connection: Connection) -> tuple[str, ...]:
    """Return what is wrong with this site's subscription."""
    return _texts(connection, TROUBLE)


def revision(connection: Connection) -> str:
    """Return the migration that this site stands at; "" before the first."""
    return next(iter(_texts(connection, REVISION)), "")


def closed_tables(connection: Connection) -> tuple[str, ...]:
    """Return the published tables that the app may not write yet."""
    return _texts(connection, CLOSED, {"publication": PUBLICATION})


def schema_digest(connection: Connection) -> str:
    """Return the digest of the published tables' columns and keys."""
    return _texts(connection, SCHEMA, {"publication": PUBLICATION})[0]


def _texts(connection: Connection, query: Any, parameters: dict[str, str] | None = None) -> tuple[str, ...]:
    return tuple(text for (text,) in connection.execute(query, parameters))


def _disk(folder: Path | None) -> tuple[int | None, int | None]:
    """Return the free and the total bytes of the disk under a folder; nothing where it cannot be seen from here."""
    if folder is None:
        return None, None
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None, None
    return usage.free, usage.total
