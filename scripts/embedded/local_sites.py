"""Three whole sites on this machine: started from nothing to a URL that takes writes."""

import asyncio
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg

from scripts.embedded import object_stores, programs
from scripts.embedded.dns_server.zone import initial_zone
from scripts.embedded.layout import SITES, TOOLS, Layout, LocalSettings, decide, write_platform
from scripts.embedded.postgres_binaries import find_postgres
from scripts.embedded.supervisor import NEUTRAL, Program, Started, Supervisor
from scripts.runbook import bootstrap, join, outside, sites
from scripts.runbook.errors import LeftoverSites, ProcessDied, UsageError
from scripts.runbook.rule import Rule

Say = Callable[[str], None]

# The migrations run in this process, and Alembic keeps its context in module globals.
_one_migration_at_a_time = threading.Lock()


@dataclass(frozen=True)
class LocalSites:
    """Three running sites."""

    layout: Layout
    supervisor: Supervisor
    cold_start_seconds: float

    def summary(self) -> dict[str, object]:
        """Return what `lifeboat local up --json` prints."""
        layout = self.layout
        described = {
            site: {"app_url": layout.app_url(site), "database_url": programs.app(layout, site).environment["DATABASE_URL"],
                   "media_url": layout.store_url(site, "media"), "control_url": layout.store_url(site, "lease")}
            for site in SITES
        }  # fmt: skip
        url = f"http://social.localhost:{layout.settings.edge_port}"
        return {"url": url, "primary": layout.settings.primary, "sites": described}


def up(settings: LocalSettings, say: Say) -> LocalSites:
    """Start three sites and return when the app's address takes writes.

    Raises LeftoverSites, PortBusy, PostgresNotFound, ProcessDied; whatever was started by then is ended again.
    """
    began = time.monotonic()
    supervisor = Supervisor.load(settings.folder)
    _refuse_leftovers(settings, supervisor)
    layout = decide(settings, find_postgres(settings.pg_bin))
    _make(settings.folder)
    try:
        _start_everything(layout, supervisor, say)
    except BaseException:
        supervisor.stop()
        raise
    return LocalSites(layout, supervisor, round(time.monotonic() - began, 2))


def down(settings: LocalSettings) -> int:
    """End every process of the folder and remove its data; returns how many processes there were.

    Raises UsageError for a folder that no local sites were started in: it is somebody's own.
    """
    if not settings.folder.exists():
        return 0
    if not any((settings.folder / name).is_file() for name in ("processes.json", "platform.json")):
        raise UsageError(
            f"{settings.folder} holds no local sites, so nothing in it was touched: name their folder with --dir"
        )
    ended = Supervisor.load(settings.folder).stop()
    shutil.rmtree(settings.folder)
    return ended


def wipe(folder: Path, site: str) -> None:
    """Remove a dead site's data: its database, its objects, everything."""
    shutil.rmtree(folder / "sites" / site)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise UsageError(f"{folder} cannot be made ({reason.strerror}): name another folder with --dir") from reason


def _refuse_leftovers(settings: LocalSettings, supervisor: Supervisor) -> None:
    if settings.folder.exists() and not settings.folder.is_dir():
        raise UsageError(f"{settings.folder} is no folder: name another one with --dir")
    alive = sum(len(supervisor.alive(group)) for group in (*SITES, NEUTRAL))
    if alive or (settings.folder.exists() and any(settings.folder.iterdir())):
        raise LeftoverSites(settings.folder, alive)


