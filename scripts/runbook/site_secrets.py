"""Which secrets the sites have, which they must share, and what has to be set where so that they do."""

import base64
import json
import secrets
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from scripts.runbook.errors import UnusableSecrets

ALPHABET = string.ascii_letters + string.digits

Known = Mapping[str, Mapping[str, str]]
"""By site, its secrets by path."""


def letters(length: int) -> str:
    """Return fresh letters and digits, the first of them a letter: what every provider takes as a key."""
    return secrets.choice(string.ascii_letters) + "".join(secrets.choice(ALPHABET) for _ in range(length - 1))


def web_push_key() -> str:
    """Return a fresh P-256 private key as web push wants it (RFC 8292): 32 bytes, URL-safe base64, no padding."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64.urlsafe_b64encode(number.to_bytes(32)).decode().rstrip("=")


def site_key() -> str:
    """Return a fresh Ed25519 private key, PEM."""
    return (
        Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().strip()
    )


def public_half(pem: str) -> str:
    """Return the public half of a site's key, as `public-keys.json` holds it. Raises UnusableSecrets for another key."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as reason:
        raise UnusableSecrets("A signing_key is no private key in PEM form.") from reason
    if not isinstance(key, Ed25519PrivateKey):
        raise UnusableSecrets("A signing_key is no Ed25519 key.")
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


@dataclass(frozen=True)
class Need:
    """One secret: under which path each site keeps it, and how a fresh one is made. All its places hold one value."""

    title: str
    places: Mapping[str, str]
    fresh: Callable[[], str]


@dataclass(frozen=True)
class Change:
    """One value to be set at one site; the value is never shown."""

    site: str
    path: str
    value: str
    why: str


def needs(sites: Iterable[str]) -> tuple[Need, ...]:
    """Return every secret of these sites: equal everywhere, equal for a pair, or a site's own."""
    names = sorted(sites)
    everywhere = (
        Need("secret_key", dict.fromkeys(names, "secret_key"), lambda: letters(64)),
        Need("vapid_key", dict.fromkeys(names, "vapid_key"), web_push_key),
        Need("replication_password", dict.fromkeys(names, "replication_password"), lambda: letters(40)),
    )
    pairs = tuple(
        Need(f"link_keys of {one} and {two}", {one: f"link_keys.{two}", two: f"link_keys.{one}"}, lambda: letters(48))
        for one, two in combinations(names, 2)
    )
    own = tuple(Need(f"signing_key of {name}", {name: "signing_key"}, site_key) for name in names)
    return (*everywhere, *pairs, *own)


def of_vendors(known: Known) -> tuple[Need, ...]:
    """Return our keys at the DNS vendors: whatever one site has, all must have; nobody but the vendor makes one."""
    paths = {path for secrets in known.values() for path in secrets if path.startswith("dns_keys.")}
    return tuple(Need(path, dict.fromkeys(sorted(known), path), _from_its_vendor) for path in sorted(paths))


def _from_its_vendor() -> str:
    raise UnusableSecrets(
        "A key of dns_keys is its vendor's to make: get a new one there, and set it at one site by hand."
    )


def by_path(settings: Mapping[str, str]) -> dict[str, str]:
    """Return a stack's secrets by path: a table of keys becomes one entry for each."""
    tables = {name: json.loads(settings.get(name) or "{}") for name in ("link_keys", "dns_keys")}
    flat = {f"{name}.{one}": str(key) for name, table in tables.items() for one, key in table.items()}
    return {**{key: value for key, value in settings.items() if key not in tables}, **flat}


def changes(known: Known, rotate: Iterable[str] = ()) -> tuple[Change, ...]:
    """Return what has to be set so that every secret is there and equal where it must be.

    Raises UnusableSecrets where sites differ and nobody said which secret to make anew, or for a title that is none.
    """
    wanted, anew = (*needs(known), *of_vendors(known)), set(rotate)
    unknown = sorted(anew - {need.title for need in wanted})
    if unknown:
        titles = ", ".join(need.title for need in wanted)
        raise UnusableSecrets(f"There is no secret {', '.join(map(repr, unknown))}; there are {titles}.")
    differing = [need.title for need in wanted if need.title not in anew and len(_values(need, known)) > 1]
    if differing:
        raise UnusableSecrets(
            f"The sites do not hold the same {', '.join(differing)}. Find out which is in use; "
            "--rotate NAME makes a new one for all of them."
        )
    return tuple(change for need in wanted for change in _changes(need, known, need.title in anew))


def _values(need: Need, known: Known) -> set[str]:
    return {known[site][path] for site, path in need.places.items() if known[site].get(path)}


def _changes(need: Need, known: Known, anew: bool) -> list[Change]:
    held = _values(need, known)
    value = need.fresh() if anew or not held else next(iter(held))
    why = "made anew" if anew else "copied from another site" if held else "made"
    return [
        Change(site, path, value, why) for site, path in need.places.items() if anew or known[site].get(path) != value
    ]
