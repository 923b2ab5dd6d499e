"""Starts the processes of a peer's nodes as somebody who is not root, and ends a whole node at once."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from scripts.embedded.postgres_binaries import run_as


@dataclass
class Processes:
    """All processes of one cluster by node; a log a node in the cluster's folder."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    started: dict[str, list[subprocess.Popen[bytes]]] = field(default_factory=dict)

    def start(self, node: str, *argv: str | Path) -> None:
        """Start a process of a node."""
        with (self.folder / f"{node}.log").open("ab") as log:
            process = subprocess.Popen(
                [*run_as().prefix, *map(str, argv)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env=self.everything,
                start_new_session=True,
                **dict(run_as().arguments),
            )
        self.started.setdefault(node, []).append(process)

    def run(self, *argv: str | Path, timeout: float = 120) -> str:
        """Run a command to its end and return what it printed. Raises RuntimeError with its last words."""
        done = subprocess.run(
            [*run_as().prefix, *map(str, argv)],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.everything,
            timeout=timeout,
            **dict(run_as().arguments),
        )
        if done.returncode:
            raise RuntimeError(f"{argv[0]} failed: {' '.join((done.stderr or done.stdout).split()[-40:])}")
        return done.stdout

    @property
    def everything(self) -> dict[str, str]:
        """The whole environment of the cluster's processes."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            **self.environment,
        }

    def kill(self, node: str, data: Path) -> None:
        """End a node at once with SIGKILL: what was started for it, its PostgreSQL, and all their children."""
        roots = [one for process in self.started.pop(node, []) if (one := _find(process.pid))]
        roots += [one for one in [_postmaster(data)] if one]
        victims = {one.pid: one for root in roots for one in _tree(root)}
        for victim in victims.values():
            try:
                victim.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(list(victims.values()), timeout=10)

    def end(self, datas: dict[str, Path]) -> None:
        """End every node."""
        for node in list(self.started):
            self.kill(node, datas.get(node, self.folder / "none"))


def wait_for(condition: object, what: str, timeout_seconds: float = 90) -> None:
    """Ask again ten times a second until it is so. Raises TimeoutError with what was waited for."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {timeout_seconds:g} s")
        time.sleep(0.1)


def ask(conninfo: str, query: str) -> list[tuple]:
    """Return the rows of a query (one empty row for a statement without any), or none when the node does not do it."""
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=2) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else [()]
    except psycopg.Error:
        return []


def _tree(root: psutil.Process) -> list[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return [root]


def _find(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def _postmaster(data: Path) -> psutil.Process | None:
    path = data / "postmaster.pid"
    process = _find(int(path.read_text().split("\n", 1)[0])) if path.exists() else None
    return process if process and process.name() == "postgres" else None
