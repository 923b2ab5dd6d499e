"""Drops what is of no use any more, in small pieces, on the site that takes writes."""

import asyncio
import logging
import time

from sqlalchemy import text

from app.database import DATABASE_ERRORS
from app.durability import Writer
from app.errors import LifeboatError
from app.services import Services

log = logging.getLogger(__name__)

EVERY_SECONDS = 300.0
BATCH = 1000

# The table, its key, and how its rows are known to be of no use.
OLD = {
    "attempt": ("id", "created_at < now() - interval '1 day'"),
    "promise": ("id", "done_at < now() - interval '1 day'"),
    "stream_event": ("id", "created_at < now() - interval '10 minutes'"),
    "authorization_code": ("id", "created_at < now() - interval '1 day'"),
    "reset_token": ("id", "created_at < now() - interval '2 days'"),
    "idempotency_key": ("scope_id, key", "created_at < now() - interval '30 days'"),
    # A picture that no post, no scheduled post and no profile shows was uploaded and forgotten.
    "media_attachment": (
        "id",
        "status_id IS NULL AND scheduled_status_id IS NULL AND created_at < now() - interval '1 day' AND NOT EXISTS"
        " (SELECT FROM account WHERE account.id = account_id AND media_attachment.key IN (avatar_key, header_key))",
    ),
}


async def run(parts: Services) -> None:
    """Do the chores again and again, until cancelled."""
    while True:
        try:
            if (await parts.lease.read()).is_open(time.monotonic()):
                await do_all(parts)
        except (*DATABASE_ERRORS, LifeboatError) as error:
            log.warning("the chores wait: %s", str(error).partition("\n")[0])
        await asyncio.sleep(EVERY_SECONDS)


async def do_all(parts: Services) -> dict[str, int]:
    """Drop everything that is too old, and say how many rows of each table went."""
    writer = Writer(parts.database, parts.lease, parts.acknowledger, "chores")
    return {table: await _drop(writer, table, *which) for table, which in OLD.items()}


async def _drop(writer: Writer, table: str, key: str, condition: str) -> int:
    some = f"SELECT {key} FROM {table} WHERE {condition} LIMIT {BATCH}"  # noqa: S608  (nothing in it comes from outside)  # nosec B608
    statement = text(f"DELETE FROM {table} WHERE ({key}) IN ({some})")  # noqa: S608  (nor here)  # nosec B608
    dropped = 0
    while True:
        async with writer.transaction() as connection:
            gone = (await connection.execute(statement)).rowcount
        dropped += gone
        if gone < BATCH:
            return dropped
