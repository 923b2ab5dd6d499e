"""The folder of three local sites: its ports, its secrets, and the files that the runbook reads.

What a cloud's stack exports and a vault holds is written here as the same files, so nothing downstream knows the difference.
"""

import json
import secrets
import socket
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from infra.outputs import SiteOutputs
from scripts.embedded.links import Kind, Link
from scripts.embedded.object_stores import AZURE_ACCOUNT, REGION, make_credentials
from scripts.embedded.ports import free_ports
from scripts.embedded.postgres import PostgresServer
from scripts.embedded.postgres_binaries import PostgresBinaries
from scripts.runbook import operator_keys, sites
from scripts.runbook.bootstrap import RolePasswords
from scripts.runbook.errors import PortBusy
from scripts.runbook.lease import Terms
from scripts.runbook.lease_record import Mode
from scripts.runbook.signing import Signer
from scripts.runbook.site_secrets import web_push_key
from scripts.runbook.tsig import write_key

SITES = ("aws", "gcp", "azure")
ZONE = "social.test"
RECORD = f"www.{ZONE}"
# The control room's name for a browser: of one site with the app's, so that the app's cookie reaches the app in a frame.
ROOM_NAME = "room.social.localhost"
TSIG_KEY_NAME = "lifeboat"
# Where scripts/setup puts what is no Python package.
TOOLS = Path(__file__).parents[2] / ".lifeboat" / "node"

# Few renewals leave Cloud Storage's one write a second an object free for a takeover; a person's word waits for no term.
TERMS = Terms(duration=15.0, renew_every=5.0, drift=0.01, guard=0.5)


@dataclass(frozen=True)
class SitePorts:
    """The loopback ports of one site."""

    app: int
    database: int
    store: int


@dataclass(frozen=True)
class LocalSettings:
    """How three local sites are started. `terms` in seconds; `edge_port` is where a person's browser goes.

    `links`: the sites reach each other by ways that can be cut (`local cut`).
    """

    folder: Path
    edge_port: int = 8080
    primary: str = "aws"
    terms: Terms = TERMS
    mode: Mode = "confirm"
    pg_bin: Path | None = None
    links: bool = False


@dataclass(frozen=True)
class SiteSecrets:
    """What a vault would hold for one site."""

    admin: str
    passwords: RolePasswords


@dataclass
class Layout:
    """Everything about three local sites that is decided before a process starts."""

    settings: LocalSettings
    binaries: PostgresBinaries
    ports: dict[str, SitePorts] = field(default_factory=dict)
    dns_port: int = 0
    other_dns_port: int = 0
    other_dns_name: str = "second"
    site_secrets: dict[str, SiteSecrets] = field(default_factory=dict)
    secret_key: str = ""
    vapid_key: str = ""
    store_credentials: dict[str, dict[str, Any]] = field(default_factory=make_credentials)
    links: list[Link] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.settings.folder

    def site_folder(self, site: str) -> Path:
        return self.folder / "sites" / site

    def server(self, site: str) -> PostgresServer:
        return PostgresServer(self.binaries, self.site_folder(site) / "postgres", self.ports[site].database)

    @property
    def zone_file(self) -> Path:
        return self.folder / "zone"

    @property
    def other_zone_file(self) -> Path:
        return self.folder / "other-zone"

    @property
    def other_dns_folder(self) -> Path:
        return self.folder / "other-dns"

    @property
    def tsig_file(self) -> Path:
        return self.folder / "keys" / "dns.tsig"

    @property
    def credentials_file(self) -> Path:
        return self.folder / "store-credentials.json"

    @property
    def link_orders(self) -> Path:
        return self.folder / "links.json"

    def reached_port(self, site: str, kind: Kind) -> int:
        """Return the port by which the others reach a site's database or store: its link's, where there is one."""
        own = self.ports[site].database if kind == "database" else self.ports[site].store
        return next((link.listens for link in self.links if (link.site, link.kind) == (site, kind)), own)

    def store_url(self, site: str, kind: str) -> str:
        """Return the URL of a site's bucket as the site itself reaches it: `media`, `lease` or `ledger`."""
        return self._bucket_url(site, kind, self.ports[site].store)

    def reached_url(self, site: str, kind: str) -> str:
        """Return the URL of a site's bucket as the others reach it."""
        return self._bucket_url(site, kind, self.reached_port(site, "store"))

    def _bucket_url(self, site: str, kind: str, port: int) -> str:
        endpoint, bucket = f"http://127.0.0.1:{port}", f"lifeboat-{kind}"
        return {
            "aws": f"s3://{bucket}?region={REGION}&endpoint={endpoint}",
            "gcp": f"gs://{bucket}?endpoint={endpoint}",
            "azure": f"az://{AZURE_ACCOUNT}/{bucket}?endpoint={endpoint}/{AZURE_ACCOUNT}",
        }[site]

    def outputs(self, site: str) -> SiteOutputs:
        return SiteOutputs(
            site=site, cloud=site, region="local", app_url=f"http://social.localhost:{self.settings.edge_port}",
            edge_target=f"{site}.edge.{ZONE}", dns_records=[],
            audit_url="", database_host="127.0.0.1", database_port=self.reached_port(site, "database"),
            database_name="lifeboat", database_cidr="127.0.0.1/32", media_url=self.reached_url(site, "media"),
            lease_url=self.reached_url(site, "lease"), ledger_url=self.reached_url(site, "ledger"),
            egress_address="127.0.0.1", link={}, identity={}, entries={}, image="", capacity="full",
        )  # fmt: skip

    def app_url(self, site: str) -> str:
        return f"http://127.0.0.1:{self.ports[site].app}"


