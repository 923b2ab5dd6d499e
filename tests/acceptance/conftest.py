"""Three whole local sites for the tests that need them, and the command line as a person uses it."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.embedded import local_sites, programs
from scripts.embedded.layout import LocalSettings
from scripts.embedded.local_sites import LocalSites
from scripts.embedded.supervisor import Started
from scripts.embedded.writers import Writers
from scripts.runbook import sites
from scripts.runbook.lease import LeaseRecord, Terms, read_record
from scripts.runbook.registers import open_register
from tests.conftest import free_port

# Two writes a renewal after a takeover, one a second at Cloud Storage: much shorter would not outlive a takeover.
SHORT_TERMS = Terms(duration=6.0, renew_every=1.5, drift=0.01, guard=0.5)


@dataclass
class Person:
    """An engineer with one terminal and a browser's address."""

    folder: Path
    url: str

    def lifeboat(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Type a command and read what it says."""
        return subprocess.run(self._argv(*words), capture_output=True, text=True, timeout=timeout)

    def begins(self, *words: str) -> "subprocess.Popen[str]":
        """Type a command and do something else meanwhile."""
        return subprocess.Popen(self._argv(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def _argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "scripts.cli", "--dir", str(self.folder), *words]

    def status(self) -> dict[str, Any]:
        return json.loads(self.lifeboat("local", "status", "--json").stdout)

    def readiness_lines(self) -> list[dict[str, str]]:
        """Return what `lifeboat readiness` says, line by line."""
        return json.loads(self.lifeboat("readiness", "--json").stdout)["lines"]

    def status_of_register(self) -> tuple[str, int] | None:
        """Return who holds which epoch once no move is under way; it needs no local process of this folder."""
        platform = sites.load(self.folder)

        async def look() -> LeaseRecord | None:
            return await read_record(open_register(platform, "test"))

        record = asyncio.run(look())
        return (record.holder, record.epoch) if record and record.state == "held" else None

    def readiness(self) -> dict[str, Any]:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).json()
        except (httpx.HTTPError, ValueError):
            return {}

    def waits_until(self, condition: Callable[[], bool], seconds: float = 90) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True


# Runs an agent that ends its own process with SIGKILL when a step has acted and its record is not yet written.
DIE_BEFORE_RECORD = """
import os, signal, sys
from scripts.runbook import journal
write, last_step = journal.Journal.append, sys.argv[1]
def append(self, step, *rest):
    if step == last_step:
        os.kill(os.getpid(), signal.SIGKILL)
    return write(self, step, *rest)
journal.Journal.append = append
sys.argv = ["agent", *sys.argv[2:]]
from scripts.runbook.agent.__main__ import main
main()
"""


def start_mortal_agent(local: LocalSites, site: str, step: str) -> Started:
    """Start an agent that will not survive a step."""
    whole = programs.agent(local.layout, site)
    options = list(whole.argv)[list(whole.argv).index("scripts.runbook.agent") + 1 :]
    return local.supervisor.start(replace(whole, argv=[sys.executable, "-c", DIE_BEFORE_RECORD, step, *options]))


LOG_LINES = 12


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show beside a failure what the sites' programs said last: their folder is gone when somebody reads it."""
    report = yield
    started = item.funcargs.get("local") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(started, LocalSites):
        for log in sorted((started.layout.folder / "logs").glob("*-agent.log")):
            lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
            report.sections.append((f"the end of {log.name}", "\n".join(lines)))
    return report


@pytest.fixture(scope="module")
def local(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSites]:
    """Give three running sites with a short lease; with links where the module says LINKS. Everything is ended afterwards."""
    folder = tmp_path_factory.mktemp("sites") / "local"
    for parent in folder.parents[:3]:
        parent.chmod(0o755)
    links = getattr(request.module, "LINKS", False)
    settings = LocalSettings(folder, edge_port=free_port(), terms=SHORT_TERMS, links=links)
    started = local_sites.up(settings, lambda sentence: None)
    yield started
    local_sites.down(settings)


@pytest.fixture
def person(local: LocalSites) -> Person:
    return Person(local.layout.folder, f"http://127.0.0.1:{local.layout.settings.edge_port}")


@pytest.fixture
def people(local: LocalSites) -> Iterator[Writers]:
    """Give two people who post until the test ends; what they were told stays in their ledger."""
    writers, stop = Writers(f"http://127.0.0.1:{local.layout.settings.edge_port}", 2), threading.Event()

    async def post() -> None:
        await writers.start()
        await asyncio.to_thread(stop.wait)
        await writers.stop()

    thread = threading.Thread(target=asyncio.run, args=(post(),))
    thread.start()
    yield writers
    stop.set()
    thread.join()
