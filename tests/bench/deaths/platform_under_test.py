"""Three local sites that go through many deaths, and the operator who types the commands."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scripts.embedded import local_sites, programs
from scripts.embedded.layout import SITES, Layout, LocalSettings
from scripts.embedded.local_sites import LocalSites
from scripts.embedded.supervisor import Supervisor
from scripts.runbook import join, outside, replication, sites
from scripts.runbook.lease import look
from scripts.runbook.registers import open_register
from tests.history.operations import History, Sight

PATIENCE_SECONDS = 90.0


class DidNotComeBack(Exception):
    """A command that should have brought a site back did not."""


@dataclass
class PlatformUnderTest:
    """Three sites, one operator."""

    running: LocalSites
    refusals: list[str] = field(default_factory=list)

    @property
    def layout(self) -> Layout:
        return self.running.layout

    @property
    def folder(self) -> Path:
        return self.layout.folder

    @property
    def supervisor(self) -> Supervisor:
        """The processes as the state file has them now: commands start some as well."""
        return Supervisor.load(self.folder)

    @property
    def python(self) -> str:
        return sys.executable

    @property
    def environment(self) -> dict[str, str]:
        return dict(programs.dns_server(self.layout).environment)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.layout.settings.edge_port}"

    def lifeboat(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Type a command."""
        argv = [sys.executable, "-m", "scripts.cli", "--dir", str(self.folder), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=timeout)

    def insist(self, *words: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Type a command again until it does it; each refusal is kept. Raises DidNotComeBack with the last one."""
        deadline = time.monotonic() + seconds
        while (done := self.lifeboat(*words)).returncode:
            self.refusals.append(f"{' '.join(words)}: {' '.join(done.stderr.split())[-300:]}")
            if time.monotonic() > deadline:
                raise DidNotComeBack(self.refusals[-1])
            time.sleep(0.5)

    def holder(self) -> str:
        """Return who is primary. Raises DidNotComeBack when nobody can know."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            done = self.lifeboat("local", "status", "--json")
            if not done.returncode and (holder := json.loads(done.stdout.splitlines()[-1])["primary"]):
                return holder
        raise DidNotComeBack(f"the register cannot be read for {PATIENCE_SECONDS:g} s")

    def bring_back(self, site: str) -> None:
        """Start what is dead of a site, and let it follow again."""
        self.insist("local", "start", site)
        holder = self.holder()
        if site == holder or self._follows(site, holder, 8):
            return
        if self.holds_posts(site):
            self.insist("rejoin", site, "--yes")
        else:
            self.insist("join", site, "--yes")
        if not self._follows(site, holder, 30):
            raise DidNotComeBack(f"{site} does not follow {holder}")

    def holds_posts(self, site: str) -> bool:
        """Say whether a site's database has anything in it."""
        with join.agent_connection(sites.load(self.folder), site) as connection:
            return any(replication.has_rows(connection, table) for table in replication.published_tables(connection))

    def _follows(self, site: str, holder: str, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            done = self.lifeboat("local", "status", "--json")
            status = {} if done.returncode else json.loads(done.stdout.splitlines()[-1])["sites"].get(site, {})
            if status.get("following") == holder and status.get("age_seconds", 99) < 5:
                return True
            time.sleep(0.5)
        return False

    def wait_for_writes(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the app's own address takes writes. Raises DidNotComeBack."""
        deadline = time.monotonic() + seconds
        while not outside.readiness(self.url).get("writable"):
            if time.monotonic() > deadline:
                raise DidNotComeBack(f"nobody takes writes for {seconds:g} s")
            time.sleep(0.05)

    def secrets(self) -> list[str]:
        """Return every secret that no log, journal or process list may show."""
        found = [self.layout.secret_key]
        for site in SITES:
            known = self.layout.site_secrets[site]
            passwords = known.passwords
            found += [known.admin, passwords.owner, passwords.app, passwords.agent, passwords.replication]
        return found


@contextmanager
def watched(platform: PlatformUnderTest, history: History) -> Generator[None]:
    """Note twice a second who holds which epoch, as the register proves it."""
    end = threading.Event()

    async def watch() -> None:
        register = open_register(sites.load(platform.folder), "operator")
        while not end.is_set():
            start = time.monotonic()
            sighting = await look(register)
            if sighting.committed and sighting.record:
                history.note(Sight(sighting.record.epoch, sighting.record.holder, start, time.monotonic()))
            await asyncio.sleep(0.5)

    thread = threading.Thread(target=lambda: asyncio.run(watch()), name="watch")
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


@contextmanager
def platform_under_test(folder: Path, port: int) -> Generator[PlatformUnderTest]:
    """Start three sites, lend them, end them."""
    settings = LocalSettings(folder, edge_port=port)
    running = local_sites.up(settings, lambda sentence: None)
    try:
        yield PlatformUnderTest(running)
    finally:
        local_sites.down(settings)
