"""An agent that runs a failover and stands still at one moment of one step, until it is killed."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scripts.embedded import programs
from scripts.embedded.supervisor import Started
from scripts.runbook.steps import FAILOVER
from tests.bench.deaths.platform_under_test import PlatformUnderTest

# Runs the agent; at the moment it says so in a file and stops its own process, wherever it is.
STAND_STILL = """
import os, signal, sys, threading
from scripts.runbook import journal
before, step, moment, sign = sys.argv[1:5]
write = journal.Journal.append
def stand_still():
    open(sign, "w").close()
    os.kill(os.getpid(), signal.SIGSTOP)
def append(self, name, *rest):
    if name == step and moment == "before its record":
        stand_still()
    record = write(self, name, *rest)
    if name == before and moment == "entry":
        stand_still()
    elif name == before and moment == "middle":
        threading.Timer(0.02, stand_still).start()
    return record
journal.Journal.append = append
sys.argv = ["agent", *sys.argv[5:]]
from scripts.runbook.agent.__main__ import main
main()
"""


class Standing:
    """One failover to `to`, held at one moment of one step."""

    def __init__(self, platform: PlatformUnderTest, to: str, step: str, moment: str) -> None:
        names = [one.name for one in FAILOVER]
        self.platform, self.to, self.moment, self.step = platform, to, moment, step
        self.before = names[names.index(step) - 1]
        self.sign = platform.folder / f"stands-at-{step}"
        self.sign.unlink(missing_ok=True)
        self.agent: Started | None = None

    def begin_failover(self) -> "subprocess.Popen[str]":
        """Put the agent that will stand still in the place of the site's own, and type the command."""
        self.platform.supervisor.kill(self.to, "agent")
        whole = programs.agent(self.platform.layout, self.to)
        options = list(whole.argv)[list(whole.argv).index("scripts.runbook.agent") + 1 :]
        words = (self.before, self.step, self.moment, str(self.sign))
        self.agent = self._start([sys.executable, "-c", STAND_STILL, *words, *options])
        deadline = time.monotonic() + 60
        while self.platform.lifeboat("failover", "--to", self.to).returncode:
            assert time.monotonic() < deadline, "the failover could not even be planned"
        return self._type()

    def wait(self, seconds: float = 60) -> None:
        """Wait until the agent stands still."""
        deadline = time.monotonic() + seconds
        while not self.sign.exists():
            assert time.monotonic() < deadline, f"the runbook never came to {self.moment} of {self.step}"
            time.sleep(0.02)

    def kill(self) -> None:
        """End the runbook where it stands."""
        self.platform.supervisor.kill(self.to, "agent")

    def go_on(self, command: "subprocess.Popen[str]") -> None:
        """Start the site's agent again, and see the failover end: the command follows it, or is typed once more."""
        self._start(programs.agent(self.platform.layout, self.to).argv)
        try:
            command.communicate(timeout=40)
        except subprocess.TimeoutExpired:
            command.kill()
            command.communicate()
        record = self.platform.facts().record
        is_over = record is not None and (record.holder, record.state) == (self.to, "held")
        if command.returncode and not is_over:
            self.platform.insist("failover", "--to", self.to, "--yes")

    def _type(self) -> "subprocess.Popen[str]":
        folder: Path = self.platform.folder
        argv = [sys.executable, "-m", "scripts.cli", "--dir", str(folder), "failover", "--to", self.to, "--yes"]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def _start(self, argv: Sequence[str]) -> Started:
        whole = programs.agent(self.platform.layout, self.to)
        return self.platform.supervisor.start(replace(whole, argv=list(argv)))
