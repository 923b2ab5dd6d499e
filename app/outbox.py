"""The media outbox: which bucket is not yet as it must be. Its rows are written in the transaction that makes it so.

It is replicated, so a new primary goes on where the old one ended, and it costs what changes, whatever a bucket holds.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.copies import name_of
from app.models import MediaOutbox, Takedown
from app.picture_rows import IS_NAMED

EVERY_SITE = "*"

NAMED = text(f"SELECT {IS_NAMED.format(key='CAST(:key AS text)')}")
_IS_NAMED = IS_NAMED.format(key="o.key")
WAITING = text(
    f"SELECT key, site, wanted, size, done_at IS NOT NULL, {_IS_NAMED} FROM media_outbox o"  # noqa: S608  (ours)  # nosec B608
    " WHERE site = :site AND (done_at IS NULL OR done_at < now() - interval '1 hour') AND NOT key = ANY(:later)"
    " ORDER BY created_at LIMIT :limit"
)
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


@dataclass(frozen=True)
class Task:
    """One bucket's row; `marked` means a removal done an hour ago, `named` that a row still names the picture.

    `size` is in bytes, 0 where nobody knew it.
    """

    key: str
    site: str
    wanted: bool
    size: int
    marked: bool
    named: bool


async def is_named(connection: AsyncConnection, key: str) -> bool:
    """Say whether any row names the picture."""
    return bool(await connection.scalar(NAMED, {"key": key}))


async def is_taken_down(connection: AsyncConnection, key: str) -> bool:
    """Say whether the picture was taken down for good."""
    query = select(Takedown.entry).where(Takedown.kind == "media", Takedown.target == name_of(key))
    return await connection.scalar(query) is not None


async def lock(connection: AsyncConnection, keys: Iterable[str]) -> None:
    """Keep uploads and removals of these pictures apart until the transaction ends."""
    for key in sorted(set(keys)):
        await connection.execute(LOCK, {"key": key})


async def was_removed(connection: AsyncConnection, key: str) -> bool:
    """Say, under the picture's lock, whether copies of it went away within the last hour or are about to."""
    await lock(connection, [key])
    query = select(MediaOutbox.site).where(MediaOutbox.key == key, MediaOutbox.wanted.is_(False)).limit(1)
    return await connection.scalar(query) is not None


async def want(connection: AsyncConnection, key: str, size: int, sites: Collection[str]) -> None:
    """Note which sites lack a picture that a row of this transaction names; a removal that was due is off."""
    gone = delete(MediaOutbox).where(MediaOutbox.key == key, MediaOutbox.wanted.is_(False))
    await connection.execute(gone)
    if sites:
        await put(connection, [{"key": key, "site": site, "wanted": True, "size": size} for site in sites])


async def put(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows; one that is there already gets the newer word."""
    row = insert(MediaOutbox).values(list(rows))
    newer = {"wanted": row.excluded.wanted, "size": row.excluded.size, "created_at": func.now(), "done_at": None}
    await connection.execute(row.on_conflict_do_update(index_elements=["key", "site"], set_=newer))


async def waiting(connection: AsyncConnection, site: str, later: Iterable[str], limit: int) -> list[Task]:
    """Give the oldest rows of a site's bucket but for the keys in `later`."""
    rows = await connection.execute(WAITING, {"site": site, "later": list(later), "limit": limit})
    return [Task(*row) for row in rows]


async def forget(connection: AsyncConnection, tasks: Sequence[Task], *, wanted: bool) -> None:
    """Take rows away that are done with, unless a newer word stands there."""
    rows = delete(MediaOutbox).where(_these(tasks), MediaOutbox.wanted.is_(wanted))
    await connection.execute(rows)


async def mark_removed(connection: AsyncConnection, tasks: Sequence[Task]) -> None:
    """Mark removals as done, under the locks of their pictures."""
    await connection.execute(update(MediaOutbox).where(_these(tasks)).values(wanted=False, done_at=func.now()))


def _these(tasks: Sequence[Task]) -> ColumnElement[bool]:
    return tuple_(MediaOutbox.key, MediaOutbox.site).in_([(task.key, task.site) for task in tasks])
