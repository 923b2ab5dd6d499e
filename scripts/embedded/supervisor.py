"""Starts and ends the processes of the local sites: one process group a site, a state file, a log a process.

There is no daemon: the state file names every process by pid and start time, so that any later command can end
exactly those, and never a stranger that was given the same pid.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from scripts.runbook import outside
from scripts.runbook.errors import ProcessDied, UsageError

# The group of what belongs to no site: the DNS server and the edge.
NEUTRAL = "neutral"

# What a process shows that has ended and was not yet, or is right now, taken notice of.
ENDED = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)

# How long a database may take to shut down at once.
SHUTDOWN_SECONDS = 8.0


@dataclass(frozen=True)
class Program:
    """What to run: whose it is, its command line, its whole environment, and extra arguments for Popen."""

    site: str
    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    how: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Started:
    """A process that was started: `created` (seconds since 1970) tells it from a later one with the same pid."""

    site: str
    name: str
    pid: int
    group: int
    created: float

    def find(self) -> psutil.Process | None:
        """Return the living process, or None."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < 1 and process.status() not in ENDED
        except psutil.NoSuchProcess:
            return None
        return process if same else None


@dataclass
class Supervisor:
    """The processes of one folder of local sites."""

    folder: Path
    started: list[Started] = field(default_factory=list)

    @classmethod
    def load(cls, folder: Path) -> "Supervisor":
        """Read the state file; a folder without one has no processes. Raises UsageError when it cannot be read."""
        path = folder / "processes.json"
        try:
            known = json.loads(path.read_text()) if path.exists() else []
            return cls(folder, [Started(**one) for one in known])
        except (OSError, ValueError, TypeError) as reason:
            raise UsageError(
                f"{path} cannot be read ({reason}), so nobody knows which processes are running: end them by hand, "
                f"then remove {folder}"
            ) from reason

    def start(self, program: Program) -> Started:
        """Start a program in its site's process group, its output in `logs/<site>-<name>.log`.

        Raises ProcessDied when there is no such program, or it may not be run.
        """
        log = self.folder / "logs" / f"{program.site}-{program.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        process = self._open(program, log)
        # It may outlive this process, and is ended by pid: Python shall neither wait for it nor complain.
        process.returncode = 0
        started = Started(
            program.site, program.name, process.pid, os.getpgid(process.pid), psutil.Process(process.pid).create_time()
        )
        self.started = [one for one in self.started if (one.site, one.name) != (program.site, program.name)] + [started]
        self._save()
        return started

    def alive(self, site: str) -> list[Started]:
        """Return the living processes of a site (or of NEUTRAL)."""
        return [one for one in self.started if one.site == site and one.find()]

    def kill(self, site: str, name: str | None = None) -> int:
        """End a site's processes at once with SIGKILL, children included; returns how many there were."""
        alive = self.alive(site)
        chosen = [one for one in alive if name in (None, one.name)]
        groups = {one.group for one in alive} if name is None else set()
        victims = _with_descendants([root for one in chosen if (root := one.find())], groups)
        _signal(victims, signal.SIGKILL)
        left = _wait_until_gone(victims, 10)
        if left:
            raise ProcessDied(f"{len(left)} processes of {site} do not end: {[process.pid for process in left]}")
        return len(victims)

    def stop(self) -> int:
        """End everything in this folder, whose data nobody will read again; returns how many processes there were."""
        alive = [(one, process) for one in self.started if (process := one.find())]
        everything = _with_descendants([process for _, process in alive], {one.group for one, _ in alive})
        servers = [process for one, process in alive if one.name == "postgres"]
        databases = {process.pid for process in _with_descendants(servers)}
        # PostgreSQL's immediate shutdown: it gives its shared memory back, which SIGKILL would leave behind.
        _signal(servers, signal.SIGQUIT)
        _signal([process for process in everything if process.pid not in databases], signal.SIGKILL)
        left = _wait_until_gone(everything, SHUTDOWN_SECONDS)
        _signal(left, signal.SIGKILL)
        _wait_until_gone(left, 10)
        self.started = []
        self._save()
        return len(everything)

    def wait_healthy(self, started: Started, url: str, timeout_seconds: float = 60) -> None:
        """Wait until a URL answers below 500. Raises ProcessDied with the log's last words when the process ends first."""
        deadline = time.monotonic() + timeout_seconds
        while not outside.answers(url):
            self.must_live(started)
            if time.monotonic() > deadline:
                raise ProcessDied(
                    f"{started.site}-{started.name} does not answer at {url} after {timeout_seconds:g} s: {self.last_words(started)}"
                )
            time.sleep(0.05)

    def must_live(self, started: Started) -> None:
        """Raise ProcessDied with the log's last words when a process is gone."""
        if not started.find():
            raise ProcessDied(f"{started.site}-{started.name} ended: {self.last_words(started)}")

    def last_words(self, started: Started) -> str:
        log = self.folder / "logs" / f"{started.site}-{started.name}.log"
        return " ".join(log.read_text(errors="replace").strip().splitlines()[-3:]) + f" (whole log: {log})"

    def memory_mib(self) -> dict[str, float]:
        """Return each living process's proportional memory in MiB (shared pages counted once), by `<site>-<name>`."""
        return {
            f"{one.site}-{one.name}": round(_memory(root) / 2**20, 1) for one in self.started if (root := one.find())
        }

    def _open(self, program: Program, log: Path) -> "subprocess.Popen[Any]":
        with log.open("ab") as output:
            try:
                return subprocess.Popen(
                    list(program.argv), env=dict(program.environment), stdin=subprocess.DEVNULL, stdout=output,
                    stderr=output, cwd="/", process_group=self._group(program.site), **dict(program.how))  # fmt: skip
            except OSError as reason:
                raise ProcessDied(f"{program.site}-{program.name} cannot be started: {reason}") from reason

    def _group(self, site: str) -> int:
        """Return the group of the site's living processes; 0 makes a new one."""
        groups = {one.group for one in self.alive(site) if os.getsid(one.pid) == os.getsid(0)}
        return min(groups, default=0)

    def _save(self) -> None:
        path = self.folder / "processes.json"
        partial = path.with_suffix(".new")
        partial.write_text(json.dumps([asdict(one) for one in self.started], indent=1))
        partial.replace(path)


