"""Patroni 4 with etcd: three nodes of the same PostgreSQL 17 in synchronous mode, and one etcd that never dies.

One etcd instead of three favours Patroni: nothing of its own store is lost with the node.
"""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from scripts.embedded.postgres_binaries import find_postgres
from tests.bench.failover.load import TABLE, PlainAddress
from tests.bench.failover.processes import Processes, ask, wait_for
from tests.bench.peers import PEERS
from tests.conftest import free_port

NODES = ("one", "two", "three")

NODE = """
scope: bench
name: {name}
restapi: {{listen: '127.0.0.1:{rest}', connect_address: '127.0.0.1:{rest}'}}
etcd3: {{host: '127.0.0.1:{etcd}'}}
bootstrap:
  dcs:
    ttl: {ttl}
    loop_wait: {loop_wait}
    retry_timeout: {retry_timeout}
    maximum_lag_on_failover: 1048576
    synchronous_mode: true
    postgresql: {{use_pg_rewind: true, use_slots: true}}
  initdb: [{{encoding: UTF8}}, {{locale: C.UTF-8}}, no-sync]
postgresql:
  listen: '127.0.0.1:{port}'
  connect_address: '127.0.0.1:{port}'
  data_dir: {data}
  bin_dir: {binaries}
  pgpass: {folder}/{name}.pgpass
  pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust']
  authentication:
    superuser: {{username: postgres}}
    replication: {{username: replicator}}
    rewind: {{username: rewinder}}
  parameters: {{unix_socket_directories: '', shared_buffers: 32MB, max_connections: 60, wal_level: logical}}
"""


class Patroni:
    """A cluster with a ttl in seconds; `loop_wait` and `retry_timeout` as its documentation demands of that ttl."""

    one_process = False

    def __init__(self, folder: Path, ttl: int) -> None:
        self.folder, self.ttl = folder, ttl
        self.name = f"patroni-{ttl}"
        self.processes = Processes(folder)
        self._ports = {name: free_port() for name in NODES}
        self._rests = {name: free_port() for name in NODES}
        self._etcd, self._etcd_peer = free_port(), free_port()

    @staticmethod
    def missing() -> str | None:
        """Return why it cannot be measured here, or None."""
        if not (PEERS / "bin" / "patroni").exists():
            return "Patroni is not installed (python -m tests.bench.peers installs it)"
        return None if shutil.which("etcd") else "etcd is not installed (Debian: etcd-server)"

    @property
    def version(self) -> str:
        said = subprocess.run([PEERS / "bin" / "patroni", "--version"], capture_output=True, text=True).stdout
        etcd = subprocess.run(["etcd", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
        return f"{said.strip()}, {etcd}, PostgreSQL {find_postgres().major}, ttl {self.ttl} s, one synchronous standby"

    def up(self) -> None:
        """Start etcd and three nodes, and make the table."""
        client, peer = f"http://127.0.0.1:{self._etcd}", f"http://127.0.0.1:{self._etcd_peer}"
        self.processes.start(
            "etcd", "etcd", "--name", "e", "--data-dir", self.folder / "etcd", "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"e={peer}", "--unsafe-no-fsync",
        )  # fmt: skip
        for name in NODES:
            self._start(name)
        wait_for(self._is_whole, "a whole Patroni cluster", 120)
        wait_for(lambda: ask(self._conninfo(self.leader()), TABLE), "the table")

    def _start(self, name: str) -> None:
        wait = 10 if self.ttl >= 30 else 5
        config = self.folder / f"{name}.yml"
        config.write_text(NODE.format(
            name=name, rest=self._rests[name], etcd=self._etcd, port=self._ports[name], ttl=self.ttl, loop_wait=wait,
            retry_timeout=wait, data=self._data(name), binaries=find_postgres().folder, folder=self.folder,
        ))  # fmt: skip
        self.processes.start(name, PEERS / "bin" / "patroni", config)

    def addresses(self) -> Sequence[PlainAddress]:
        return [PlainAddress(self._conninfo(name)) for name in NODES]

    def kill(self, node: int) -> None:
        self.processes.kill(NODES[node], self._data(NODES[node]))

    def say_the_word(self, node: int) -> None:
        """Do nothing: it takes over by itself."""

    def bring_back(self, node: int) -> None:
        """Start a killed node again and wait until the cluster is whole."""
        self._start(NODES[node])
        wait_for(self._is_whole, "a whole Patroni cluster", 180)

    def switch_over(self, node: int) -> None:
        """Let the leader hand over to its synchronous standby."""
        candidate = next(one["name"] for one in self._members() if one["role"] == "sync_standby")
        self.processes.run(
            PEERS / "bin" / "patronictl", "-c", self.folder / "one.yml", "switchover", "bench", "--leader", NODES[node],
            "--candidate", candidate, "--force",
        )  # fmt: skip
        wait_for(self._is_whole, "a whole Patroni cluster", 180)

    def down(self) -> None:
        self.processes.end({name: self._data(name) for name in NODES})

    def leader(self) -> str:
        return next((one["name"] for one in self._members() if one["role"] == "leader"), NODES[0])

    def _is_whole(self) -> bool:
        members = self._members()
        roles = sorted(one["role"] for one in members if one["state"] in ("running", "streaming"))
        return roles == ["leader", "replica", "sync_standby"]

    def _members(self) -> list[dict[str, str]]:
        for name in NODES:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._rests[name]}/cluster", timeout=2) as answer:
                    return json.load(answer)["members"]
            except (OSError, ValueError):
                continue
        return []

    def _conninfo(self, name: str) -> str:
        return f"host=127.0.0.1 port={self._ports[name]} user=postgres dbname=postgres target_session_attrs=read-write"

    def _data(self, name: str) -> Path:
        return self.folder / f"data-{name}"
