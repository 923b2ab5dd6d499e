"""How the three sites are joined: the settings `networks`, `peers` and `link_keys`. Imports no Pulumi."""

import ipaddress
import re
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from infra import rules
from infra.identities import ENTRANTS
from infra.outputs import SiteOutputs, SiteOutputsError
from infra.settings import Settings
from infra.spec import NetworkSpec, Peer

_STORES = {
    "aws": re.compile(r"s3://[a-z0-9.-]{3,63}\?region=[a-z0-9-]+"),
    "gcp": re.compile(r"gs://[a-z0-9._-]{3,63}"),
    "azure": re.compile(r"az://[a-z0-9]{3,24}/[a-z0-9-]{3,63}"),
}
_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_IDENTITIES = {
    "aws": (re.compile(r"https://[a-z0-9.-]+(/[\w.-]+)*"), re.compile(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]{1,64}")),
    "gcp": (re.compile(r"https://accounts\.google\.com"), re.compile(r"\d{15,25}")),
    "azure": (re.compile(rf"https://login\.microsoftonline\.com/{_UUID}/v2\.0"), re.compile(_UUID)),
}
"""Who signs the tokens of each site's processes, and how the processes are called in them."""

_PROCESSES = {process for part in ENTRANTS.values() for process in part}
_LINK_KEY = re.compile(r"[A-Za-z1-9][A-Za-z0-9]{31,63}")


def read_networks(settings: Settings) -> tuple[NetworkSpec, ...]:
    """Read the ranges and BGP numbers of all sites, sorted by site."""
    table = settings.table("networks")
    if set(table) != set(rules.PROVIDERS):
        settings.blame(
            "networks", f"names {', '.join(sorted(table)) or 'nothing'}; it must name {', '.join(rules.PROVIDERS)}."
        )
    found = [_network(settings, site, table[site]) for site in sorted(set(table) & set(rules.PROVIDERS))]
    networks = tuple(network for network in found if network)
    for one, other in combinations(networks, 2):
        if ipaddress.ip_network(one.cidr).overlaps(ipaddress.ip_network(other.cidr)):
            settings.blame(
                "networks",
                f"gives {one.site} {one.cidr} and {other.site} {other.cidr}, which overlap; joined sites must not.",
            )
        if one.asn == other.asn:
            settings.blame(
                "networks",
                f"gives {one.site} and {other.site} the same asn {one.asn}; BGP between them needs two different ones.",
            )
    return networks


def _network(settings: Settings, site: str, entry: Any) -> NetworkSpec | None:
    key = f"networks.{site}"
    if not isinstance(entry, dict) or set(entry) != {"cidr", "asn"}:
        settings.blame(key, "must have exactly cidr and asn.")
        return None
    low, high = rules.PRIVATE_ASNS
    if isinstance(entry["asn"], bool) or not isinstance(entry["asn"], int) or not low <= entry["asn"] <= high:
        settings.blame(key, f"has the asn {entry['asn']!r}; it must be a private one, {low} to {high}.")
        return None
    if (problem := _range_problem(entry["cidr"])) is not None:
        settings.blame(key, f"has the cidr {entry['cidr']!r}; {problem}.")
        return None
    return NetworkSpec(site, entry["cidr"], entry["asn"])


def _range_problem(cidr: Any) -> str | None:
    try:
        network = ipaddress.IPv4Network(cidr)
    except (ValueError, TypeError):
        return "it must be an IPv4 range without host bits, such as 10.10.0.0/16"
    if not network.subnet_of(ipaddress.IPv4Network("10.0.0.0/8")):
        return "it must lie in 10.0.0.0/8, since the providers keep parts of the other private ranges for themselves"
    return (
        None if 16 <= network.prefixlen <= 20 else "it must be a /16 to /20, so that its sixteenths are usable subnets"
    )


def read_peers(settings: Settings, cloud: str, networks: tuple[NetworkSpec, ...]) -> tuple[Peer, ...]:
    """Read what the reviewed peers block says of the other sites; it may still be empty."""
    table, by_site = settings.table("peers"), {network.site: network for network in networks}
    for site in sorted(set(table) - set(rules.PROVIDERS)):
        settings.blame(f"peers.{site}", f"is no site; the sites are {', '.join(rules.PROVIDERS)}.")
    others = [site for site in sorted(table) if site in by_site and site != cloud]
    return tuple(peer for site in others if (peer := _peer(settings, cloud, by_site[site], table[site])))


def _peer(settings: Settings, cloud: str, network: NetworkSpec, entry: Any) -> Peer | None:
    key, outputs = f"peers.{network.site}", _outputs(settings, network.site, entry)
    if outputs is None:
        return None
    urls = {name: getattr(outputs, name) for name in ("media_url", "lease_url", "ledger_url")}
    for name, url in urls.items():
        if not _STORES[network.site].fullmatch(url):
            settings.blame(f"{key}.{name}", f"is {url!r}, which is no store URL of {network.site}.")
    gateways = outputs.link.get("gateways", {}).get(cloud, [])
    if len(gateways) not in (0, 2, 4) or not all(map(_is_address, gateways)):
        settings.blame(
            f"{key}.link.gateways.{cloud}",
            f"is {gateways!r}; it must be empty, or the two or four IPv4 addresses of that site's gateway.",
        )
        return None
    issuer, subjects = _identity(settings, network.site, outputs.identity)
    entries = _entries(settings, f"{key}.entries.{cloud}", outputs.entries.get(cloud, {}))
    return Peer(network=network, gateways=tuple(gateways), issuer=issuer, subjects=subjects, entries=entries, **urls)


def _outputs(settings: Settings, site: str, entry: Any) -> SiteOutputs | None:
    """Read what a site signed of itself, as `lifeboat peers` writes it down."""
    key = f"peers.{site}"
    try:
        outputs = SiteOutputs.read(entry if isinstance(entry, Mapping) else {})
    except SiteOutputsError as reason:
        settings.blame(key, f"is not what `lifeboat peers` writes. {reason}")
        return None
    if outputs.site != site:
        settings.blame(key, f"holds the outputs of {outputs.site}.")
    return outputs


def _identity(settings: Settings, site: str, found: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Read who a peer's processes are; nothing at all means that nobody of it is let in."""
    if not found:
        return "", {}
    key, (issuer, subject) = f"peers.{site}.identity", _IDENTITIES[site]
    subjects = found.get("subjects")
    if set(found) != {"issuer", "subjects"} or not isinstance(subjects, dict) or set(subjects) != _PROCESSES:
        settings.blame(key, "must be empty, or have an issuer and the subjects of web, worker and agent.")
        return "", {}
    if not issuer.fullmatch(str(found["issuer"])):
        settings.blame(f"{key}.issuer", f"is {found['issuer']!r}, which does not sign tokens of {site}.")
    for process in sorted(_PROCESSES):
        if not subject.fullmatch(str(subjects[process])):
            settings.blame(f"{key}.subjects.{process}", f"is {subjects[process]!r}, which names nobody at {site}.")
    return str(found["issuer"]), {process: str(name) for process, name in subjects.items()}


def _entries(settings: Settings, key: str, found: Any) -> dict[str, str]:
    if isinstance(found, dict) and set(found) in (set(), set(ENTRANTS)) and all(map(_is_text, found.values())):
        return found
    settings.blame(key, f"must be empty, or have {' and '.join(ENTRANTS)}, as that site's outputs give them.")
    return {}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_address(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ipaddress.IPv4Address(value))
    except ValueError:
        return False


def check_link_keys(settings: Settings, peers: tuple[Peer, ...]) -> None:
    """Check that each peer with tunnels has its pre-shared key."""
    keys = settings.table("link_keys") if settings.values.get("link_keys") else {}
    for peer in peers:
        if peer.gateways and not (isinstance(keys.get(peer.site), str) and _LINK_KEY.fullmatch(keys[peer.site])):
            settings.blame(
                f"link_keys.{peer.site}",
                "must be set in secret to 32 to 64 letters and digits, not beginning with 0, the same on both sides.",
            )
