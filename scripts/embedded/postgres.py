"""One site's PostgreSQL: created once, then started and stopped; superuser only for the creation."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

from scripts.embedded.certificate import write_certificate
from scripts.embedded.postgres_binaries import PostgresBinaries, RunAs, run_as
from scripts.embedded.supervisor import ENDED
from scripts.runbook.errors import PostgresDidNotStart

SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
ssl = {tls}
ssl_cert_file = '{folder}/server.crt'
ssl_key_file = '{folder}/server.key'
password_encryption = scram-sha-256
wal_level = logical
max_wal_senders = 20
max_replication_slots = 20
max_logical_replication_workers = 12
max_worker_processes = 24
max_sync_workers_per_subscription = 4
max_slot_wal_keep_size = 2GB
max_connections = 60
shared_buffers = 32MB
wal_sender_timeout = 5s
wal_receiver_timeout = 5s
wal_retrieve_retry_interval = 200ms
log_min_error_statement = panic
log_line_prefix = '%m [%p] %u '
"""

# Nobody logs in as the superuser: the admin below stands for a managed service's admin, who is none either.
ADMIN = """\
CREATE ROLE lifeboat_admin LOGIN CREATEROLE CREATEDB REPLICATION PASSWORD '{password}';
GRANT pg_create_subscription, pg_monitor TO lifeboat_admin WITH ADMIN OPTION;
CREATE DATABASE lifeboat OWNER lifeboat_admin;
"""


@dataclass(frozen=True)
class PostgresServer:
    """A server in its own folder on its own loopback port."""

    binaries: PostgresBinaries
    folder: Path
    port: int

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def certificate(self) -> Path:
        """The file that clients verify the server with (`sslrootcert`)."""
        return self.folder / "server.crt"

    def create(self, admin_password: str) -> None:
        """Run initdb, write the settings and make the non-superuser admin and the database `lifeboat`.

        Raises PostgresDidNotStart; a folder that holds a database already is left as it is.
        """
        if self.data.exists():
            raise PostgresDidNotStart(f"{self.folder} holds a database already: remove it, or start that one")
        self.folder.mkdir(parents=True, exist_ok=True)
        write_certificate(self.certificate, self.folder / "server.key")
        self._give_to_server_user()
        password_file = self._one_time_password_file()
        self._run("initdb", "--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
                  "--no-sync", "--no-instructions", f"--pwfile={password_file}", f"--pgdata={self.data}")  # fmt: skip
        password_file.unlink()
        self._write_settings()
        self._run("postgres", "--single", "-D", str(self.data), "postgres", feed=ADMIN.format(password=admin_password))

    def forget_the_dead(self) -> None:
        """Remove the lock of a server that was killed and that its parent has not taken notice of yet.

        PostgreSQL asks the kernel whether the process in the lock lives, and is told so of a zombie.
        """
        lock = self.data / "postmaster.pid"
        try:
            process = psutil.Process(int(lock.read_text().splitlines()[0]))
            if process.status() in ENDED:
                lock.unlink()
        except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            return  # no lock, or one that PostgreSQL itself knows for a dead server's

    def argv(self) -> list[str]:
        """Return the command line of the server itself (no daemon: its supervisor holds it)."""
        return [*run_as().prefix, self.binaries["postgres"], "-D", str(self.data)]

    def url(self, role: str, password: str, *, verify: bool = True) -> str:
        """Return the URL with which `role` reaches the database; `verify` checks the server's certificate and name."""
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/lifeboat?{self.tls_parameters(verify)}"

    def tls_parameters(self, verify: bool) -> str:
        if not self.binaries.tls:
            return "sslmode=disable"
        return (
            f"sslmode=verify-full&sslrootcert={self.certificate}"
            if verify
            else "sslmode=require&channel_binding=require"
        )

    def _write_settings(self) -> None:
        tls = "on" if self.binaries.tls else "off"
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS.format(port=self.port, tls=tls, folder=self.folder))
        entry = "hostssl" if self.binaries.tls else "host"
        (self.data / "pg_hba.conf").write_text(
            f"{entry} lifeboat lifeboat_admin,lifeboat_owner,lifeboat_app,lifeboat_agent,lifeboat_replication 127.0.0.1/32 scram-sha-256\n"
        )

    def _one_time_password_file(self) -> Path:
        path = self.folder / "superuser-password"
        path.write_text(os.urandom(24).hex())
        self._give_to_server_user()
        return path

    def _give_to_server_user(self) -> None:
        if (owner := run_as().owner) is not None:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, owner, -1)

    def _run(self, program: str, *arguments: str, feed: str | None = None) -> None:
        how: RunAs = run_as()
        command = [*how.prefix, self.binaries[program], *arguments]
        done = subprocess.run(
            command,
            input=feed,
            capture_output=True,
            text=True,
            cwd="/",
            env=server_environment(),
            timeout=120,
            **dict(how.arguments),
        )
        if done.returncode or "ERROR:" in done.stderr:
            last_words = " ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
            raise PostgresDidNotStart(f"{program} for {self.folder} failed: {last_words}")


def server_environment() -> dict[str, str]:
    """Return the few variables a PostgreSQL program gets: nothing of the caller's may change how it behaves."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
