"""What an agent measures of its own site, against a real server with Lifeboat's own roles."""

import dataclasses
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from scripts.runbook import bootstrap, certificates, excess_rights, health, privileges
from scripts.runbook.health import Health
from tests.conftest import SINGLE_COPY, RunningPostgres, free_port


@pytest.fixture(scope="module")
def running(make_postgres: Callable[[str], RunningPostgres]) -> RunningPostgres:
    server = make_postgres("health")
    bootstrap.create_machinery(server.owner_url, "aws", 1, SINGLE_COPY)
    bootstrap.migrate_app(server.owner_url)
    return server


@pytest.fixture
def agent(running: RunningPostgres) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(running.agent_url, autocommit=True) as connection:
        yield connection


def act_as_owner(running: RunningPostgres, statement: str) -> None:
    with psycopg.connect(running.owner_url, autocommit=True) as connection:
        connection.execute(statement)  # ty: ignore[no-matching-overload]


def test_a_well_site_measures_well(running: RunningPostgres, agent: psycopg.Connection[Any]) -> None:
    """It finds no trouble, the disk under the files, and reads back from a status what it measured."""
    measured = health.measure(agent, running.server.folder)

    assert (measured.trouble, measured.frail_slots, measured.pending) == ((), (), ())
    assert measured.disk_free
    assert measured.disk_total
    assert measured.disk_free <= measured.disk_total
    assert measured.versions["postgres"].startswith("1")
    assert Health.from_body(measured.to_body()) == measured
    assert Health.from_body({**measured.to_body(), "version": 99}) is None
    assert Health.from_body(None) is None


def test_another_column_or_key_shows_in_the_digest(running: RunningPostgres, agent: psycopg.Connection[Any]) -> None:
    """It gives another digest as soon as a published table differs, and the old one when that is taken back."""
    before = health.measure(agent, None).schema
    act_as_owner(running, "ALTER TABLE account ADD COLUMN odd text")
    added = health.measure(agent, None).schema
    act_as_owner(running, "ALTER TABLE account DROP COLUMN odd")
    act_as_owner(running, "CREATE UNIQUE INDEX odd ON account (id, username)")
    indexed = health.measure(agent, None).schema
    act_as_owner(running, "DROP INDEX odd")

    assert len({before, added, indexed}) == 3
    assert health.measure(agent, None).schema == before


def test_a_table_outside_the_publication_shows(running: RunningPostgres, agent: psycopg.Connection[Any]) -> None:
    """It gives another digest of the published names when one of them is taken out."""
    before = health.measure(agent, None).published
    act_as_owner(running, "ALTER PUBLICATION lifeboat DROP TABLE public.report")
    after = health.measure(agent, None).published
    act_as_owner(running, "ALTER PUBLICATION lifeboat ADD TABLE public.report")

    assert after != before
    assert health.measure(agent, None).published == before


def test_a_subscription_in_trouble_says_so(agent: psycopg.Connection[Any]) -> None:
    """It names a disabled subscription, tables that are not in step, a skipped transaction, and a missing subscription."""
    agent.execute("INSERT INTO lifeboat.following (primary_site, epoch) VALUES ('gcp', 1)")
    missing = health.measure(agent, None).trouble
    agent.execute(
        "CREATE SUBSCRIPTION lifeboat_from_gcp CONNECTION 'host=gcp.invalid password=x' PUBLICATION lifeboat WITH (connect = false)"
    )
    agent.execute("ALTER SUBSCRIPTION lifeboat_from_gcp SKIP (lsn = '0/1234')")
    disabled = health.measure(agent, None).trouble
    agent.execute("ALTER SUBSCRIPTION lifeboat_from_gcp SKIP (lsn = NONE)")
    later = health.measure(agent, None).trouble
    agent.execute("ALTER SUBSCRIPTION lifeboat_from_gcp SET (slot_name = NONE)")
    agent.execute("DROP SUBSCRIPTION lifeboat_from_gcp")
    agent.execute("DELETE FROM lifeboat.following")

    assert missing == ("it follows gcp by its own note and has no subscription to it",)
    assert disabled == ("a transaction was skipped at 0/1234", "its subscription lifeboat_from_gcp is disabled")
    assert later == disabled
    assert health.measure(agent, None).trouble == ()


