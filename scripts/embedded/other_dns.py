"""The second DNS vendor: Knot or BIND where one is installed, so that two vendors share neither software nor its faults.

Both take the zone file, the key and the updates that ours takes (RFC 2136, RFC 8945), in the foreground, on loopback.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.runbook.tsig import read_key

# Debian keeps servers where an ordinary user's PATH does not look.
ALSO_IN = ("/usr/sbin", "/usr/local/sbin")


@dataclass(frozen=True)
class DnsSoftware:
    """A name server that is installed: its name as a vendor, its program, how it is configured and started."""

    name: str
    program: str
    configure: Callable[[Path, int, str, Path], str]
    arguments: Callable[[Path], list[str]]

    def prepare(self, folder: Path, port: int, origin: str, zone: str, key_file: Path) -> None:
        """Write zone and configuration into a folder of its own.

        The server owns the zone file from then on, and keeps its journal beside it: started again it goes on from there.
        """
        (folder / "state").mkdir(parents=True, exist_ok=True)
        (folder / f"{origin}.zone").write_text(zone)
        self._config(folder).touch(mode=0o600)
        self._config(folder).write_text(self.configure(folder, port, origin, key_file))

    def argv(self, folder: Path) -> list[str]:
        """Return the command line that serves what was prepared in a folder."""
        return [self.program, *self.arguments(self._config(folder))]

    def _config(self, folder: Path) -> Path:
        return folder / f"{self.name}.conf"


def find_software() -> tuple[DnsSoftware, ...]:
    """Return the name servers that are installed on this machine, Knot before BIND."""
    kinds = (("knot", "knotd", _knot, _knot_arguments), ("bind", "named", _bind, _bind_arguments))
    found = ((name, _program(program), configure, arguments) for name, program, configure, arguments in kinds)
    return tuple(DnsSoftware(name, path, configure, arguments) for name, path, configure, arguments in found if path)


def _program(name: str) -> str | None:
    return shutil.which(name) or next(
        (path for path in map(shutil.which, (f"{one}/{name}" for one in ALSO_IN)) if path), None
    )


def _bind(folder: Path, port: int, origin: str, key_file: Path) -> str:
    key = read_key(key_file).name.to_text(omit_final_dot=True)
    return f"""
include "{key_file}";
options {{
    directory "{folder}"; managed-keys-directory "{folder}"; session-keyfile none; pid-file none; lock-file none;
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; allow-transfer {{ none; }}; notify no; dnssec-validation no; minimal-responses yes;
}};
controls {{ }};
zone "{origin}" {{ type primary; file "{origin}.zone"; allow-update {{ key "{key}"; }}; }};
"""


def _bind_arguments(config: Path) -> list[str]:
    return ["-g", "-c", str(config)]


def _knot(folder: Path, port: int, origin: str, key_file: Path) -> str:
    text, key = key_file.read_text(), read_key(key_file)
    secret = text.split('secret "')[1].split('"')[0]
    name = key.name.to_text(omit_final_dot=True)
    return f"""
server:
    rundir: "{folder}"
    listen: 127.0.0.1@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: "{folder}/state"
    journal-db-max-size: 8M
    timer-db-max-size: 1M
key:
  - id: {name}
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: updates
    key: {name}
    action: update
zone:
  - domain: {origin}
    storage: "{folder}"
    file: "{origin}.zone"
    acl: updates
    zonefile-sync: 0
    journal-content: changes
    semantic-checks: off
"""


def _knot_arguments(config: Path) -> list[str]:
    return ["-c", str(config)]
