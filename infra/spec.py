"""What every site must provide, in neutral units (MiB, GiB, days): frozen values that name no provider's product.

Imports nothing of ours and no Pulumi, so the runbook and the tests can hold a spec too.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

DATABASE_NAME = "lifeboat"
DATABASE_PORT = 5432
DATABASE_VERSION = "17"
REPLICATION_TLS = "sslmode=require&channel_binding=require"
"""How a follower reaches a publisher: no managed subscriber can be given a file with an authority."""
DATABASE_ROLES = ("owner", "app", "agent", "replication")
"""The four roles of every site; in the database each is named lifeboat_<role>."""

MIB_PER_DATABASE_CPU = 4096
MIB_PER_SERVICE_CPU = 2048

CAPABILITIES = (
    "network",
    "link",
    "registry",
    "database",
    "vault",
    "media",
    "control",
    "service",
    "edge",
    "watch",
    "access",
)

INSIDE_RANGE = ipaddress.ip_network("169.254.21.0/24")
"""Where the ends of the tunnels get their addresses: Azure takes none outside 169.254.21.0-169.254.22.255."""

TUNNELS_PER_PAIR = 4

AUDIT_DAYS = 365
"""How long nobody can remove an entry of the audit log."""


@dataclass(frozen=True)
class NetworkSpec:
    """The private network of one site: its range (IPv4, /16 to /20) and its number as a BGP speaker.

    The range is cut into sixteen equal blocks, alike in every cloud, so that a site knows the others' database block.
    """

    site: str
    cidr: str
    asn: int

    def block(self, number: int) -> str:
        """Return one sixteenth of the range, 0 to 15, as a CIDR."""
        return str(list(ipaddress.ip_network(self.cidr).subnets(prefixlen_diff=4))[number])

    @property
    def services_cidr(self) -> str:
        return self.block(0)

    @property
    def database_cidr(self) -> str:
        return self.block(1)

    @property
    def public_cidr(self) -> str:
        return self.block(2)

    @property
    def gateway_cidr(self) -> str:
        return self.block(3)

    @property
    def endpoints_cidr(self) -> str:
        return self.block(4)


def halves(cidr: str) -> tuple[str, str]:
    """Cut a range into two, for clouds in which a subnet lies in one zone."""
    first, second = ipaddress.ip_network(cidr).subnets(prefixlen_diff=1)
    return str(first), str(second)


@dataclass(frozen=True)
class Tunnel:
    """One IPsec tunnel as this site sees it: which of its own and the peer's ends, and the addresses inside."""

    number: int
    own_end: int
    peer_end: int
    peer_address: str
    inside_cidr: str
    own_inside: str
    peer_inside: str


@dataclass(frozen=True)
class Peer:
    """Another site: the public ends of its gateway for this site (none: no tunnels yet), its stores, its identity.

    `issuer` signs the tokens of its processes, `subjects` are their names in them (none: nobody is let in); `entries` is
    by which way this site's own processes enter there, by the kind of entrant.
    """

    network: NetworkSpec
    gateways: tuple[str, ...]
    media_url: str
    lease_url: str
    ledger_url: str
    issuer: str = ""
    subjects: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, str] = field(default_factory=dict)

    @property
    def site(self) -> str:
        return self.network.site


@dataclass(frozen=True)
class DnsVendor:
    """One vendor of the neutral DNS: the address and TCP port of its name server, the zone, and the name of our key."""

    name: str
    host: str
    port: int
    zone: str
    key_name: str


@dataclass(frozen=True)
class AgentSpec:
    """What every agent must know of the whole platform, the same on all sites.

    `terms` are the lease's times in seconds; `sites` is what each site signed of itself (SiteOutputs, by site), empty
    until they know each other; `operators` are the public keys of those who may say the word.
    """

    cluster: str
    takeover_mode: str
    terms: Mapping[str, float]
    dns_vendors: tuple[DnsVendor, ...]
    sites: Mapping[str, Mapping[str, Any]]
    public_keys: Mapping[str, str]
    operators: Mapping[str, str]
    register_urls: Mapping[str, str]
    acme_directory: str


@dataclass(frozen=True)
class DatabaseSpec:
    """The database, at full size in every capacity mode: a class change would be an API call and a restart."""

    memory_mib: int
    storage_gib: int
    backup_days: int

    @property
    def cpus(self) -> int:
        return self.memory_mib // MIB_PER_DATABASE_CPU