def decide(settings: LocalSettings, binaries: PostgresBinaries) -> Layout:
    """Choose free ports and fresh secrets. Raises PortBusy when the edge's port is taken."""
    _must_be_free(settings.edge_port)
    numbers = iter(free_ports(5 * len(SITES) + 2))
    layout = Layout(
        settings,
        binaries,
        dns_port=next(numbers),
        other_dns_port=next(numbers),
        secret_key=secrets.token_hex(32),
        vapid_key=web_push_key(),
    )
    replication = secrets.token_hex(16)
    for site in SITES:
        layout.ports[site] = SitePorts(next(numbers), next(numbers), next(numbers))
        passwords = RolePasswords(
            owner=secrets.token_hex(16), app=secrets.token_hex(16), agent=secrets.token_hex(16), replication=replication
        )
        layout.site_secrets[site] = SiteSecrets(secrets.token_hex(16), passwords)
        if settings.links:
            ports = layout.ports[site]
            layout.links += [
                Link(site, "database", next(numbers), ports.database),
                Link(site, "store", next(numbers), ports.store),
            ]
    return layout


def write_platform(layout: Layout) -> None:
    """Write the files that the runbook reads: platform.json, access.json, keys and each site's outputs."""
    folder = layout.folder
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    (folder / "outputs").mkdir(exist_ok=True)
    public_keys = {name: Signer.create(name, folder / "keys" / f"{name}.pem").public for name in SITES}
    for site in SITES:
        (folder / "outputs" / f"{site}.json").write_text(layout.outputs(site).to_json())
    write_key(layout.tsig_file, TSIG_KEY_NAME)
    _write_private(layout.credentials_file, json.dumps(layout.store_credentials))
    _write_private(folder / "access.json", json.dumps(_access(layout), indent=1))
    (folder / "platform.json").write_text(json.dumps(_platform(layout, public_keys), indent=1))
    operator_keys.add(sites.load(folder), operator_keys.person_here())


def _platform(layout: Layout, public_keys: dict[str, str]) -> dict[str, Any]:
    return {
        "cluster": f"local-{secrets.token_hex(4)}",
        "sites": list(SITES),
        "terms": asdict(layout.settings.terms),
        "mode": layout.settings.mode,
        "public_keys": public_keys,
        "operators": {},
        "replication_tls": layout.server(SITES[0]).tls_parameters(verify=False),
        "record_name": RECORD,
        "outside_url": f"http://127.0.0.1:{layout.settings.edge_port}",
        "app_urls": {site: layout.app_url(site) for site in SITES},
    }


def _access(layout: Layout) -> dict[str, Any]:
    return {
        "agent_urls": {
            site: layout.server(site).url("lifeboat_agent", layout.site_secrets[site].passwords.agent) for site in SITES
        },
        "app_urls": {
            site: layout.server(site).url("lifeboat_app", layout.site_secrets[site].passwords.app) for site in SITES
        },
        "disks": {site: str(layout.site_folder(site)) for site in SITES},
        "replication_password": layout.site_secrets[SITES[0]].passwords.replication,
        "dns_vendors": [
            _vendor(layout, "local", layout.dns_port),
            _vendor(layout, layout.other_dns_name, layout.other_dns_port),
        ],
    }


def _vendor(layout: Layout, name: str, port: int) -> dict[str, Any]:
    return {
        "name": name,
        "host": "127.0.0.1",
        "port": port,
        "zone": ZONE,
        "key_name": TSIG_KEY_NAME,
        "key_file": str(layout.tsig_file),
    }


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as reason:
            raise PortBusy(port) from reason
