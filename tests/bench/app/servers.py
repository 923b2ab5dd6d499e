"""The two programs under test, each a process of its own behind the same server, and what the system says of them."""

import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.app.client import pin
from tests.conftest import free_port

FACTORIES = {"app": "tests.bench.app.served:create", "bare": "tests.bench.app.bare:create"}
SERVER_CORE, CLIENT_CORE = 0, 1
UVICORN = (
    "--host",
    "127.0.0.1",
    "--log-level",
    "warning",
    "--no-access-log",
    "--no-proxy-headers",
    "--timeout-graceful-shutdown",
    "10",
)


@dataclass(frozen=True)
class Program:
    """A running program."""

    name: str
    port: int
    process: psutil.Process

    def cpu(self) -> float:
        """Give the CPU seconds that it has used."""
        used = self.process.cpu_times()
        return used.user + used.system

    def memory_mib(self) -> float:
        """Give what of its memory is in RAM."""
        return self.process.memory_info().rss / 2**20


@contextmanager
def serving(name: str, environment: Mapping[str, str], log: Path, *before: str) -> Generator[Program]:
    """Start a program on a core of its own, lend it when it listens, and end it; `before` wraps its command."""
    port = free_port()
    wrapped = before or ("-m", "uvicorn")
    argv = [sys.executable, *wrapped, "--factory", FACTORIES[name], "--port", str(port), *UVICORN]
    with log.open("ab") as file:
        process = subprocess.Popen(argv, stdout=file, stderr=file, env={**os.environ, **environment})
    try:
        pin(SERVER_CORE, process.pid)
        program = Program(name, port, psutil.Process(process.pid))
        _wait_until_listening(program, log)
        yield program
    except RuntimeError as error:
        time.sleep(1)  # it may still be writing
        error.add_note(f"{name} wrote: {log.read_text()[-2000:]}")
        raise
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_listening(program: Program, log: Path) -> None:
    deadline = time.monotonic() + 60
    while not any(one.laddr.port == program.port for one in program.process.net_connections()):
        if not program.process.is_running() or time.monotonic() > deadline:
            raise RuntimeError(f"{program.name} did not start: {log.read_text()[-2000:]}")
        time.sleep(0.05)