@dataclass(frozen=True)
class Process:
    """One always-on process of the image: its command, its database role, and its port if it takes requests."""

    name: str
    command: tuple[str, ...]
    database_role: str
    port: int | None = None


WEB = Process("web", ("lifeboat", "serve", "web"), "app", port=8080)
WORKER = Process("worker", ("lifeboat", "serve", "worker"), "app")
AGENT = Process("agent", ("lifeboat", "serve", "agent"), "agent")
PROCESSES = (WEB, WORKER, AGENT)

MEDIA_PATHS = "/media/*"
"""What the edge keeps a copy of: pictures never change, since their names are made of their content."""

REQUESTS_PER_ADDRESS = 3000
FIREWALL_SECONDS = 300
"""What the edge takes from one address: 10 a second over five minutes, a page with all its pictures every few seconds."""

HEALTH_PATH = "/healthz"
"""What every load balancer asks: is the process alive. A standby that refuses writes is alive."""


@dataclass(frozen=True)
class ServiceSpec:
    """The app: one image by digest; `memory_mib` a copy; web runs `minimum` to `maximum` copies, by load."""

    repository: str
    digest: str
    memory_mib: int
    minimum: int
    maximum: int
    max_upload_mib: int
    acknowledge_timeout_seconds: int

    @property
    def image(self) -> str:
        return f"{self.repository}@{self.digest}"

    @property
    def cpus(self) -> int:
        return self.memory_mib // MIB_PER_SERVICE_CPU


@dataclass(frozen=True)
class SiteSpec:
    """One full copy of the platform in one cloud. Who is primary stands in the lease, and nowhere here."""

    site: str
    cloud: str
    region: str
    zones: tuple[str, ...]
    account: str
    hostname: str
    hostname_proved: bool
    retention_locked: bool
    capacity: str
    retention_days: int
    alarm_email: str
    ci_repository: str
    networks: tuple[NetworkSpec, ...]
    peers: tuple[Peer, ...]
    database: DatabaseSpec
    service: ServiceSpec
    agent: AgentSpec

    @property
    def app_url(self) -> str:
        return f"https://{self.hostname}"

    @property
    def network(self) -> NetworkSpec:
        return next(network for network in self.networks if network.site == self.site)

    def vendors_of(self, process: Process) -> tuple[DnsVendor, ...]:
        """Return whose name servers a process speaks to: the agent alone moves the name."""
        return self.agent.dns_vendors if process == AGENT else ()

    @property
    def others(self) -> tuple[str, ...]:
        return tuple(network.site for network in self.networks if network.site != self.site)

    @property
    def trusted(self) -> tuple[Peer, ...]:
        """The peers whose processes are known by name: these alone may enter this site's stores."""
        return tuple(peer for peer in self.peers if peer.subjects)

    @property
    def linked(self) -> tuple[Peer, ...]:
        """The peers whose gateway addresses are known: tunnels and the database's port are opened to these alone."""
        return tuple(peer for peer in self.peers if peer.gateways)

    def tags(self, capability: str) -> dict[str, str]:
        """Return what every resource of a capability is marked with; fits tags and labels of all three clouds."""
        return {"lifeboat-site": self.site, "lifeboat-capability": capability}

    def tunnels(self, peer: Peer, ends: int) -> tuple[Tunnel, ...]:
        """Lay out the tunnels to a peer, the same from both sides; this site's gateway has `ends` public ends for it.

        The side with more ends sets the number; the other side's ends serve several tunnels each, in order.
        """
        count = max(ends, len(peer.gateways))
        return tuple(self._tunnel(peer, number, ends, count) for number in range(count))

    def _tunnel(self, peer: Peer, number: int, ends: int, count: int) -> Tunnel:
        inside = self._inside(peer, number)
        first, second = (str(host) for host in inside.hosts())
        # AWS insists on the first host of each inside range; its name sorts first, so one rule does for every pair.
        own, other = (first, second) if self.site < peer.site else (second, first)
        end = number * len(peer.gateways) // count
        return Tunnel(number, number * ends // count, end, peer.gateways[end], str(inside), own, other)

    def _inside(self, peer: Peer, number: int) -> ipaddress.IPv4Network:
        pairs = list(combinations(sorted(network.site for network in self.networks), 2))
        pair = pairs.index((min(self.site, peer.site), max(self.site, peer.site)))
        base = int(INSIDE_RANGE.network_address) + 4 * (TUNNELS_PER_PAIR * pair + number)
        return ipaddress.IPv4Network((base, 30))
