"""Where a runbook finds its sites: the exported outputs, the public keys and this machine's own credentials.

Two readers make the same Platform: `load` from a folder (here), and site_environment.py from the environment of an
agent in a cloud. A folder holds `platform.json` (shared, reviewed), `outputs/<site>.json` (SiteOutputs) and `access.json`
(secret, readable by its owner alone: whatever this machine may reach).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast, get_args

from app.stores import BadStoreCredentials, Credentials, load_credentials
from infra.outputs import SiteOutputs, SiteOutputsError
from scripts.runbook.acme_authority import Authority
from scripts.runbook.certificate_renewal import Renewal
from scripts.runbook.control import ControlStores, Enter
from scripts.runbook.errors import UnknownSite, UsageError
from scripts.runbook.lease import Terms
from scripts.runbook.lease_record import Mode
from scripts.runbook.signing import Signer
from scripts.runbook.traffic import Vendor

# An operator's laptop reaches the control stores alone: no database, no DNS vendor.
NO_ACCESS: dict[str, Any] = {"agent_urls": {}, "dns_vendors": [], "replication_password": ""}


class Addressed(Protocol):
    """Whatever says where a site's database is: its outputs, or its agent's own word, which holds in other clouds too."""

    @property
    def database_host(self) -> str: ...

    @property
    def database_port(self) -> int: ...


class Keeping(Protocol):
    """What is read anew whenever it is needed, and how: this machine's keys, and who may say the word."""

    def credentials(self) -> Credentials: ...
    def signer(self, site: str) -> Signer: ...
    def operators(self) -> dict[str, str]: ...
    def again(self) -> "Platform": ...


@dataclass(frozen=True)
class Platform:
    """Every site of one platform as this machine sees it; `ways` are how it enters the stores it has no key of."""

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
    renewals: dict[str, Renewal]
    keeping: Keeping = field(compare=False)
    ways: Mapping[str, Enter] = field(default_factory=dict, compare=False)
    app_database_urls: dict[str, str] = field(default_factory=dict)

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
        return self.keeping.credentials()

    def lease_stores(self) -> ControlStores:
        urls = {name: outputs.lease_url for name, outputs in self.outputs.items()}
        return ControlStores(urls, self.credentials(), ways=self.ways)

    def ledger_stores(self) -> ControlStores:
        urls = {name: outputs.ledger_url for name, outputs in self.outputs.items()}
        return ControlStores(urls, self.credentials(), ways=self.ways)

    def signer(self, site: str) -> Signer:
        return self.keeping.signer(site)

    def operators(self) -> dict[str, str]:
        """Return the public keys of those who may say the word, as this machine is told of them right now."""
        return self.keeping.operators()

    def agent_url(self, site: str) -> str:
        """Return this machine's way into a site's database. Raises UsageError where it has none."""
        if site not in self.agent_urls:
            raise UsageError(
                f"this machine has no way into the database of {site}: {self.folder / 'access.json'} does not name it"
            )
        return self.agent_urls[site]

    def app_database_url(self, site: str) -> str:
        """Return the app's own way into a site's database, as the local sites have it. Raises UsageError elsewhere."""
        if site not in self.app_database_urls:
            raise UsageError(
                f"this machine does not run {site} itself: {self.folder / 'access.json'} has no way for the app"
            )
        return self.app_database_urls[site]

    def conninfo(self, publisher: Addressed, follower: str) -> str:
        """Return how a follower's subscription reaches a publisher: SCRAM bound to the TLS channel, no CA file needed."""
        where = f"{publisher.database_host}:{publisher.database_port}"
        name = f"postgresql://lifeboat_replication:{self.replication_password}@{where}/lifeboat"
        return f"{name}?{self.tls_parameters}&application_name=lifeboat_{follower}&connect_timeout=3"

    def operator_key(self, name: str) -> Path:
        """Return where this computer keeps an operator's own key, if it is that operator's computer."""
        return self.folder / "keys" / f"operator-{name}.pem"

    @property
    def journals(self) -> Path:
        return self.folder / "journal"


@dataclass(frozen=True)
class FolderKeeping:
    """A folder of files, each read when it is needed."""

    folder: Path

    def credentials(self) -> Credentials:
        try:
            return load_credentials(self.folder / "store-credentials.json")
        except BadStoreCredentials as reason:
            raise UsageError(str(reason)) from reason

    def signer(self, site: str) -> Signer:
        return Signer.read(site, self.folder / "keys" / f"{site}.pem")

    def operators(self) -> dict[str, str]:
        found = _read(self.folder / "platform.json").get("operators", {})
        if not isinstance(found, dict) or not all(isinstance(key, str) for key in found.values()):
            raise UsageError(
                f"{self.folder}/platform.json names its operators in another form than name and public key"
            )
        return found

    def again(self) -> Platform:
        return load(self.folder)


def load(folder: Path) -> Platform:
    """Read a platform's folder. Raises UsageError naming the file that is missing or wrong."""
    shared = _read(folder / "platform.json")
    access = _read(folder / "access.json") if (folder / "access.json").exists() else NO_ACCESS
    try:
        outputs = {site: SiteOutputs.read(folder / "outputs" / f"{site}.json") for site in shared["sites"]}
        vendors = tuple(Vendor(**vendor) for vendor in access["dns_vendors"])
        return Platform(
            folder=folder,
            keeping=FolderKeeping(folder),
            cluster=shared["cluster"],
            terms=Terms(**shared["terms"]),
            outputs=outputs,
            public_keys={site: shared["public_keys"][site] for site in outputs},
            vendors=vendors,
            agent_urls={**access["agent_urls"]},
            replication_password=access["replication_password"],
            tls_parameters=shared["replication_tls"],
            outside_url=shared["outside_url"],
            record_name=shared["record_name"],
            mode=takeover_mode(shared["mode"], f"{folder}/platform.json"),
            # One store a site, until a provider was replaced for good.
            register_urls=shared.get("register_urls") or {name: one.lease_url for name, one in outputs.items()},
            # Only where an agent runs beside its database's files: a managed service does not show them.
            app_database_urls=access.get("app_urls", {}),
            disks={site: Path(folder) for site, folder in access.get("disks", {}).items()},
            # Only of sites whose edge takes its certificate from a vault.
            renewals={
                site: Renewal(
                    one["vault_url"], Authority(one["directory"], one["contact"]), shared["record_name"], vendors
                )
                for site, one in access.get("renewals", {}).items()
            },
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


def takeover_mode(name: object, where: str) -> Mode:
    """Return how a takeover begins: by a person's word, or by itself when the lease has run out. Raises UsageError."""
    if name not in get_args(Mode):
        raise UsageError(f"the mode {name!r} in {where} is neither {' nor '.join(get_args(Mode))}")
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
