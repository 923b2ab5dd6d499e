"""The seam inside: what each capability takes and gives. Every cloud has these names, in this order of arguments.

A whole package is checked against `Cloud` (the proof stands in clouds/__init__.py), so a missing capability, a renamed
attribute or a swapped argument is found before anything runs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import pulumi
from pulumi import Output, ResourceOptions

from infra.spec import SiteSpec


@dataclass(frozen=True)
class Secrets:
    """What a site must be told in secret; `link_keys` has one pre-shared key for each peer, `dns_keys` (JSON) ours at each DNS vendor."""

    secret_key: Output[str]
    signing_key: Output[str]
    vapid_key: Output[str]
    replication_password: Output[str]
    dns_keys: Output[str]
    link_keys: Mapping[str, Output[str]]


class Network(Protocol):
    """Private subnets in two zones and one static address from which the site speaks to the world (HTTPS only)."""

    egress_address: Output[str]


class Link(Protocol):
    """The tunnels to the peers; `gateways` has, by peer, the public addresses of this site's ends, in tunnel order."""

    gateways: Mapping[str, Output[list[str]]]


class Database(Protocol):
    """PostgreSQL without a public address. `url` gives the whole connection URL of a role, as a secret."""

    host: Output[str]
    port: Output[int]

    def url(self, role: str) -> Output[str]: ...


class Registry(Protocol):
    """This cloud's own copy of the image; `repository` is where it is pushed to."""

    repository: Output[str]


class Vault(Protocol):
    """The secrets of the processes; `where` says for each, by its neutral name, where the cloud keeps it."""

    where: Mapping[str, Output[str]]


class Media(Protocol):
    """The private store of pictures, as a store URL."""

    url: Output[str]


class Control(Protocol):
    """The two control stores, as URLs: `lease` is plain (conditional writes only), `ledger` versioned and retained."""

    lease_url: Output[str]
    ledger_url: Output[str]


class Service(Protocol):
    """The processes web, worker and agent; `origin` is the host name at which this site's own edge finds web.

    `subjects` has, by process, the name that its provider gives it in the tokens it signs for it.
    """

    origin: Output[str]
    subjects: Mapping[str, Output[str]]


class Edge(Protocol):
    """The one way in from the world: certificate, firewall and cache before web.

    `target` is the name that the app's CNAME points at while this site is primary; `records` ({"name", "type", "value"}
    each) are what the neutral DNS must say from the first day on, and always.
    """

    target: Output[str]
    records: Output[list[dict[str, str]]]


class Watch(Protocol):
    """The alarms of infra/alarms.py under their names, and the audit log; `audit_url` is its store URL."""

    audit_url: Output[str]


class Access(Protocol):
    """Who may enter without a stored key: CI in two roles, and the processes of the other sites, each by its own token.

    `identity` has the issuer and the subjects of this site's own tokens; `entries` has by which way each peer's `app`
    and `agent`, and CI, come in here: an AWS role, a provider of Google's, or tenant and client of Azure's directory.
    """

    identity: Output[dict[str, Any]]
    entries: Output[dict[str, Any]]


N = TypeVar("N", bound=Network)
L_co = TypeVar("L_co", bound=Link, covariant=True)
D = TypeVar("D", bound=Database)
R = TypeVar("R", bound=Registry)
V = TypeVar("V", bound=Vault)
M = TypeVar("M", bound=Media)
C = TypeVar("C", bound=Control)
S = TypeVar("S", bound=Service)
E = TypeVar("E", bound=Edge)
W_co = TypeVar("W_co", bound=Watch, covariant=True)
A_co = TypeVar("A_co", bound=Access, covariant=True)


class Cloud(Protocol[N, L_co, R, D, V, M, C, S, E, W_co, A_co]):
    """A package of infra.clouds: one provider and its capabilities."""

    @property
    def provider(self) -> Callable[[SiteSpec], pulumi.ProviderResource]: ...
    @property
    def Network(self) -> Callable[[str, SiteSpec, ResourceOptions], N]: ...  # noqa: N802
    @property
    def Link(self) -> Callable[[str, SiteSpec, Secrets, N, ResourceOptions], L_co]: ...  # noqa: N802
    @property
    def Registry(self) -> Callable[[str, SiteSpec, N, ResourceOptions], R]: ...  # noqa: N802
    @property
    def Database(self) -> Callable[[str, SiteSpec, Secrets, N, ResourceOptions], D]: ...  # noqa: N802
    @property
    def Vault(self) -> Callable[[str, SiteSpec, Secrets, N, D, ResourceOptions], V]: ...  # noqa: N802
    @property
    def Media(self) -> Callable[[str, SiteSpec, N, ResourceOptions], M]: ...  # noqa: N802
    @property
    def Control(self) -> Callable[[str, SiteSpec, N, ResourceOptions], C]: ...  # noqa: N802
    @property
    def Service(self) -> Callable[[str, SiteSpec, N, R, V, M, C, ResourceOptions], S]: ...  # noqa: N802
    @property
    def Edge(self) -> Callable[[str, SiteSpec, N, S, ResourceOptions], E]: ...  # noqa: N802
    @property
    def Watch(self) -> Callable[[str, SiteSpec, N, S, E, ResourceOptions], W_co]: ...  # noqa: N802
    @property
    def Access(self) -> Callable[[str, SiteSpec, N, M, C, S, ResourceOptions], A_co]: ...  # noqa: N802
