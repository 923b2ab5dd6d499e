"""Starts the parts of a local site, each waiting until its own process answers."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg

from scripts.embedded import object_stores, programs
from scripts.embedded.dns_server.zone import initial_zone
from scripts.embedded.layout import SITES, TOOLS, ZONE, Layout
from scripts.embedded.other_dns import DnsSoftware
from scripts.embedded.supervisor import Program, Started, Supervisor
from scripts.runbook import bootstrap, event_loop, join, outside, sites
from scripts.runbook.errors import ProcessDied
from scripts.runbook.rule import Rule

# The migrations run in this process, and Alembic keeps its context in module globals.
_one_migration_at_a_time = threading.Lock()


def all_done(futures: list[Future[None]]) -> None:
    for future in futures:
        future.result()


class Starter:
    """The parts of a start, each waiting for its own process to answer."""

    def __init__(self, layout: Layout, supervisor: Supervisor) -> None:
        self.layout, self.supervisor = layout, supervisor
        self._starting = threading.Lock()
        self._ended = False
        primary = layout.settings.primary
        self.standbys = tuple(site for site in SITES if site != primary)
        self.rule = Rule.of(*self.standbys)

    def start(self, program: Program) -> Started:
        """Start a program. Raises ProcessDied once the start was given up."""
        with self._starting:
            if self._ended:
                raise ProcessDied(f"{program.site}-{program.name} was not started: everything is being ended")
            return self.supervisor.start(program)

    def give_up(self) -> None:
        """End everything that was started, and start nothing more, whatever thread is still at it."""
        with self._starting:
            self._ended = True
            self.supervisor.stop()

    def neutral(self, software: DnsSoftware | None) -> None:
        """Start the two DNS vendors on their first zone, and the edge."""
        layout = self.layout
        if layout.links:
            self.start(programs.links(layout))
        zone = initial_zone({site: layout.ports[site].app for site in SITES}, layout.settings.primary, 1)
        layout.zone_file.write_text(zone)
        if software is None:
            layout.other_zone_file.write_text(zone)
        else:
            software.prepare(layout.other_dns_folder, layout.other_dns_port, ZONE, zone, layout.tsig_file)
        self.start(programs.dns_server(layout))
        self.start(programs.other_dns_server(layout, software))
        self.start(programs.edge(layout))

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
        self.postgres(site)
        bootstrap.create_roles(server.url("lifeboat_admin", secrets.admin), secrets.passwords)
        owner = server.url("lifeboat_owner", secrets.passwords.owner)
        bootstrap.create_machinery(owner, site, 1, self.rule)
        with _one_migration_at_a_time:
            bootstrap.migrate_app(owner)

    def postgres(self, site: str) -> None:
        """Start the server of a database that is there, and wait until it answers."""
        server = self.layout.server(site)
        server.forget_the_dead()
        url = server.url("lifeboat_admin", self.layout.site_secrets[site].admin)
        self._wait_for_database(self.start(programs.postgres(self.layout, site)), url)

    def join(self, pool: ThreadPoolExecutor) -> None:
        platform = sites.load(self.layout.folder)
        primary = self.layout.settings.primary
        event_loop.run(join.found(platform, primary, self.rule, self.standbys))
        all_done([pool.submit(join.join, platform, site, primary, 1) for site in self.standbys])
        all_done([pool.submit(join.keep_way_back, platform, site, self.standbys) for site in self.standbys])

    def agent(self, site: str) -> None:
        self.start(programs.agent(self.layout, site))

    def app(self, site: str) -> None:
        self.web(site)
        self.worker(site)

    def web(self, site: str) -> None:
        self.supervisor.wait_healthy(
            self.start(programs.app(self.layout, site)), f"{self.layout.app_url(site)}/healthz"
        )

    def worker(self, site: str) -> None:
        self.start(programs.worker(self.layout, site))

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
