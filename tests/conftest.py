"""What several layers of tests share: real PostgreSQL servers, free ports, and nothing left behind."""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis  # noqa: F401  # its plugin would import it later inside Playwright's greenlet, where Python 3.11 cannot parse
import psycopg
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from scripts.embedded.ports import free_ports
from scripts.embedded.postgres import PostgresServer, server_environment
from scripts.embedded.postgres_binaries import find_postgres, run_as
from scripts.runbook import bootstrap
from scripts.runbook.rule import Rule

THREE_SITES = "tests/acceptance/"
# These have three sites of their own, and come last: the worker that had everything else does them beside the first one.
LAST = ("tests/acceptance/test_deaths.py", "tests/matrix/test_live.py")


class FileByFile(LoadScopeScheduling):
    """Hands each worker whole files, so that a server is started once for all its tests; three whole sites to one alone."""

    def _split_scope(self, nodeid: str) -> str:
        alone = nodeid.startswith(THREE_SITES) and not nodeid.startswith(LAST)
        return "three sites" if alone else nodeid.split("::", 1)[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.nodeid.startswith(LAST))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return FileByFile(config, log)


SINGLE_COPY = Rule.from_json([{"sync": [], "needed": 0}])


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    return free_ports(1)[0]


@dataclass
class RunningPostgres:
    """A started server of one test, with its passwords."""

    server: PostgresServer
    admin_password: str
    passwords: bootstrap.RolePasswords
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = (self.server.folder / "log").open("ab")
        with log:
            how = dict(run_as().arguments)
            self.process = subprocess.Popen(
                self.server.argv(),
                stdout=log,
                stderr=log,
                env=server_environment(),
                cwd="/",
                start_new_session=True,
                **how,
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.admin_url, connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail((self.server.folder / "log").read_text())
                time.sleep(0.05)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(20)

    @property
    def admin_url(self) -> str:
        return self.server.url("lifeboat_admin", self.admin_password)

    @property
    def owner_url(self) -> str:
        return self.server.url("lifeboat_owner", self.passwords.owner)

    @property
    def agent_url(self) -> str:
        return self.server.url("lifeboat_agent", self.passwords.agent)

    @property
    def url(self) -> str:
        return self.server.url("lifeboat_app", self.passwords.app)


# Every app of a session keeps its pool until the session ends, so these servers hold more connections than a site does.
ROOM = "max_connections = 200\n"


def create_postgres(folder: Path, settings: str = "") -> RunningPostgres:
    """Create and start a server with Lifeboat's roles, and nothing else, in `folder`, with more lines of settings."""
    passwords = bootstrap.RolePasswords(*(secrets.token_hex(12) for _ in range(4)))
    running = RunningPostgres(PostgresServer(find_postgres(), folder, free_port()), secrets.token_hex(12), passwords)
    running.server.create(running.admin_password)
    with (running.server.data / "postgresql.conf").open("a") as file:
        file.write(settings)
    running.start()
    bootstrap.create_roles(running.admin_url, passwords)
    return running


@pytest.fixture(scope="session")
def make_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], RunningPostgres]]:
    """Give a function that makes one more running server; all are stopped at the end."""
    made: list[RunningPostgres] = []

    def make(name: str) -> RunningPostgres:
        folder = tmp_path_factory.mktemp(name)
        for parent in (folder, *folder.parents[:3]):
            if os.access(parent, os.W_OK) and parent != Path("/tmp"):
                parent.chmod(0o755)
        made.append(create_postgres(folder / "postgres", ROOM))
        return made[-1]

    yield make
    for running in made:
        running.stop()


def migrated(running: RunningPostgres) -> RunningPostgres:
    """Make the app's tables, and open the fence under the single-copy rule."""
    bootstrap.create_machinery(running.owner_url, "aws", 1, SINGLE_COPY)
    bootstrap.migrate_app(running.owner_url)
    with psycopg.connect(running.agent_url) as connection:
        connection.execute("UPDATE lifeboat.fence SET writable = true, valid_until = now() + interval '10 years'")
    return running


@pytest.fixture(scope="session")
def app_database(make_postgres: Callable[[str], RunningPostgres]) -> RunningPostgres:
    """Give a migrated database whose fence is open under the single-copy rule."""
    return migrated(make_postgres("app_database"))