def test_what_azure_needs_to_take_slots_to_another_zone_is_named(
    running: RunningPostgres, agent: psycopg.Connection[Any]
) -> None:
    """It names both settings where the service's own role tells that it is Azure's, and nothing elsewhere."""
    elsewhere = health.measure(agent, None).frail_settings
    with psycopg.connect(running.admin_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE azure_pg_admin")
        there = health.measure(agent, None).frail_settings
        admin.execute("DROP ROLE azure_pg_admin")

    assert elsewhere == ()
    assert there == ("hot_standby_feedback", "sync_replication_slots")


def test_a_setting_that_waits_for_a_restart_is_named(running: RunningPostgres, agent: psycopg.Connection[Any]) -> None:
    """It names a parameter that was changed under a running server and that only a restart would put in force."""
    file = running.server.data / "postgresql.conf"
    before = file.read_text()
    file.write_text(f"{before}\nmax_wal_senders = 37\n")
    waiting = pending_after_reload(running, agent, ("max_wal_senders",))
    file.write_text(before)

    assert waiting
    assert pending_after_reload(running, agent, ())


def pending_after_reload(running: RunningPostgres, agent: psycopg.Connection[Any], wanted: tuple[str, ...]) -> bool:
    """Have the server read its file again, and say whether it comes to name exactly these."""
    assert running.process
    running.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 90
    while health.measure(agent, None).pending != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    return health.measure(agent, None).pending == wanted


def test_every_privilege_is_proved_and_nothing_stays(agent: psycopg.Connection[Any]) -> None:
    """It finds the agent's role allowed everything, and leaves neither a slot nor a subscription."""
    assert privileges.refused(agent) == {}
    assert agent.execute("SELECT slot_name FROM pg_replication_slots").fetchall() == []
    assert agent.execute("SELECT subname FROM pg_subscription").fetchall() == []


def test_a_role_without_the_privileges_is_told_which(running: RunningPostgres) -> None:
    """It names each act that the server refuses, with the server's own reason."""
    with psycopg.connect(running.url, autocommit=True) as app:
        refused = privileges.refused(app)

    assert set(refused) == set(privileges.ACTS)
    assert "permission denied" in refused["write the fence"]


SOME_TABLE = "SELECT min(tablename) FROM pg_tables WHERE schemaname = 'public'"
EXCESSES = {
    "GRANT TRIGGER ON {table} TO lifeboat_app": "lifeboat_app may trigger {table}",
    "GRANT UPDATE ON {table} TO lifeboat_replication": "lifeboat_replication may update {table}",
    "GRANT UPDATE ON lifeboat.fence TO lifeboat_app": "lifeboat_app may update lifeboat.fence",
    "GRANT lifeboat_owner TO lifeboat_app": "lifeboat_app is a member of lifeboat_owner",
    "GRANT CREATE ON SCHEMA public TO lifeboat_app": "lifeboat_app may create in the schema public",
    "GRANT CREATE ON DATABASE lifeboat TO lifeboat_replication": "lifeboat_replication may create schemas",
    "ALTER ROLE lifeboat_app CREATEDB": "lifeboat_app has the attribute CREATEDB",
    "GRANT CREATE ON SCHEMA public TO lifeboat_app; ALTER TABLE {table} OWNER TO lifeboat_app": "lifeboat_app owns {table}",
}


def test_roles_have_no_right_beyond_their_need(agent: psycopg.Connection[Any]) -> None:
    """It finds nothing in a database that the bootstrap and the app's migrations made."""
    assert excess_rights.excess(agent) == ()


@pytest.mark.parametrize("act", EXCESSES)
def test_a_right_too_many_is_named(running: RunningPostgres, act: str) -> None:
    """It says which role may do what, whoever granted it; the test then takes it back."""
    with psycopg.connect(running.admin_url) as admin:
        admin.execute("GRANT lifeboat_owner, lifeboat_app TO CURRENT_USER")
        (table,) = admin.execute(SOME_TABLE).fetchone() or ("",)
        admin.execute(act.format(table=table))  # ty: ignore[no-matching-overload]
        found = excess_rights.excess(admin)
        admin.rollback()

    assert EXCESSES[act].format(table=table) in found


def test_the_server_itself_opens_another_and_leaves_nothing(
    running: RunningPostgres, agent: psycopg.Connection[Any]
) -> None:
    """It finds nothing wrong with a server that lets a follower in over TLS, and makes neither subscription nor slot."""
    good = running.server.url("lifeboat_replication", running.passwords.replication, verify=False)

    assert privileges.unreached(agent, good) == ""
    assert agent.execute("SELECT subname FROM pg_subscription").fetchall() == []
    assert agent.execute("SELECT slot_name FROM pg_replication_slots").fetchall() == []


def test_a_link_that_would_carry_nothing_is_named(running: RunningPostgres, agent: psycopg.Connection[Any]) -> None:
    """It returns the server's reason: an old password, no TLS, nobody there, or a server that accepts and says nothing."""
    good = running.server.url("lifeboat_replication", running.passwords.replication, verify=False)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ports = {"silent": silent.getsockname()[1], "closed": free_port()}
        at = {name: good.replace(f":{running.server.port}/", f":{port}/") for name, port in ports.items()}

        assert "password authentication failed" in privileges.unreached(
            agent, good.replace(running.passwords.replication, "old")
        )
        assert "no encryption" in privileges.unreached(agent, good.split("?")[0] + "?sslmode=disable")
        assert "refused" in privileges.unreached(agent, at["closed"])
        assert privileges.unreached(agent, at["silent"]) == "no answer within 2 seconds"
    assert agent.execute("SELECT subname FROM pg_subscription").fetchall() == []


def test_the_database_shows_how_long_its_certificate_lasts(running: RunningPostgres) -> None:
    """It reads the days left from the handshake."""
    assert certificates.days_left("127.0.0.1", running.server.port, postgres=True) > 300


def test_the_body_of_a_status_carries_it() -> None:
    """Every part is plain JSON."""
    assert dataclasses.replace(Health(), trouble=("x",)).to_body()["trouble"] == ("x",)
