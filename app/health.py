"""What this site is at the moment: its role, how long its lease lasts, how far the others are behind."""

from typing import Any

from sqlalchemy import text

from app.database import Database

# On a primary, what each follower has not confirmed; on any site, how old the primary's last heartbeat is here.
BEHIND = text(
    r"""SELECT substr(slot_name, 4) AS site, active,
        greatest(0, pg_current_wal_lsn() - confirmed_flush_lsn)::bigint AS bytes
        FROM pg_replication_slots
        WHERE slot_name LIKE 'to\_%' AND slot_type = 'logical' AND database = current_database() ORDER BY 1"""
)
HEARTBEAT = text("SELECT extract(epoch FROM clock_timestamp() - max(at))::float8 FROM lifeboat.heartbeat")


async def followers(database: Database) -> dict[str, dict[str, Any]]:
    """Give, for each site that follows this one, whether it is connected and how many bytes of WAL it lacks."""
    async with database.read() as connection:
        rows = (await connection.execute(BEHIND)).all()
    return {row.site: {"connected": row.active, "behind_bytes": row.bytes} for row in rows}


async def heartbeat_age(database: Database) -> float | None:
    """Give the age of the last heartbeat that reached this site (seconds); None before the first one."""
    async with database.read() as connection:
        return await connection.scalar(HEARTBEAT)
