"""No hot path reads a whole table: the plans of what the app really sends, on a database that is large enough to tell."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from scripts.runbook import bootstrap
from tests.app.conftest import RunningApp
from tests.bench.app import community
from tests.bench.app.community import Reader
from tests.conftest import SINGLE_COPY, RunningPostgres
from tests.statements import Sent, heard

POSTS = 10_000
LARGE = 1_000  # rows; a table below that is read whole because that is cheaper
PATHS = (
    "/api/v1/timelines/home",
    "/api/v1/timelines/home?max_id={post}",
    "/api/v1/timelines/home?min_id={post}",
    "/api/v1/timelines/public",
    "/api/v1/timelines/tag/photo",
    "/api/v1/accounts/{author}/statuses",
    "/api/v1/accounts/{author}/followers",
    "/api/v1/accounts/{author}/following",
    "/api/v1/statuses/{post}",
    "/api/v1/statuses/{post}/context",
    "/api/v1/statuses/{post}/favourited_by",
    "/api/v1/statuses/{post}/reblogged_by",
    "/api/v1/favourites",
    "/api/v1/bookmarks",
    "/api/v1/notifications",
    "/api/v1/conversations",
    "/api/v2/search?q=harbour%20letter&type=statuses",
)


@pytest.fixture(scope="module")
def large(make_postgres: Callable[[str], RunningPostgres]) -> RunningPostgres:
    """Give a database with a community in it, and statistics of it."""
    running = make_postgres("large")
    bootstrap.create_machinery(running.owner_url, "aws", 1, SINGLE_COPY)
    bootstrap.migrate_app(running.owner_url)
    with psycopg.connect(running.agent_url) as connection:
        connection.execute("UPDATE lifeboat.fence SET writable = true, valid_until = now() + interval '10 years'")
    return running


@pytest.fixture(scope="module")
def reader(large: RunningPostgres) -> Reader:
    """Fill the database and give who reads."""
    who = community.people(large.url, each=4)
    community.posts(large.url, 0, POSTS)
    with psycopg.connect(large.owner_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return who


@pytest.fixture(scope="module")
def client(run_app: Callable[..., RunningApp], large: RunningPostgres, reader: Reader) -> Iterator[httpx.Client]:
    """Give a client of the reader."""
    with run_app(large.url).client(authorization=f"Bearer {reader.token}") as one:
        yield one


def test_no_hot_path_reads_a_whole_table(client: httpx.Client, large: RunningPostgres) -> None:
    """It finds no sequential scan of a large table in the plan of any statement of reading, posting or favouriting."""
    newest = client.get("/api/v1/timelines/home").json()[0]
    ids = {"post": newest["id"], "author": newest["account"]["id"]}
    with heard() as sent:
        answers = [client.get(path.format(**ids)) for path in PATHS]
        answers += [client.post("/api/v1/statuses", json={"status": "good evening #photo @person1"})]
        answers += [client.post(f"/api/v1/statuses/{ids['post']}/{act}") for act in ("favourite", "reblog")]

    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert sorted(found for statement in sent for found in whole_tables(large, statement)) == []


def whole_tables(database: RunningPostgres, statement: Sent) -> list[tuple[str, str]]:
    """Name the large tables that a statement reads whole, each with the beginning of the statement."""
    text, values = statement
    if not text.lstrip().upper().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
        return []
    with psycopg.connect(database.url) as connection:
        row = connection.execute(b"EXPLAIN (FORMAT JSON) " + text.encode(), values).fetchone()
        assert row is not None
        scanned = {node["Relation Name"] for node in _nodes(row[0][0]["Plan"]) if node["Node Type"] == "Seq Scan"}
        sizes = dict(connection.execute("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r'").fetchall())
        connection.rollback()
    return [(table, text) for table in scanned if sizes[table] >= LARGE]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def test_a_scan_of_a_whole_table_would_be_found(large: RunningPostgres, reader: Reader) -> None:
    """It finds one in a statement that no index answers."""
    assert reader
    assert whole_tables(large, ("SELECT id FROM status WHERE text = %(text)s", {"text": "x"})) == [
        ("status", "SELECT id FROM status WHERE text = %(text)s")
    ]
