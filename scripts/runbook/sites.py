"""Where a runbook finds its sites: the exported outputs, the public keys and this machine's own credentials.

The only module that knows how they are kept. A folder holds `platform.json` (shared, reviewed), `outputs/<site>.json`
(SiteOutputs) and `access.json` (secret, readable by its owner alone: whatever this machine may reach).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from app.stores import BadStoreCredentials, Credentials, load_credentials
from infra.outputs import SiteOutputs, SiteOutputsError
from scripts.runbook.control import ControlStores
from scripts.runbook.errors import UnknownSite, UsageError
from scripts.runbook.lease import Terms
from scripts.runbook.lease_record import Mode
from scripts.runbook.signing import Signer
from scripts.runbook.traffic import Vendor

# An operator's laptop reaches the control stores alone: no database, no DNS vendor.
NO_ACCESS: dict[str, Any] = {"agent_urls": {}, "dns_vendors": [], "replication_password": ""}


@dataclass(frozen=True)
class Platform:
    """Every site of one platform as this machine sees it."""

    folder: Path
    cluster: str
    terms: Terms
    outputs: dict[str, SiteOutputs]
    public_keys: dict[str, str]
    vendors: tuple[Vendor, ...]
    agent_urls: dict[str, str]
    replication_password: str
    tls_parameters: str
    outside_url: str
    record_name: str
    mode: Mode
    register_urls: dict[str, str]
    disks: dict[str, Path]

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(self.outputs)

    def known(self, site: str) -> str:
        """Return the site's name. Raises UnknownSite naming the ones there are."""
        if site not in self.outputs:
            raise UnknownSite(site, self.sites)
        return site

    def others(self, site: str) -> tuple[str, ...]:
        return tuple(name for name in self.sites if name != site)

    def credentials(self) -> Credentials:
        """Return how this machine reaches the stores. Raises UsageError naming the file when it cannot be used."""
        try:
            return load_credentials(self.folder / "store-credentials.json")
        except BadStoreCredentials as reason:
            raise UsageError(str(reason)) from reason

    def lease_stores(self) -> ControlStores:
        return ControlStores({name: outputs.lease_url for name, outputs in self.outputs.items()}, self.credentials())

    def ledger_stores(self) -> ControlStores:
        return ControlStores({name: outputs.ledger_url for name, outputs in self.outputs.items()}, self.credentials())

    def signer(self, site: str) -> Signer:
        return Signer.read(site, self.folder / "keys" / f"{site}.pem")

    def operators(self) -> dict[str, str]:
        """Return the public keys of those who may say the word, as the reviewed file names them right now."""
        found = _read(self.folder / "platform.json").get("operators", {})
        if not isinstance(found, dict) or not all(isinstance(key, str) for key in found.values()):
            raise UsageError(
                f"{self.folder}/platform.json names its operators in another form than name and public key"
            )
        return found

    def agent_url(self, site: str) -> str:
        """Return this machine's way into a site's database. Raises UsageError where it has none."""
        if site not in self.agent_urls:
            raise UsageError(
                f"this machine has no way into the database of {site}: {self.folder / 'access.json'} does not name it"
            )
        return self.agent_urls[site]

    def conninfo(self, host: str, port: int, follower: str) -> str:
        """Return how a follower's subscription reaches a publisher: SCRAM bound to the TLS channel, no CA file needed."""
        name = f"postgresql://lifeboat_replication:{self.replication_password}@{host}:{port}/lifeboat"
        return f"{name}?{self.tls_parameters}&application_name=lifeboat_{follower}&connect_timeout=3"

    def operator_key(self, name: str) -> Path:
        """Return where this computer keeps an operator's own key, if it is that operator's computer."""
        return self.folder / "keys" / f"operator-{name}.pem"

    @property
    def journals(self) -> Path:
        return self.folder / "journal"


def load(folder: Path) -> Platform:
    """Read a platform's folder. Raises UsageError naming the file that is missing or wrong."""
    shared = _read(folder / "platform.json")
    access = _read(folder / "access.json") if (folder / "access.json").exists() else NO_ACCESS
    try:
        outputs = {site: SiteOutputs.read(folder / "outputs" / f"{site}.json") for site in shared["sites"]}
        return Platform(
            folder=folder,
            cluster=shared["cluster"],
            terms=Terms(**shared["terms"]),
            outputs=outputs,
            public_keys={site: shared["public_keys"][site] for site in outputs},
            vendors=tuple(Vendor(**vendor) for vendor in access["dns_vendors"]),
            agent_urls={**access["agent_urls"]},
            replication_password=access["replication_password"],
            tls_parameters=shared["replication_tls"],
            outside_url=shared["outside_url"],
            record_name=shared["record_name"],
            mode=_mode(shared["mode"]),
            # One store a site, until a provider was replaced for good.
            register_urls=shared.get("register_urls") or {name: one.lease_url for name, one in outputs.items()},
            # Only where an agent runs beside its database's files: a managed service does not show them.
            disks={site: Path(folder) for site, folder in access.get("disks", {}).items()},
        )
    except SiteOutputsError as reason:
        raise UsageError(str(reason)) from reason
    except (KeyError, TypeError) as reason:
        raise UsageError(f"{folder}/platform.json or access.json lacks or misspells a setting ({reason})") from reason


def note_register_urls(folder: Path, urls: Mapping[str, str]) -> None:
    """Write into `platform.json` which stores hold the register from now on."""
    path = folder / "platform.json"
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({**_read(path), "register_urls": dict(urls)}, indent=1))
    draft.replace(path)


def _mode(name: object) -> Mode:
    """Return how a takeover begins: by a person's word, or by itself when the lease has run out."""
    if name not in get_args(Mode):
        raise UsageError(f"the mode {name!r} in platform.json is neither {' nor '.join(get_args(Mode))}")
    return cast(Mode, name)


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError as reason:
        raise UsageError(
            f"{path} is not there: start the local sites with `lifeboat local up`, or name another folder with --dir"
        ) from reason
    except (ValueError, RecursionError) as reason:
        raise UsageError(f"{path} is not JSON ({reason})") from reason
    except OSError as reason:
        raise UsageError(f"{path} cannot be read ({reason.strerror})") from reason
