"""pg_auto_failover 2 with its defaults, on Debian's PostgreSQL 15: a monitor and three nodes, two of them standbys."""

import getpass
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.bench.failover.load import TABLE, PlainAddress
from tests.bench.failover.processes import Processes, ask, wait_for
from tests.conftest import free_port

NODES = ("one", "two", "three")
POSTGRES = Path("/usr/lib/postgresql/15")
# Whom initdb makes superuser: whoever runs it, and root's stand-in is nobody.
USER = "nobody" if os.geteuid() == 0 else getpass.getuser()


class AutoFailover:
    """A cluster whose monitor never dies."""

    name = "pg_auto_failover"

    one_process = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        sockets = folder / "sockets"
        sockets.mkdir()
        self.processes = Processes(folder, {
            "PATH": f"{POSTGRES / 'bin'}:/usr/bin:/bin", "XDG_RUNTIME_DIR": str(folder), "PGHOST": str(sockets),
            "PG_REGRESS_SOCK_DIR": str(sockets),
        })  # fmt: skip
        self._ports = {name: free_port() for name in ("monitor", *NODES)}

    @staticmethod
    def missing() -> str | None:
        """Return why it cannot be measured here, or None."""
        if not shutil.which("pg_autoctl"):
            return "pg_autoctl is not installed (Debian: pg-auto-failover-cli)"
        library = POSTGRES / "lib" / "pgautofailover.so"
        return None if library.exists() else f"{library} is missing (Debian: postgresql-15-auto-failover)"

    @property
    def version(self) -> str:
        said = subprocess.run(["pg_autoctl", "version"], capture_output=True, text=True).stdout.splitlines()[0]
        return f"{said}, PostgreSQL 15, its defaults"

    def up(self) -> None:
        """Create the monitor and three nodes, run them, and make the table."""
        self.processes.run(
            "pg_autoctl", "create", "monitor", "--pgdata", self._data("monitor"), "--pgport", str(self._ports["monitor"]),
            "--hostname", "127.0.0.1", "--auth", "trust", "--no-ssl",
        )  # fmt: skip
        self.processes.start("monitor", "pg_autoctl", "run", "--pgdata", self._data("monitor"))
        wait_for(lambda: ask(self._monitor, "SELECT 1"), "the monitor")
        for name in NODES:
            wait_for(lambda name=name: self._create(name), f"node {name}", 60)
            self.processes.start(name, "pg_autoctl", "run", "--pgdata", self._data(name))
            wait_for(lambda name=name: self._state(name) in ("single", "wait_primary", "primary", "secondary"), name)
        wait_for(self._is_whole, "a whole pg_auto_failover cluster", 120)
        wait_for(lambda: ask(self._conninfo(self._primary()), TABLE), "the table")

    def _create(self, name: str) -> bool:
        self.processes.run(
            "pg_autoctl", "create", "postgres", "--pgdata", self._data(name), "--pgport", str(self._ports[name]), "--name",
            name, "--hostname", "127.0.0.1", "--auth", "trust", "--no-ssl", "--monitor",
            f"postgres://autoctl_node@127.0.0.1:{self._ports['monitor']}/pg_auto_failover",
        )  # fmt: skip
        return True

    def addresses(self) -> Sequence[PlainAddress]:
        return [PlainAddress(self._conninfo(name)) for name in NODES]

    def kill(self, node: int) -> None:
        self.processes.kill(NODES[node], self._data(NODES[node]))

    def say_the_word(self, node: int) -> None:
        """Do nothing: it takes over by itself."""

    def bring_back(self, node: int) -> None:
        """Start a killed node again and wait until the cluster is whole."""
        (self._data(NODES[node]) / "postmaster.pid").unlink(missing_ok=True)
        self.processes.start(NODES[node], "pg_autoctl", "run", "--pgdata", self._data(NODES[node]))
        wait_for(self._is_whole, "a whole pg_auto_failover cluster", 180)

    def switch_over(self, node: int) -> None:
        """Let the primary hand over to a standby that the monitor chooses."""
        self.processes.run("pg_autoctl", "perform", "switchover", "--pgdata", self._data("monitor"))
        wait_for(self._is_whole, "a whole pg_auto_failover cluster", 180)

    def down(self) -> None:
        self.processes.end({name: self._data(name) for name in ("monitor", *NODES)})

    @property
    def _monitor(self) -> str:
        return f"host=127.0.0.1 port={self._ports['monitor']} user=autoctl_node dbname=pg_auto_failover"

    def _state(self, name: str) -> str:
        rows = ask(self._monitor, f"SELECT reportedstate FROM pgautofailover.node WHERE nodename = '{name}'")
        return rows[0][0] if rows else ""

    def _primary(self) -> str:
        return next((name for name in NODES if self._state(name) == "primary"), NODES[0])

    def _is_whole(self) -> bool:
        return sorted(self._state(name) for name in NODES) == ["primary", "secondary", "secondary"]

    def _conninfo(self, name: str) -> str:
        return f"host=127.0.0.1 port={self._ports[name]} user={USER} dbname=postgres target_session_attrs=read-write"

    def _data(self, name: str) -> Path:
        return self.folder / name
