"""A real name server and a real edge as processes on loopback, for the tests that need them."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from scripts.embedded.dns_server import initial_zone
from scripts.embedded.other_dns import DnsSoftware
from scripts.runbook.errors import VendorError
from scripts.runbook.nameserver import Vendor, read_answer
from scripts.runbook.tsig import write_key
from tests.conftest import free_port

ORIGIN = "social.test"
KEY_NAME = "lifeboat"


class Process:
    """A module of ours as a process, ready once it has said where it listens."""

    def __init__(self, folder: Path, module: str, *arguments: object, prelude: str = "") -> None:
        self.log = folder / f"{module.rsplit('.', 1)[1]}.log"
        run = f"{prelude}import runpy; runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
        command = [sys.executable, "-c", run, *map(str, arguments)]
        with self.log.open("ab") as errors:
            self.popen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        line = self.popen.stdout.readline() if self.popen.stdout else ""
        assert "listening on" in line, self.log.read_text()
        self.port = int(line.rsplit(":", 1)[1])

    def kill(self) -> None:
        """End it as a crash would."""
        self.popen.send_signal(signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """End it, and leave nothing behind."""
        self.popen.terminate()
        self.popen.wait(10)
        if self.popen.stdout:
            self.popen.stdout.close()


class NameServer:
    """Our DNS server with a zone and a key of its own; can be killed and started again on the same files."""

    def __init__(self, folder: Path, name: str = "ours", sites: dict[str, int] | None = None) -> None:
        self.folder = folder / name
        self.folder.mkdir()
        self.name = name
        self.zone = self.folder / "social.test.zone"
        self.key = self.folder / "lifeboat.key"
        self.zone.write_text(initial_zone(sites or {"aws": 9001, "gcp": 9002, "azure": 9003}, "aws", 1))
        write_key(self.key, KEY_NAME)
        self.process: Process | None = None
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start on the files as they are, on the same port as before."""
        options = ("--zone-file", self.zone, "--origin", ORIGIN, "--port", self.port, "--key-file", self.key)
        self.process = Process(self.folder, "scripts.embedded.dns_server", *options)
        self.port = self.process.port

    @property
    def vendor(self) -> Vendor:
        """This server as the runbook is told of it."""
        return Vendor(self.name, "127.0.0.1", self.port, ORIGIN, KEY_NAME, self.key)

    def kill(self) -> None:
        """End it as a crash would."""
        assert self.process is not None
        self.process.kill()

    def close(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.close()


class OtherNameServer:
    """Knot or BIND with a zone and a key of its own, as the second vendor of the local sites is started."""

    def __init__(self, folder: Path, software: DnsSoftware) -> None:
        self.name, self.port, self.key = software.name, free_port(), folder / f"{software.name}.key"
        write_key(self.key, KEY_NAME)
        zone = initial_zone({"aws": 9001, "gcp": 9002, "azure": 9003}, "aws", 1)
        software.prepare(folder / software.name, self.port, ORIGIN, zone, self.key)
        self.argv = software.argv(folder / software.name)
        self.log = folder / f"{software.name}.log"
        self.start()

    @property
    def vendor(self) -> Vendor:
        return Vendor(self.name, "127.0.0.1", self.port, ORIGIN, KEY_NAME, self.key)

    def start(self) -> None:
        """Start it on its files as they are, and wait until it answers."""
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(self.argv, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            try:
                read_answer(self.vendor, f"www.{ORIGIN}")
                return
            except VendorError:
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.05)

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait(10)

    def close(self) -> None:
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGCONT)
            self.popen.terminate()
            self.popen.wait(20)


MakeNameServer = Callable[..., NameServer]
