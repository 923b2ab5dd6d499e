"""What every agent must know of the whole platform: settings and reviewed files. Imports no Pulumi."""

import base64
import binascii
import ipaddress
import re
from typing import Any

from infra import rules
from infra.settings import Settings
from infra.spec import AgentSpec, DnsVendor

SETTINGS = ("cluster", "takeover_mode", "lease_terms", "dns_vendors", "register_urls", "acme_directory")

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_DIRECTORY = re.compile(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[\w.~/-]*)?")
_TERMS = {"duration", "renew_every", "drift", "guard"}
_KEY_BYTES = 16
"""A TSIG key of fewer bytes is refused by the agent (RFC 8945 wants at least half of what the hash gives: 16 for SHA-256)."""


def read_agents(settings: Settings, sites: dict[str, Any]) -> AgentSpec:
    """Read what all agents share; `sites` is the peers block as joining.py has checked it."""
    vendors = _vendors(settings)
    return AgentSpec(
        cluster=settings.text("cluster", _NAME, "a name of up to 31 lower-case letters, digits and hyphens"),
        takeover_mode=settings.choice("takeover_mode", rules.TAKEOVER_MODES),
        terms=_terms(settings),
        dns_vendors=vendors,
        sites={site: sites[site] for site in rules.PROVIDERS} if set(sites) == set(rules.PROVIDERS) else {},
        public_keys=_public_keys(settings, "public_keys"),
        operators=_public_keys(settings, "operators"),
        register_urls=_texts(settings, "register_urls"),
        acme_directory=settings.text("acme_directory", _DIRECTORY, "the https URL of an ACME directory"),
    )


def _terms(settings: Settings) -> dict[str, float]:
    found = settings.table("lease_terms")
    if set(found) != _TERMS or not all(_is_number(value) for value in found.values()):
        settings.blame("lease_terms", f"must give {', '.join(sorted(_TERMS))} as numbers.")
        return {}
    held = found["duration"] * (1 - found["drift"]) - found["guard"]
    if not 0 < found["renew_every"] < held:
        settings.blame(
            "lease_terms", f"renews every {found['renew_every']:g} s a lease that its holder may count on {held:g} s."
        )
    return found


def _vendors(settings: Settings) -> tuple[DnsVendor, ...]:
    found = tuple(vendor for one in settings.list("dns_vendors") if (vendor := _vendor(settings, one)))
    names = [vendor.name for vendor in found]
    if len(names) < 2 or len(set(names)) < len(names):
        settings.blame("dns_vendors", f"names {', '.join(names) or 'nobody'}; it must name two vendors, each once.")
    hostname = settings.values.get("hostname", "")
    outside = [vendor.zone for vendor in found if not f".{hostname}".endswith(f".{vendor.zone}")]
    if hostname and outside:
        settings.blame("dns_vendors", f"serves {', '.join(outside)}, in which there is no {hostname}.")
    return found


def _vendor(settings: Settings, entry: Any) -> DnsVendor | None:
    wanted = {"name", "host", "port", "zone", "key_name"}
    if not isinstance(entry, dict) or set(entry) != wanted or not _NAME.fullmatch(str(entry["name"])):
        settings.blame("dns_vendors", f"has {entry!r}; each vendor must have exactly {', '.join(sorted(wanted))}.")
        return None
    port = entry["port"]
    if not _is_address(entry["host"]) or not _is_number(port) or not 1 <= port <= 65535:
        settings.blame(
            "dns_vendors", f"reaches {entry['name']} at {entry['host']}:{port}; it must be an IPv4 address and a port."
        )
        return None
    return DnsVendor(entry["name"], entry["host"], int(port), str(entry["zone"]).rstrip("."), str(entry["key_name"]))


def _public_keys(settings: Settings, key: str) -> dict[str, str]:
    """Read Ed25519 public keys by name, 32 bytes each in base64."""
    found = _texts(settings, key)
    odd = sorted(name for name, value in found.items() if _bytes_of(value) != 32)
    if odd:
        settings.blame(key, f"gives {', '.join(odd)} a key that is not the base64 of 32 bytes.")
    return found


def check_dns_keys(settings: Settings, vendors: tuple[DnsVendor, ...]) -> None:
    """Check that our key at each vendor is there, without ever repeating it."""
    keys = settings.table("dns_keys") if settings.values.get("dns_keys") else {}
    for vendor in vendors:
        if not isinstance(keys.get(vendor.name), str) or _bytes_of(keys[vendor.name]) < _KEY_BYTES:
            settings.blame(
                f"dns_keys.{vendor.name}", f"must be set in secret to base64 of at least {_KEY_BYTES} bytes."
            )


def _texts(settings: Settings, key: str) -> dict[str, str]:
    """Read a table of texts that may be absent."""
    found = settings.table(key) if settings.values.get(key) else {}
    if all(isinstance(value, str) for value in found.values()):
        return found
    settings.blame(key, "must be a table of texts.")
    return {}


def _bytes_of(text: str) -> int:
    try:
        return len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return 0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_address(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ipaddress.IPv4Address(value))
    except ValueError:
        return False
