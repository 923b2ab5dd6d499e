"""An invented community: always the same, whole in every part, and written once into a real database."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import obstore
import psycopg
import pytest
from obstore.store import MemoryStore

from app import copies
from scripts.embedded.seeding import filling
from scripts.embedded.seeding.drawing import draw
from scripts.embedded.seeding.filling import Filled, fill
from scripts.embedded.seeding.people import Community
from scripts.embedded.seeding.posts import PICTURE_EVERY, Posts
from scripts.runbook import bootstrap
from scripts.runbook.errors import OtherCommunity, SeedingStopped
from tests.conftest import SINGLE_COPY, RunningPostgres

SMALL = Community(users=60, posts=2500, seed=7)


def tell(sentence: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def database(make_postgres: Callable[[str], RunningPostgres]) -> Iterator[psycopg.Connection[Any]]:
    """Give an empty primary's database that nobody follows, in the app's role."""
    running = make_postgres("seeding")
    bootstrap.create_machinery(running.owner_url, "aws", 1, SINGLE_COPY)
    bootstrap.migrate_app(running.owner_url)
    with psycopg.connect(running.agent_url, autocommit=True) as agent:
        agent.execute("UPDATE lifeboat.fence SET writable = true, valid_until = 'infinity'")
    with psycopg.connect(running.url, autocommit=True) as connection:
        yield connection


def count(database: psycopg.Connection[Any], rest: str) -> int:
    row = database.execute(f"SELECT count(*) FROM {rest}").fetchone()  # ty: ignore[no-matching-overload]
    assert row is not None
    return row[0]


def test_the_same_seed_gives_the_same_rows_in_any_order_of_parts() -> None:
    """Another run, or one that begins in the middle, writes exactly what the first would have written."""
    pool = [draw(7, 0)]
    once, again = Posts(SMALL, pool), Posts(Community(60, 2500, 7), [draw(7, 0)])

    late = again.batch(range(1000, 2000))
    first = again.batch(range(1000))

    assert vars(once.batch(range(1000))) == vars(first)
    assert vars(once.batch(range(1000, 2000))) == vars(late)
    assert list(SMALL.follows()) == list(Community(60, 2500, 7).follows())
    assert vars(Posts(Community(60, 2500, 8), pool).batch(range(1000))) != vars(first)


def test_few_are_read_by_many() -> None:
    """Who is followed has a long tail, nobody follows themselves, and nobody twice."""
    community = Community(500, 1, 3)
    pairs = [(by, whom) for _, by, whom, _ in community.follows()]
    followers = sorted(Counter(whom for _, whom in pairs).values(), reverse=True)

    assert len(set(pairs)) == len(pairs)
    assert all(by != whom for by, whom in pairs)
    assert followers[0] > 5 * followers[len(followers) // 2]


def test_a_community_is_written_whole_and_once(database: psycopg.Connection[Any]) -> None:
    """Ended in the middle it goes on, run again it writes nothing, another one is refused; every row has what it names."""
    bucket, posts = MemoryStore(), Posts(SMALL, [])
    filling._write_people(database, SMALL, tell)
    filling._write_batch(database, Posts(SMALL, filling.draw_pool(SMALL, [bucket], tell)).batch(range(1000)))

    went_on = fill(database, [bucket], SMALL, tell)
    again = fill(database, [bucket], SMALL, tell)

    assert (went_on.there_before, went_on.written) == (1000, 1500)
    assert (again.there_before, again.written) == (2500, 0)
    with pytest.raises(OtherCommunity, match="--users 60 --posts 2500 --seed 7 already"):
        fill(database, [bucket], Community(61, 2500, 7), tell)
    assert count(database, "account") == 60
    assert count(database, "status WHERE reblog_of_id IS NULL") == 2500
    assert count(database, "media_attachment") == 2500 // PICTURE_EVERY
    assert count(database, "status WHERE in_reply_to_id IS NOT NULL") > 500
    assert count(database, "(SELECT DISTINCT language FROM status WHERE language IS NOT NULL) AS spoken") >= 5
    answers = "status AS answer JOIN status AS asked ON asked.id = answer.in_reply_to_id"
    assert (
        count(database, f"{answers} WHERE asked.id >= answer.id OR asked.account_id <> answer.in_reply_to_account_id")
        == 0
    )
    assert count(database, "mention JOIN status ON status.id = mention.status_id JOIN account ON account.id = "
                           "mention.account_id WHERE text NOT LIKE '%@' || username || '%'") == 0  # fmt: skip
    assert (
        count(database, "favourite JOIN status ON status.id = status_id WHERE favourite.created_at < status.created_at")
        == 0
    )
    keys = [key for (key,) in database.execute("SELECT id FROM status WHERE reblog_of_id IS NULL ORDER BY created_at")]
    assert keys == sorted(keys) == [posts.id(number) for number in range(2500)]
    (picture,) = database.execute("SELECT key FROM media_attachment LIMIT 1").fetchall()
    assert asyncio.run(copies.get(bucket, picture[0]))
    assert len(list(itertools.chain.from_iterable(obstore.list(bucket)))) >= 2500 // PICTURE_EVERY


def test_a_site_that_takes_no_writes_is_said(make_postgres: Callable[[str], RunningPostgres]) -> None:
    """One sentence with the database's own reason, and what to do."""
    running = make_postgres("fenced")
    bootstrap.create_machinery(running.owner_url, "aws", 1, SINGLE_COPY)
    bootstrap.migrate_app(running.owner_url)
    with psycopg.connect(running.url, autocommit=True) as fenced, pytest.raises(SeedingStopped) as stopped:
        fill(fenced, [MemoryStore()], Community(2, 1, 1), tell)

    assert str(stopped.value).startswith(
        "The filling stopped: site aws takes no writes: its fence at epoch 1 is closed."
    )
    assert str(stopped.value).endswith("run it again to go on.")


def test_speed_is_posts_by_seconds() -> None:
    """What a person reads of a run."""
    assert Filled(1000, 0, 4.0).posts_per_second == 250
    assert Filled(0, 1000, 0.0).posts_per_second == 0
