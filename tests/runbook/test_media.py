"""Buckets beside the rows, with the three real local stores and a real database."""

import asyncio
import hashlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import obstore
import psycopg
import pytest
from psycopg.types.json import Jsonb

from app.stores import Store
from scripts.embedded.object_stores import gcs_process
from scripts.runbook import bootstrap, media
from scripts.runbook.media import Bucket, Rows
from scripts.runbook.takedowns import Entry, Ledger, Takedown
from tests.app.test_media import dead_store
from tests.conftest import SINGLE_COPY, RunningPostgres
from tests.embedded.running_stores import SITES, MakeStore, RunningStore, make_store

__all__ = ["make_store"]

PICTURES = [f"picture {number}".encode() for number in range(5)]


def key_of(data: bytes) -> str:
    name = hashlib.sha256(data).hexdigest()
    return f"media/{name[:2]}/{name}.jpg"


KEYS = sorted(key_of(data) for data in PICTURES)
DATA = {key_of(data): data for data in PICTURES}


@pytest.fixture(scope="module")
def database(make_postgres: Callable[[str], RunningPostgres]) -> Iterator[psycopg.Connection[Any]]:
    """Give the primary's database, in the agent's role: four pictures of people, and one smaller copy of the first."""
    running = make_postgres("media")
    bootstrap.create_machinery(running.owner_url, "aws", 1, SINGLE_COPY)
    bootstrap.migrate_app(running.owner_url)
    with psycopg.connect(running.agent_url, autocommit=True) as connection:
        connection.execute("UPDATE lifeboat.fence SET writable = true, valid_until = 'infinity'")
        _insert(connection)
        yield connection


def _insert(connection: psycopg.Connection[Any]) -> None:
    account = uuid.uuid4()
    connection.execute("INSERT INTO account (id, username, email, password_hash) VALUES (%s, 'a', 'a', '')", (account,))
    for number, data in enumerate(PICTURES[:-1]):
        small = {"small": {"key": key_of(PICTURES[-1]), "bytes": len(PICTURES[-1])}} if number == 0 else {}
        connection.execute(
            "INSERT INTO media_attachment (id, account_id, key, width, height, size, sizes) VALUES (%s, %s, %s, 1, 1, %s, %s)",
            (uuid.uuid4(), account, key_of(data), len(data), Jsonb(small)),
        )


@pytest.fixture(scope="module")
def running(make_store: MakeStore) -> dict[str, RunningStore]:
    """Start the three stores; that of gcp without its limit of one write a second to an object."""
    unlimited = make_store("gcp", gcs_process, seconds_between_writes=0)
    return {"aws": make_store("aws"), "gcp": unlimited, "azure": make_store("azure")}


@pytest.fixture
def stores(running: dict[str, RunningStore], database: Any) -> dict[str, Store]:
    """Give three buckets that hold exactly what the rows name."""
    opened = {site: store.open() for site, store in running.items()}
    for store in opened.values():
        for found in obstore.list(store, "media/").collect():
            obstore.delete(store, found["path"])
        for key, data in DATA.items():
            obstore.put(store, key, data)
    database.execute("DELETE FROM media_outbox")
    return opened


def verify(database: Any, stores: dict[str, Store], **options: Any) -> tuple[Rows, dict[str, Bucket]]:
    rows, buckets = asyncio.run(media.verify(database, stores, **options))
    return rows, {bucket.site: bucket for bucket in buckets}


def test_buckets_in_step(database: Any, stores: dict[str, Store]) -> None:
    """It counts every picture and every smaller copy, and reads all of them when asked for."""
    rows, buckets = verify(database, stores, sample=None)

    assert sorted(rows.sizes) == KEYS
    for bucket in buckets.values():
        assert (bucket.objects, bucket.hashed, bucket.in_step) == (5, 5, True)
        assert bucket.bytes == sum(map(len, PICTURES))


