"""Secrets: made once, equal where they must be, and never chosen between when they differ."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from infra.config import SECRET_KEYS, parse
from infra.stack_files import stack_settings
from scripts.runbook.errors import UnusableSecrets
from scripts.runbook.site_secrets import Known, by_path, changes, public_half, site_key, web_push_key
from tests.infra.recordings import PEERS

SITES = ("aws", "azure", "gcp")
NOTHING: Known = {site: {} for site in SITES}


def made(known: Known) -> dict[str, dict[str, str]]:
    result = {site: dict(secrets) for site, secrets in known.items()}
    for change in changes(known):
        result[change.site][change.path] = change.value
    return result


def test_everything_is_made_once_and_then_nothing_is_left_to_do() -> None:
    """It makes every secret of every site, and finds nothing to do when they are there."""
    known = made(NOTHING)

    assert {path.partition(".")[0] for secrets in known.values() for path in secrets} == {*SECRET_KEYS} - {"dns_keys"}
    assert changes(known) == ()


def test_a_vendor_s_key_goes_to_all_sites_and_is_never_made_here() -> None:
    """It copies what one site was given, and says who makes a new one."""
    known = made(NOTHING)
    known["gcp"]["dns_keys.first"] = "AAAA"

    planned = changes(known)

    assert {(one.site, one.path, one.value) for one in planned} == {
        (site, "dns_keys.first", "AAAA") for site in ("aws", "azure")
    }
    with pytest.raises(UnusableSecrets, match="its vendor's to make"):
        changes(known, rotate=["dns_keys.first"])


def test_sites_share_what_they_must_and_nothing_else() -> None:
    """It gives all sites one app key, each pair one link key, and each site a key of its own."""
    known = made(NOTHING)

    for key in ("secret_key", "vapid_key", "replication_password"):
        assert len({known[site][key] for site in SITES}) == 1
    assert known["aws"]["link_keys.gcp"] == known["gcp"]["link_keys.aws"]
    assert len({known["aws"]["link_keys.gcp"], known["aws"]["link_keys.azure"], known["gcp"]["link_keys.azure"]}) == 3
    assert len({known[site]["signing_key"] for site in SITES}) == 3


def test_what_is_made_is_what_a_stack_accepts() -> None:
    """It makes secrets that the description takes without a word."""
    secrets = made(NOTHING)["aws"]
    table = {path.partition(".")[2]: value for path, value in secrets.items() if path.startswith("link_keys.")}
    settings = {key.partition(":")[2]: value for key, value in stack_settings("aws").items()}
    flat = {path: value for path, value in secrets.items() if "." not in path}

    spec = parse(settings | flat | {"link_keys": json.dumps(table), "peers": json.dumps(PEERS)}, "aws")

    assert {peer.site for peer in spec.linked} == {"azure", "gcp"}
    assert by_path(flat | {"link_keys": json.dumps(table)}) == secrets


def test_a_missing_one_is_copied_from_the_others() -> None:
    """It never makes anew what another site holds already."""
    known = made(NOTHING)
    kept = known["gcp"].pop("secret_key")

    (change,) = changes(known)

    assert (change.site, change.path, change.value) == ("gcp", "secret_key", kept)
    assert change.why == "copied from another site"


def test_sites_that_differ_need_a_person() -> None:
    """It refuses to choose, names the secret, and makes it anew everywhere when told to."""
    known = made(NOTHING)
    known["gcp"]["replication_password"] = "Another" * 6

    with pytest.raises(UnusableSecrets, match="the same replication_password") as refused:
        changes(known)
    anew = changes(known, rotate=["replication_password"])

    assert "Another" not in str(refused.value)
    assert {change.site for change in anew} == set(SITES)
    assert len({change.value for change in anew}) == 1
    assert anew[0].value not in {secrets["replication_password"] for secrets in known.values()}


def test_a_secret_that_there_is_not_cannot_be_made_anew() -> None:
    """It lists those there are."""
    with pytest.raises(UnusableSecrets, match="'secretkey'; there are secret_key, vapid_key"):
        changes(NOTHING, rotate=["secretkey"])


def test_the_web_push_key_is_a_key() -> None:
    """It makes 32 bytes that are a private key on the curve that web push prescribes."""
    number = int.from_bytes(base64.urlsafe_b64decode(web_push_key() + "="))

    assert ec.derive_private_key(number, ec.SECP256R1()).curve.name == "secp256r1"


def test_the_public_half_is_the_site_s() -> None:
    """It publishes 32 bytes, the same for the same key, and refuses what is no key of this kind."""
    key = site_key()

    assert public_half(key) == public_half(key)
    assert len(base64.b64decode(public_half(key))) == 32
    with pytest.raises(UnusableSecrets):
        public_half("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")