def _with_descendants(roots: list[psutil.Process], groups: Collection[int] = ()) -> list[psutil.Process]:
    """Return processes, the other members of `groups`, and all that descend from them, from one look at the machine.

    A group counts whose living member is known to be ours: its number cannot have been given to anybody else. Its other
    members may be orphans, which descend from nobody any more.
    """
    children: dict[int, list[psutil.Process]] = {}
    left = list(roots)
    for process in psutil.process_iter(["ppid", "status"]):
        children.setdefault(process.info["ppid"], []).append(process)
        if groups and process.info["status"] not in ENDED and _group_of(process) in groups:
            left.append(process)
    found: dict[int, psutil.Process] = {}
    while left:
        process = left.pop()
        if process.pid not in found:
            found[process.pid] = process
            left += children.get(process.pid, [])
    return list(found.values())


def _group_of(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def _signal(processes: list[psutil.Process], which: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(which)
        except psutil.NoSuchProcess:
            continue


def _wait_until_gone(processes: list[psutil.Process], timeout_seconds: float) -> list[psutil.Process]:
    """Wait until processes have ended, and return those that have not; one that only waits to be reaped has ended."""
    deadline = time.monotonic() + timeout_seconds
    while (left := [process for process in processes if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        if process.status() not in ENDED:
            return process.is_running()
        os.waitpid(process.pid, os.WNOHANG)
    except (psutil.NoSuchProcess, ChildProcessError):
        pass
    return False


def _memory(root: psutil.Process) -> float:
    total = 0
    for process in _with_descendants([root]):
        try:
            # PSS exists on Linux alone; elsewhere the resident size counts shared pages more than once.
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
        except psutil.Error:
            continue
    return total
