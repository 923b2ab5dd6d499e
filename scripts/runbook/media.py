"""The media buckets of all sites against the primary's rows: what is missing, damaged or in excess, and how it is brought back.

A bucket is compared with rows by its listing; bytes are read and hashed for a sample, or for all. Nothing is ever removed
here: what no row names is counted, and goes by the outbox or by a takedown.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import psycopg

from app import copies
from app.picture_rows import BACKLOG, EVERY_PICTURE, ON_THE_WAY
from app.stores import Store, list_all, open_store
from app.takedowns import keys_of
from scripts.runbook.sites import Platform
from scripts.runbook.takedowns import Ledger

Sizes: TypeAlias = dict[str, int]
Tick: TypeAlias = Callable[[bool], None]

TIMEOUT_SECONDS = 20.0
AT_ONCE = 32  # pictures in memory
SAMPLE = 200


@dataclass(frozen=True)
class Rows:
    """What the primary's rows name: size in bytes by key (0: not known), and the copies that the outbox still owes.

    `passing` are pictures that came or went while the buckets were listed: neither missing nor in excess.
    """

    sizes: Sizes
    on_the_way: frozenset[tuple[str, str]]
    passing: frozenset[str] = frozenset()

    def until(self, later: "Rows") -> "Rows":
        """Give what rows named all the time from this moment to a later one."""
        stayed = {key: size for key, size in self.sizes.items() if key in later.sizes}
        passing = frozenset((self.sizes.keys() | later.sizes.keys()) - stayed.keys())
        return Rows(stayed, self.on_the_way | later.on_the_way, passing)


@dataclass(frozen=True)
class Bucket:
    """One bucket beside the rows. `silent` says why it could not be listed; `hashed` counts the objects that were read."""

    site: str
    objects: int = 0
    bytes: int = 0
    missing: tuple[str, ...] = ()
    on_the_way: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    hashed: int = 0
    silent: str = ""

    @property
    def in_step(self) -> bool:
        return not (self.missing or self.damaged or self.silent)


@dataclass
class Filled:
    """What a back-fill did: copies that came, their bytes, and the keys that no cloud could give or the bucket not take."""

    copied: int = 0
    bytes: int = 0
    failed: list[str] = field(default_factory=list)


def open_buckets(platform: Platform, sites: Iterable[str] | None = None) -> dict[str, Store]:
    """Open the media buckets of all sites, or of these; nothing is asked yet."""
    credentials = platform.credentials()
    return {
        site: open_store(
            platform.outputs[site].media_url,
            credentials,
            timeout_seconds=TIMEOUT_SECONDS,
            retries=1,
            enter=platform.ways.get(site),
        )
        for site in sites or platform.sites
    }


def read_rows(database: psycopg.Connection[Any]) -> Rows:
    """Read every picture that a row names, at one moment."""
    with database.transaction():
        database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        with database.cursor(name="pictures") as cursor:
            cursor.itersize = 10_000
            sizes: Sizes = dict(cursor.execute(EVERY_PICTURE))
        return Rows(sizes, frozenset(database.execute(ON_THE_WAY).fetchall()))


def backlog(database: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """Return what waits in the outbox, by bucket: objects, bytes, and the age of the oldest in seconds."""
    names = ("site", "wanted", "objects", "bytes", "oldest_seconds")
    return [dict(zip(names, row, strict=True)) for row in database.execute(BACKLOG)]


async def verify(
    database: psycopg.Connection[Any], stores: Mapping[str, Store], sample: int | None = SAMPLE
) -> tuple[Rows, list[Bucket]]:
    """Compare every bucket with the rows; `sample` objects of each are read and hashed, or all for None."""
    before = read_rows(database)
    listed = await asyncio.gather(*(_listed(store) for store in stores.values()))
    rows = before.until(read_rows(database))
    compared = zip(stores.items(), listed, strict=True)
    return rows, list(
        await asyncio.gather(*(_compare(site, store, there, rows, sample) for (site, store), there in compared))
    )


async def back_fill(
    site: str, stores: Mapping[str, Store], keys: Collection[str], damaged: Collection[str] = (), tick: Tick | None = None
) -> Filled:  # fmt: skip
    """Bring pictures to one bucket from whichever other holds them, and overwrite the damaged ones.

    `tick` is called after each with whether it came. Every byte is compared with its name before it is written.
    """
    filled = Filled()

    async def one(key: str) -> None:
        size = await _bring(site, stores, key, overwrite=key in damaged)
        if size is None:
            filled.failed.append(key)
        else:
            filled.copied, filled.bytes = filled.copied + 1, filled.bytes + size
        if tick:
            tick(size is not None)

    await each(sorted({*keys, *damaged}), one)
    return filled


async def remove_taken_down(store: Store, ledger: Ledger) -> list[str]:
    """See that a bucket holds no picture that was taken down; return the keys that could not be removed for certain."""
    kept: list[str] = []

    async def one(key: str) -> None:
        if not await copies.remove(store, key):
            kept.append(key)

    await each(taken_down_keys(ledger), one)
    return sorted(kept)


def taken_down_keys(ledger: Ledger) -> list[str]:
    """Give every key under which a picture that was taken down may lie."""
    return [key for entry in ledger.entries if entry.takedown.kind == "media" for key in keys_of(entry.takedown.target)]


async def list_bucket(store: Store) -> Sizes:
    """Return every picture of a bucket with its size in bytes; raises what the store raises."""
    return {found["path"]: found["size"] for found in await list_all(store, copies.PREFIX)}


async def _listed(store: Store) -> Sizes | str:
    """Return what a bucket holds, or why it does not say."""
    try:
        return await list_bucket(store)
    except copies.STORE_ERRORS as reason:
        return (str(reason).splitlines() or [type(reason).__name__])[0][:200]


async def _compare(site: str, store: Store, there: Sizes | str, rows: Rows, sample: int | None) -> Bucket:
    if isinstance(there, str):
        return Bucket(site, silent=there)
    absent = rows.sizes.keys() - there.keys()
    late = {key for key in absent if (key, site) in rows.on_the_way}
    odd = {key for key, size in rows.sizes.items() if size and there.get(key, size) != size}
    known = sorted(there.keys() & rows.sizes.keys() - odd)
    read = known if sample is None else random.sample(known, min(sample, len(known)))  # a spot check  # nosec B311
    return Bucket(
        site, objects=len(there), bytes=sum(there.values()), missing=tuple(sorted(absent - late)),
        on_the_way=tuple(sorted(late)), damaged=tuple(sorted(odd | await _damaged(store, read))),
        orphans=tuple(sorted(there.keys() - rows.sizes.keys() - rows.passing)), hashed=len(read),
    )  # fmt: skip


async def _damaged(store: Store, keys: Collection[str]) -> set[str]:
    found: set[str] = set()

    async def one(key: str) -> None:
        if not isinstance(await copies.ask(store, key), bytes):
            found.add(key)

    await each(keys, one)
    return found


async def _bring(site: str, stores: Mapping[str, Store], key: str, *, overwrite: bool) -> int | None:
    """Copy one picture into a bucket and return its size in bytes; None when no cloud gives it or the bucket refuses."""
    for name, store in stores.items():
        if name != site and isinstance(data := await copies.ask(store, key), bytes):
            return len(data) if await copies.put(stores[site], key, data, overwrite=overwrite) else None
    return None


async def each(keys: Iterable[str], act: Callable[[str], Awaitable[None]]) -> None:
    """Do something with every key, AT_ONCE of them at a time."""
    left = iter(keys)

    async def worker() -> None:
        for key in left:
            await act(key)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())