def _start_everything(layout: Layout, supervisor: Supervisor, say: Say) -> None:
    write_platform(layout)
    (layout.folder / "zone").write_text(
        initial_zone({site: layout.ports[site].app for site in SITES}, layout.settings.primary, 1)
    )
    starter = _Starter(layout, supervisor)
    with ThreadPoolExecutor(max_workers=8) as pool:
        say("starting three databases, three object stores, DNS and the edge")
        # In a thread like all others: Ctrl-C reaches this one alone, so no process can be started and not be noted.
        neutral = pool.submit(starter.neutral)
        stores = [pool.submit(starter.store, site) for site in SITES]
        databases = [pool.submit(starter.database, site) for site in SITES]
        _all([neutral, *databases])
        say("starting three apps, and joining the standbys to the primary")
        apps = [pool.submit(starter.app, site) for site in SITES]
        _all(stores)
        starter.join(pool)
        say("starting three agents; the primary's takes the lease")
        agents = [pool.submit(starter.agent, site) for site in SITES]
        _all(apps + agents)
    starter.wait_for_the_first_write()


def _all(futures: list[Future[None]]) -> None:
    for future in futures:
        future.result()


class _Starter:
    """The parts of a start, each waiting for its own process to answer."""

    def __init__(self, layout: Layout, supervisor: Supervisor) -> None:
        self.layout, self.supervisor = layout, supervisor
        self._starting = threading.Lock()
        primary = layout.settings.primary
        self.standbys = tuple(site for site in SITES if site != primary)
        self.rule = Rule.of(*self.standbys)

    def start(self, program: Program) -> Started:
        with self._starting:
            return self.supervisor.start(program)

    def neutral(self) -> None:
        self.start(programs.dns_server(self.layout))
        self.start(programs.edge(self.layout))

    def store(self, site: str) -> None:
        credentials, port = self.layout.store_credentials, self.layout.ports[site].store
        process = object_stores.store_process(site, self.layout.site_folder(site) / "store", port, credentials, TOOLS)
        object_stores.prepare(process)
        started = self.start(Program(site, process.name, process.argv, process.environment))
        self.supervisor.wait_healthy(started, process.health_url)
        object_stores.make_buckets(site, port, credentials)

    def database(self, site: str) -> None:
        secrets, server = self.layout.site_secrets[site], self.layout.server(site)
        server.create(secrets.admin)
        started = self.start(programs.postgres(self.layout, site))
        self._wait_for_database(started, server.url("lifeboat_admin", secrets.admin))
        bootstrap.create_roles(server.url("lifeboat_admin", secrets.admin), secrets.passwords)
        owner = server.url("lifeboat_owner", secrets.passwords.owner)
        bootstrap.create_machinery(owner, site, 1, self.rule)
        with _one_migration_at_a_time:
            bootstrap.migrate_app(owner)

    def join(self, pool: ThreadPoolExecutor) -> None:
        platform = sites.load(self.layout.folder)
        primary = self.layout.settings.primary
        asyncio.run(join.found(platform, primary, self.rule, self.standbys))
        _all([pool.submit(join.join, platform, site, primary, 1) for site in self.standbys])
        _all([pool.submit(join.keep_way_back, platform, site, self.standbys) for site in self.standbys])

    def agent(self, site: str) -> None:
        self.start(programs.agent(self.layout, site))

    def app(self, site: str) -> None:
        self.supervisor.wait_healthy(
            self.start(programs.app(self.layout, site)), f"{self.layout.app_url(site)}/healthz"
        )

    def wait_for_the_first_write(self) -> None:
        """Wait until the app's own address says that it takes writes."""
        address = f"http://127.0.0.1:{self.layout.settings.edge_port}"
        deadline = time.monotonic() + 60
        while not outside.readiness(address).get("writable"):
            for one in self.supervisor.started:
                self.supervisor.must_live(one)
            if time.monotonic() > deadline:
                raise ProcessDied(
                    f"{address} takes no writes after 60 s: see the logs in {self.layout.folder / 'logs'}"
                )
            time.sleep(0.05)

    def _wait_for_database(self, started: Started, url: str) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(url, connect_timeout=2).close()
                return
            except psycopg.OperationalError as reason:
                self.supervisor.must_live(started)
                if time.monotonic() > deadline:
                    raise ProcessDied(f"a database does not answer after 60 s: {reason}") from reason
                time.sleep(0.02)
