"""The seam outside: the only names that leave infra/. Imports nothing of ours and no Pulumi.

A cloud site's stack exports them, a local site writes them as JSON; the runbook cannot tell the two apart.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

FORMAT = 1

_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_APP_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?")
_STORE_URL = re.compile(r"(s3://[^/?@#]+\?\S*region=\S+|gs://[^/?@#]+(\?\S+)?|az://[^/?@#]+/[^/?@#]+(\?\S+)?)")
_IMAGE = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")


class SiteOutputsError(ValueError):
    """The outputs of a site lack a value or hold an odd one; the message names every one of them."""


@dataclass(frozen=True)
class SiteOutputs:
    """One site as everybody outside infra/ knows it: plain strings and numbers.

    `app_url` is the same on all sites; `edge_target` is what the app's CNAME points at when this site is primary;
    `dns_records` ({"name", "type", "value"} each) must stand in the neutral DNS from the first day on;
    `audit_url` is empty where the site keeps no audit log;
    `identity` ({"issuer", "subjects": {process: name}}) is who this site's processes are to the others, and `entries`
    ({peer: {"app", "agent"}, "ci": {..}}) by which way each comes in here; both are empty where a site has no cloud;
    `image` names a digest, or is empty where a site runs from source; `link` is empty where a site has no private link,
    else {"asn": int, "gateways": {peer: [address]}, "inside": {peer: [address]}}.
    """

    site: str
    cloud: str
    region: str
    app_url: str
    edge_target: str
    dns_records: list[dict[str, str]]
    database_host: str
    database_port: int
    database_name: str
    database_cidr: str
    media_url: str
    lease_url: str
    ledger_url: str
    audit_url: str
    egress_address: str
    link: dict[str, Any]
    identity: dict[str, Any]
    entries: dict[str, Any]
    image: str
    capacity: str
    format: int = field(default=FORMAT)

    @classmethod
    def read(cls, source: "Mapping[str, Any] | str | Path") -> "SiteOutputs":
        """Read and check a mapping, or a JSON file by its path; raises SiteOutputsError with every problem at once."""
        where, values = _load(source)
        problems = list(_problems(values))
        if problems:
            raise SiteOutputsError(f"{where} cannot be used: {'; '.join(problems)}.")
        return cls(**values)

    def to_json(self) -> str:
        """Return the one JSON form of these outputs, keys in order, so that equal outputs are equal bytes."""
        return json.dumps(asdict(self), indent=2, sort_keys=True)


def _load(source: "Mapping[str, Any] | str | Path") -> tuple[str, dict[str, Any]]:
    if isinstance(source, Mapping):
        return "The site outputs", dict(source)
    where = f"The file {source} of site outputs"
    try:
        values = json.loads(Path(source).read_text())
    except (OSError, ValueError) as error:
        raise SiteOutputsError(f"{where} cannot be read: {error}.") from error
    if not isinstance(values, dict):
        raise SiteOutputsError(f"{where} cannot be used: it is no JSON object.")
    return where, values


def _problems(values: Mapping[str, Any]) -> "list[str]":
    known = {entry.name for entry in fields(SiteOutputs)}
    missing = [f"{name} is missing" for name in _CHECKS if name not in values]
    strange = [f"{name} is not a name we know" for name in sorted(set(values) - known)]
    odd = [
        f"{name} is {values[name]!r}, which is not {meaning}"
        for name, (accepts, meaning) in _CHECKS.items()
        if name in values and not accepts(values[name])
    ]
    return missing + strange + odd


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_number(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_address(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def _is_range(value: Any) -> bool:
    try:
        return isinstance(value, str) and "/" in value and bool(ipaddress.ip_network(value))
    except ValueError:
        return False


def _is_store_or_nothing(value: Any) -> bool:
    return value == "" or _matches(_STORE_URL)(value)


def _are_records(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, Mapping)
        and set(one) == {"name", "type", "value"}
        and all(isinstance(part, str) and part for part in one.values())
        for one in value
    )


def _is_image(value: Any) -> bool:
    return value == "" or _matches(_IMAGE)(value)


def _is_link(value: Any) -> bool:
    if value == {}:
        return True
    if (
        not isinstance(value, Mapping)
        or set(value) != {"asn", "gateways", "inside"}
        or not _is_number(1, 2**32 - 1)(value["asn"])
    ):
        return False
    return all(_are_addresses(value[part]) for part in ("gateways", "inside"))


def _is_identity(value: Any) -> bool:
    if value == {}:
        return True
    known = isinstance(value, Mapping) and set(value) == {"issuer", "subjects"}
    return known and isinstance(value["issuer"], str) and _are_entries({"subjects": value["subjects"]})


def _are_entries(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(found, Mapping) and all(isinstance(one, str) and one for one in found.values())
        for found in value.values()
    )


def _are_addresses(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(found, list) and all(map(_is_address, found)) for found in value.values()
    )


_NAMED = (_matches(_NAME), "a name of lower-case letters, digits and hyphens")
_STORE = (_matches(_STORE_URL), "a store URL (s3://BUCKET?region=.., gs://BUCKET or az://ACCOUNT/CONTAINER)")
_REACHED = (_matches(_HOST), "a host name or an address")

_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "format": (
        lambda value: value == FORMAT and _is_number(FORMAT, FORMAT)(value),
        f"{FORMAT}, the only format this version reads",
    ),
    "site": _NAMED,
    "cloud": _NAMED,
    "region": _NAMED,
    "app_url": (_matches(_APP_URL), "an http or https address without a path"),
    "edge_target": _REACHED,
    "dns_records": (_are_records, "a list of records, each with name, type and value"),
    "database_host": _REACHED,
    "database_port": (_is_number(1, 65535), "a port"),
    "database_name": (_matches(re.compile(r"[a-z_][a-z0-9_]{0,62}")), "a database name"),
    "database_cidr": (_is_range, "a network range"),
    "media_url": _STORE,
    "lease_url": _STORE,
    "ledger_url": _STORE,
    "audit_url": (_is_store_or_nothing, "a store URL, or empty"),
    "egress_address": (_is_address, "an IP address"),
    "link": (_is_link, "empty, or an asn with lists of addresses under gateways and inside"),
    "identity": (_is_identity, "empty, or an issuer with subjects by process"),
    "entries": (_are_entries, "empty, or for each entrant a table of texts"),
    "image": (_is_image, "an image by digest (NAME@sha256:..), or empty where the site runs from source"),
    "capacity": (lambda value: value in ("standby", "warm", "full"), "one of standby, warm, full"),
}
