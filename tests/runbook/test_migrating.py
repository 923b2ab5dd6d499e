"""Two real servers, one following the other: tables are changed on both, and the new one is followed before it is written."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest

from app.migration import Migration
from scripts.runbook import health, migrating, replication
from scripts.runbook.errors import CannotMigrate
from scripts.runbook.replication import Following
from tests.conftest import RunningPostgres
from tests.runbook.test_replication import Site

ADDS = Migration("0002", "0001", "Boats.", "", (
    "CREATE TABLE boat (id uuid NOT NULL, name text NOT NULL, PRIMARY KEY (id))",
    "ALTER TABLE post ADD COLUMN boat_id uuid REFERENCES boat (id)",
))  # fmt: skip
INDEXES = Migration("0003", "0002", "An index.", "", ("CREATE INDEX CONCURRENTLY post_by_boat ON post (boat_id)",))
DROPS = Migration("0004", "0003", "No index.", "0003", ("DROP INDEX CONCURRENTLY post_by_boat",))


@pytest.fixture(scope="module")
def pair(make_postgres: Callable[[str], RunningPostgres]) -> Iterator[dict[str, Site]]:
    """Give aws as primary, and gcp that follows it, both at revision 0001."""
    with ExitStack() as stack:
        sites = {name: Site(name, make_postgres(name), stack) for name in ("aws", "gcp")}
        for site in sites.values():
            with psycopg.connect(site.running.owner_url) as owner:
                owner.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
                owner.execute("INSERT INTO alembic_version VALUES ('0001')")
        sites["aws"].open(1)
        sites["aws"].write(0)
        replication.follow(sites["gcp"].agent, "gcp", Following("aws", 1), sites["aws"].conninfo, copy=True)
        replication.wait_until_copied(sites["gcp"].agent)
        yield sites


def test_a_new_table_is_followed_before_anybody_writes_it(pair: dict[str, Site]) -> None:
    """Standby first; the app is refused until the table is opened, and its first row arrives."""
    aws, gcp = pair["aws"], pair["gcp"]

    first = migrating.bring_to(gcp.agent, [ADDS])
    second = migrating.bring_to(aws.agent, [ADDS])
    again = migrating.bring_to(aws.agent, [ADDS])
    with psycopg.connect(aws.running.url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("INSERT INTO boat VALUES (gen_random_uuid(), 'early')")
    followed = migrating.follow_tables(gcp.agent, "aws")
    opened = [migrating.open_tables(site.agent) for site in (gcp, aws)]
    with psycopg.connect(aws.running.url) as app:
        app.execute("INSERT INTO boat VALUES (gen_random_uuid(), 'Lifeboat')")

    assert (first, second, again) == (["0002"], ["0002"], [])
    assert followed == ["lifeboat.heartbeat", "public.boat", "public.post"]
    assert opened == [["boat"], ["boat"]]
    assert migrating.open_tables(aws.agent) == []
    replication.wait_until(
        lambda: gcp.agent.execute("SELECT name FROM boat").fetchall() == [("Lifeboat",)], "the row does not arrive"
    )
    assert health.schema_digest(aws.agent) == health.schema_digest(gcp.agent)
    with psycopg.connect(gcp.running.url) as app, pytest.raises(psycopg.Error, match="its fence at epoch 1 is closed"):
        app.execute("INSERT INTO boat VALUES (gen_random_uuid(), 'elsewhere')")


def test_an_index_that_a_killed_run_left_is_made_anew_and_goes_again(pair: dict[str, Site]) -> None:
    """What cannot be in a transaction is done again whole, before the revision is noted."""
    aws = pair["aws"].agent
    with psycopg.connect(pair["aws"].running.owner_url) as owner:
        owner.execute("CREATE INDEX post_by_boat ON post (id)")

    made = migrating.bring_to(aws, [INDEXES])
    (index,) = aws.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'post_by_boat'").fetchone() or ("",)
    with psycopg.connect(pair["aws"].running.owner_url) as owner:
        owner.execute("DROP INDEX post_by_boat")
    dropped = migrating.bring_to(aws, [INDEXES, DROPS])

    assert (made, dropped) == (["0003"], ["0004"])
    assert index.endswith("(boat_id)")
    assert aws.execute("SELECT current_user").fetchone() == ("lifeboat_agent",)


def test_a_table_that_somebody_holds_is_waited_for_in_short_steps(pair: dict[str, Site]) -> None:
    """A long transaction holds the change up, and the change holds up no writer behind it for longer than its own patience."""
    gcp, done = pair["gcp"], []
    adds = Migration("0003", "0002", "More.", "", ("ALTER TABLE post ADD COLUMN more text",))
    with psycopg.connect(gcp.running.owner_url) as long:
        long.execute("SELECT count(*) FROM post")
        thread = threading.Thread(target=lambda: done.append(migrating.bring_to(gcp.agent, [adds])))
        thread.start()
        with psycopg.connect(gcp.running.owner_url, options="-c statement_timeout=20000") as other:
            for _ in range(5):
                other.execute("SELECT count(*) FROM post")
        assert done == []
    thread.join(60)

    assert done == [["0003"]]


def test_a_revision_out_of_line_is_said(pair: dict[str, Site]) -> None:
    """A site whose revision leads nowhere is left alone."""
    with pytest.raises(CannotMigrate, match="from which 0099 is not reached"):
        migrating.bring_to(pair["aws"].agent, [Migration("0099", "0098", "Far.", "", ())])


def test_a_column_that_standbys_would_miss_is_not_dropped(pair: dict[str, Site]) -> None:
    """NOT NULL without a default: its revision before must have let go of that."""
    with psycopg.connect(pair["aws"].running.owner_url) as owner:
        owner.execute("ALTER TABLE post ADD COLUMN must text NOT NULL DEFAULT 'x'")
        owner.execute("ALTER TABLE post ALTER COLUMN must DROP DEFAULT")
    drop = Migration("0005", "0004", "Less.", "0001", ("ALTER TABLE post DROP COLUMN must",))

    with pytest.raises(CannotMigrate, match="which may not be NULL and has no default"):
        migrating.must_be_droppable(pair["aws"].agent, [drop])