@pytest.mark.parametrize("site", SITES)
def test_every_kind_of_trouble_is_found_and_mended(database: Any, stores: dict[str, Store], site: str) -> None:
    """It names what is missing, on its way, of another size, of other bytes, and in excess; a back-fill mends all but the
    last, which it leaves alone."""
    store = stores[site]
    missing, late, short, altered, whole = KEYS
    obstore.delete(store, missing)
    obstore.delete(store, late)
    obstore.put(store, short, b"x")
    obstore.put(store, altered, DATA[altered][::-1])
    obstore.put(store, key_of(b"nobody's"), b"nobody's")
    database.execute("INSERT INTO media_outbox (key, site, wanted, size) VALUES (%s, %s, true, 1)", (late, site))

    _, buckets = verify(database, stores, sample=None)

    assert buckets[site].missing == (missing,)
    assert buckets[site].on_the_way == (late,)
    assert buckets[site].damaged == tuple(sorted((short, altered)))
    assert buckets[site].orphans == (key_of(b"nobody's"),)
    assert [bucket.in_step for name, bucket in buckets.items() if name != site] == [True, True]

    came: list[bool] = []
    lacking = {*buckets[site].missing, *buckets[site].on_the_way}
    filled = asyncio.run(media.back_fill(site, stores, lacking, buckets[site].damaged, came.append))
    _, after = verify(database, stores, sample=None)

    assert (filled.copied, filled.failed, came) == (4, [], [True] * 4)
    assert filled.bytes == sum(len(DATA[key]) for key in (missing, late, short, altered))
    assert after[site].in_step
    assert after[site].orphans == buckets[site].orphans
    assert bytes(obstore.get(store, whole).bytes()) == DATA[whole]


def test_a_bucket_that_does_not_answer_is_said(database: Any, stores: dict[str, Store]) -> None:
    """It compares the others, and says why this one could not be."""
    _, buckets = verify(database, stores | {"gcp": dead_store()})

    assert not buckets["gcp"].in_step
    assert buckets["gcp"].silent
    assert buckets["aws"].in_step


def test_a_picture_that_nobody_holds_whole_is_not_copied(database: Any, stores: dict[str, Store]) -> None:
    """It copies no damaged bytes on, and says which picture it could not bring."""
    for store in (stores["aws"], stores["gcp"]):
        obstore.put(store, KEYS[0], b"damaged")
    obstore.delete(stores["azure"], KEYS[0])

    filled = asyncio.run(media.back_fill("azure", stores, {KEYS[0]}))

    assert (filled.copied, filled.failed) == (0, [KEYS[0]])
    assert verify(database, stores)[1]["azure"].missing == (KEYS[0],)


def test_what_was_taken_down_goes_from_a_bucket(stores: dict[str, Store]) -> None:
    """It removes the picture under either name, leaves the others, and does not mind one that is not there."""
    takedown = Takedown.make("test", "media", KEYS[0].rpartition("/")[2].partition(".")[0], "a notice", "ana")
    absent = Takedown.make("test", "media", "00" * 32, "a notice", "ana")
    ledger = Ledger(tuple(Entry(one, b"", ()) for one in (takedown, absent)), (), {}, ())

    for site in SITES:
        assert asyncio.run(media.remove_taken_down(stores[site], ledger)) == []
        assert sorted(asyncio.run(media.list_bucket(stores[site]))) == KEYS[1:]
    assert asyncio.run(media.remove_taken_down(dead_store(), ledger)) == sorted(media.taken_down_keys(ledger))


def test_pictures_that_come_or_go_meanwhile_are_neither_missing_nor_in_excess() -> None:
    """It judges only what rows named before and after the buckets were listed."""
    before = Rows({"stays": 1, "goes": 1}, frozenset())
    after = Rows({"stays": 1, "comes": 1}, frozenset())

    rows = before.until(after)

    assert rows.sizes == {"stays": 1}
    assert rows.passing == {"goes", "comes"}


def test_the_backlog_says_what_waits(database: Any) -> None:
    """It gives objects, bytes and the age of the oldest, for each bucket and direction."""
    database.execute("DELETE FROM media_outbox")
    database.execute(
        "INSERT INTO media_outbox (key, site, wanted, size, created_at)"
        " VALUES ('a', 'gcp', true, 5, now() - interval '90 s'), ('b', 'gcp', true, 7, now()), ('c', 'aws', false, 0, now())"
    )

    waiting = media.backlog(database)

    assert [(one["site"], one["wanted"], one["objects"], one["bytes"]) for one in waiting] == [
        ("aws", False, 1, 0),
        ("gcp", True, 2, 12),
    ]
    assert 89 < waiting[1]["oldest_seconds"] < 200
