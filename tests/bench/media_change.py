"""How long a few new pictures take to the other cloud, when both buckets hold very many already: ours beside `rclone sync`."""

import asyncio
import contextlib
import hashlib
import secrets
import sqlite3
import statistics
import time
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import Any

import obstore
import psycopg

from app import outbox
from app.acknowledger import Acknowledger
from app.copies import PREFIX
from app.database import Database
from app.fence import CachedLease
from app.outbox_worker import Loop, OutboxWorker
from app.settings import Settings
from app.stores import Store
from scripts.runbook import bootstrap
from tests.bench.clouds import Clouds, key_of, put
from tests.bench.records import spread
from tests.conftest import SINGLE_COPY, RunningPostgres, create_postgres
from tests.embedded.running_stores import RunningStore


def fill_with_listed_objects(store: RunningStore, count: int, bucket: str = "lifeboat-media") -> None:
    """Let a stopped Cloud Storage double list `count` objects more: copies of the first one's row under other names."""
    store.stop()
    with contextlib.closing(sqlite3.connect(store.folder / "metadata.db")) as database, database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(object)")]
        (row,) = database.execute("SELECT * FROM object WHERE bucket = ? LIMIT 1", (bucket,)).fetchall()
        place = columns.index("name")
        names = (hashlib.sha256(str(number).encode()).hexdigest() for number in range(count))
        rows = ((*row[:place], f"{PREFIX}{name[:2]}/{name}.jpg", *row[place + 1 :]) for name in names)
        database.executemany(f"INSERT INTO object VALUES ({', '.join('?' * len(columns))})", rows)
    store.start()


@contextlib.contextmanager
def primary(folder: Path) -> Generator[RunningPostgres]:
    """Run a migrated database whose fence is open."""
    running = create_postgres(folder)
    try:
        bootstrap.create_machinery(running.owner_url, "aws", 1, SINGLE_COPY)
        bootstrap.migrate_app(running.owner_url)
        with psycopg.connect(running.agent_url) as connection:
            connection.execute("UPDATE lifeboat.fence SET writable = true, valid_until = 'infinity'")
        yield running
    finally:
        running.stop()


def record_uploads(url: str, pictures: list[bytes]) -> None:
    """Write what uploads write that only the own cloud holds yet: the pictures' rows, and the outbox's."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        account = uuid.uuid4()
        cursor.execute(
            "INSERT INTO account (id, username, email, password_hash) VALUES (%s, %s, %s, '')", (account,) * 3
        )
        rows = [(uuid.uuid4(), account, key_of(data), len(data)) for data in pictures]
        cursor.executemany(
            "INSERT INTO media_attachment (id, account_id, key, width, height, size) VALUES (%s, %s, %s, 1, 1, %s)",
            rows,
        )
        waiting = [(key, size) for _, _, key, size in rows]
        cursor.executemany("INSERT INTO media_outbox (key, site, wanted, size) VALUES (%s, 'gcp', true, %s)", waiting)


async def drain(url: str, stores: dict[str, Store]) -> float:
    """Let the worker of the site aws bring gcp in step, and give the seconds until nothing waits."""
    settings = Settings.model_validate({"site": "aws", "database_url": url, "media_url": "", "secret_key": "x" * 16})
    database = Database(settings)
    acknowledger = Acknowledger(url, 5)
    worker, loop = OutboxWorker(database, CachedLease(database), acknowledger, stores), Loop("gcp")
    began = time.monotonic()
    while not await worker.work(loop):
        pass
    seconds = time.monotonic() - began
    async with database.read() as connection:
        assert await outbox.waiting(connection, "gcp", [], 1) == []
    await acknowledger.close()
    await database.close()
    return seconds


def bench_change(clouds: Clouds, objects: int, sizes: list[int], runs: int) -> list[dict[str, Any]]:
    """Measure ours and rclone in turn, with fresh changes each time, for each number of changes."""
    stores = {name: clouds.start("gcp", name, seconds_between_writes=0) for name in ("here", "there")}
    first = [secrets.token_bytes(64)]
    for name, store in stores.items():
        put(store.open(), first)
        fill_with_listed_objects(store, objects - 1)
        clouds.remote(name, store)
    with primary(clouds.folder / "postgres") as database:
        measured = [one_change(clouds, stores, database.url, changes, runs) for changes in sizes]
    for store in stores.values():
        store.stop()
    return [{"objects": objects, "changes": changes, **found} for changes, found in zip(sizes, measured, strict=True)]


def one_change(
    clouds: Clouds, stores: dict[str, RunningStore], database_url: str, changes: int, runs: int
) -> dict[str, Any]:
    """Measure one number of changes; each tool's copies are looked for afterwards."""
    here, there = (store.open(retries=1) for store in stores.values())
    ours, peer = [], []
    for _ in range(runs):
        put(here, pictures := [secrets.token_bytes(16_384) for _ in range(changes)])
        record_uploads(database_url, pictures)
        ours.append(asyncio.run(drain(database_url, {"aws": here, "gcp": there})))
        put(here, more := [secrets.token_bytes(16_384) for _ in range(changes)])
        peer.append(clouds.rclone("sync", "here:lifeboat-media", "there:lifeboat-media", "--size-only"))
        assert all(obstore.head(there, key_of(data)) for data in (*pictures, *more))
    return figures(ours, {"rclone sync": peer})


def figures(ours: list[float], peers: dict[str, list[float]]) -> dict[str, Any]:
    """Give the spread of each, and ours as a part of each peer by medians: lower is better."""
    ratios = {name: round(statistics.median(ours) / statistics.median(taken), 4) for name, taken in peers.items()}
    seconds = {"ours": spread(ours)} | {name: spread(taken) for name, taken in peers.items()}
    return {"seconds": seconds, "ratios": ratios}
