"""Three local sites that go through many deaths, and the operator who types the commands."""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from scripts.embedded import coming_back, local_sites
from scripts.embedded.layout import SITES, Layout, LocalSettings
from scripts.embedded.local_sites import LocalSites
from scripts.embedded.supervisor import Supervisor
from scripts.runbook import join, outside, replication, sites
from scripts.runbook.errors import LifeboatError
from scripts.runbook.failover import Reach, gather_facts
from scripts.runbook.plan import Facts

PATIENCE_SECONDS = 90.0
POLL_SECONDS = 0.1
# A standby that was started again goes on by itself within this time, or has to rejoin.
BY_ITSELF_SECONDS = 8.0
# When the agent that does what a command asks for is killed: after the command was typed, and before it is through.
AGENT_DIES_SECONDS = (0.8, 3.0)


class DidNotComeBack(Exception):
    """A command that should have brought a site back did not."""


@dataclass
class PlatformUnderTest:
    """Three sites, one operator."""

    running: LocalSites
    reach: Reach
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
    def url(self) -> str:
        return f"http://127.0.0.1:{self.layout.settings.edge_port}"

    def lifeboat(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Type a command."""
        return subprocess.run(self._argv(*words), capture_output=True, text=True, timeout=timeout)

    def _argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "scripts.cli", "--dir", str(self.folder), *words]

    def insist(self, *words: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Type a command again until it does it; each refusal is kept. Raises DidNotComeBack with the last one."""
        deadline = time.monotonic() + seconds
        while (done := self.lifeboat(*words)).returncode:
            self._refused(" ".join(words), done.stderr, deadline)

    def insist_while_its_agent_dies(self, site: str, *words: str) -> None:
        """Type a command whose work the agent of `site` does, and kill that agent at a random moment of it."""
        with subprocess.Popen(
            self._argv(*words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as typed:
            time.sleep(random.uniform(*AGENT_DIES_SECONDS))
            self.supervisor.kill(site, "agent")
            self.start(site)
            try:
                _, complaint = typed.communicate(timeout=PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                typed.kill()
                raise DidNotComeBack(f"{' '.join(words)} has no end since the agent of {site} died") from None
        if typed.returncode:
            self.refusals.append(f"{' '.join(words)}: {' '.join(complaint.split())[-300:]}")
            self.insist(*words)

    def start(self, site: str) -> None:
        """Start what is dead of a site, as `lifeboat local start` does; again until it does it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                coming_back.start(self.folder, site, lambda sentence: None)
                return
            except (LifeboatError, psycopg.Error, OSError) as reason:
                self._refused(f"local start {site}", str(reason), deadline)

    def _refused(self, what: str, why: str, deadline: float) -> None:
        self.refusals.append(f"{what}: {' '.join(why.split())[-300:]}")
        if time.monotonic() > deadline:
            raise DidNotComeBack(self.refusals[-1])
        time.sleep(0.5)

    def facts(self) -> Facts:
        """Return what the register and every site say now, as a command would ask them."""
        return gather_facts(self.reach)

    def holder(self) -> str:
        """Return who is primary. Raises DidNotComeBack when nobody can know."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (record := self.facts().record) is None:
            if time.monotonic() > deadline:
                raise DidNotComeBack(
                    f"the register cannot be read for {PATIENCE_SECONDS:g} s: {self.reach.register.faults}"
                )
            time.sleep(POLL_SECONDS)
        return record.holder

    def rejoin(self, site: str, *, agent_dies: bool = False) -> None:
        """Let a site that was started again follow the primary, by the command that its data need."""
        words = self._way_back(site)
        if agent_dies:
            self.insist_while_its_agent_dies(site, *words)
        else:
            self.insist(*words)
        holder = self.holder()
        if not self.follows(site, holder, 30):
            raise DidNotComeBack(f"{site} does not follow {holder}")

    def _way_back(self, site: str) -> tuple[str, ...]:
        """Return the command by which a site gets back, once there is one; `join` names the other one where it is no use."""
        if self.holds_posts(site):
            return ("rejoin", site, "--yes")
        copy, deadline = ("rejoin", site, "--copy"), time.monotonic() + PATIENCE_SECONDS
        # An agent that has just been started is not heard yet: only a plan, or a refusal for good, says which it is.
        while (planned := self.lifeboat("join", site)).returncode:
            if " ".join(copy) in planned.stderr:
                return (*copy, "--yes")
            self._refused(f"join {site}", planned.stderr, deadline)
        return ("join", site, "--yes")

    def holds_posts(self, site: str) -> bool:
        """Say whether a site's database has anything in it."""
        with self.database(site) as connection:
            return any(replication.has_rows(connection, table) for table in replication.published_tables(connection))

    def database(self, site: str) -> Any:
        """Lend a connection to a site's database, past every link."""
        return join.agent_connection(self.reach.platform, site)

    def follows(self, site: str, holder: str, seconds: float = BY_ITSELF_SECONDS) -> bool:
        """Wait until a site says that it follows the primary, and say whether it does."""
        deadline = time.monotonic() + seconds
        while True:
            facts = self.facts()
            if facts.answers(site) and facts.statuses[site].following == holder:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)

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
def platform_under_test(folder: Path, port: int) -> Generator[PlatformUnderTest]:
    """Start three sites whose ways to each other can be cut, lend them, end them."""
    settings = LocalSettings(folder, edge_port=port, links=True)
    running = local_sites.up(settings, lambda sentence: None)
    try:
        with asyncio.Runner() as loop:
            yield PlatformUnderTest(running, Reach.open(sites.load(folder), "operator", loop))
    finally:
        local_sites.down(settings)
