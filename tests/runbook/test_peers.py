"""The peers file: only what a site signed itself gets in, and one command shuts a site out."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra import joining, rules
from infra.outputs import SiteOutputs
from infra.settings import Settings
from infra.spec import NetworkSpec
from scripts.runbook.errors import BadSignature, UnusablePeers
from scripts.runbook.peers import Peers, as_text, collect, read_signed, shut_out, sign_outputs
from scripts.runbook.signing import Signer
from tests.infra.recordings import IDENTITIES
from tests.infra.test_outputs import GOOD

STORES = {"aws": "s3://{}?region=eu-west-1", "gcp": "gs://{}", "azure": "az://account/{}"}
NETWORKS = tuple(
    NetworkSpec(site, f"10.{number}0.0.0/16", 64600 + number) for number, site in enumerate(rules.PROVIDERS, 1)
)


def outputs_of(site: str, **changes: Any) -> SiteOutputs:
    others = [name for name in rules.PROVIDERS if name != site]
    ways = {other: {part: f"way-of-{part}-into-{site}" for part in ("app", "agent")} for other in others}
    parts = {
        "site": site,
        "cloud": site,
        "link": {"asn": 64601, "gateways": {other: ["192.0.2.1", "192.0.2.2"] for other in others}, "inside": {}},
        "identity": IDENTITIES[site],
        "entries": {**ways, "ci": {"preview": "x", "deploy": "y", "provider": "z"}},
        **{f"{name}_url": STORES[site].format(name) for name in ("media", "lease", "ledger")},
    }
    return SiteOutputs.read({**GOOD, **parts, **changes})


@pytest.fixture
def signers(tmp_path: Path) -> dict[str, Signer]:
    return {site: Signer.create(site, tmp_path / f"{site}.pem") for site in rules.PROVIDERS}


@pytest.fixture
def keys(signers: dict[str, Signer]) -> dict[str, str]:
    return {site: signer.public for site, signer in signers.items()}


def all_sites() -> Peers:
    return collect([outputs_of(site) for site in rules.PROVIDERS], {})


def test_signed_outputs_come_back_as_they_were(signers: dict[str, Signer], keys: dict[str, str]) -> None:
    """It reads what a site signed, once the signature is proved."""
    assert read_signed(sign_outputs(outputs_of("gcp"), signers["gcp"]), keys) == outputs_of("gcp")


def test_a_site_speaks_for_itself_alone(signers: dict[str, Signer], keys: dict[str, str]) -> None:
    """It refuses outputs that another site signed, whichever name the envelope gives."""
    with pytest.raises(UnusablePeers):
        sign_outputs(outputs_of("gcp"), signers["aws"])

    forged = signers["aws"].seal(json.loads(outputs_of("gcp").to_json()))
    with pytest.raises(UnusablePeers, match="a site speaks for itself alone"):
        read_signed(forged, keys)


@pytest.mark.parametrize(
    "envelope", [b"", b"[1]", b'{"signer": "gcp"}', b'{"signer": "ibm", "body": {}, "signature": ""}']
)
def test_what_nobody_signed_is_refused(envelope: bytes, keys: dict[str, str]) -> None:
    """It refuses torn files and strangers."""
    with pytest.raises(BadSignature):
        read_signed(envelope, keys)


def test_an_altered_byte_is_refused(signers: dict[str, Signer], keys: dict[str, str]) -> None:
    """It refuses outputs in which one address was changed after they were signed."""
    altered = sign_outputs(outputs_of("gcp"), signers["gcp"]).replace(b"192.0.2.1", b"192.0.2.9")

    with pytest.raises(BadSignature, match="altered"):
        read_signed(altered, keys)


@pytest.mark.parametrize("site", rules.PROVIDERS)
def test_what_is_collected_is_what_a_stack_reads(site: str) -> None:
    """It writes exactly what the description accepts as peers: both others, joined, trusted, and with a way in."""
    settings = Settings({"peers": as_text(all_sites())}, site, ())

    peers = joining.read_peers(settings, site, NETWORKS)

    assert settings.problems == []
    assert {peer.site for peer in peers if peer.gateways and peer.subjects and peer.entries} == set(rules.PROVIDERS) - {
        site
    }


def test_ci_s_way_in_is_nobody_else_s_business() -> None:
    """It keeps out of the file what the other sites need not know."""
    assert "ci" not in all_sites()["aws"]["entries"]


def test_one_site_alone_changes_nothing_about_the_others() -> None:
    """It takes a single new file and leaves the other two entries as they were reviewed."""
    before = all_sites()

    after = collect([outputs_of("gcp", media_url="gs://elsewhere")], before)

    assert {site for site in before if after[site] != before[site]} == {"gcp"}


def test_two_voices_for_one_site_are_refused() -> None:
    """It does not choose between two files of one site, nor join sites of two apps."""
    with pytest.raises(UnusablePeers, match="two files for aws"):
        collect([outputs_of("aws"), outputs_of("aws")], {})
    with pytest.raises(UnusablePeers, match="same app"):
        collect([outputs_of("aws"), outputs_of("gcp", app_url="https://other.example.org")], {})


@pytest.mark.parametrize("gone", rules.PROVIDERS)
def test_a_site_that_is_shut_out_is_let_in_by_nobody(gone: str) -> None:
    """It leaves the others joined to each other, and the lost site with no tunnel, no identity and no way in."""
    text = as_text(shut_out(gone, all_sites()))

    for site in set(rules.PROVIDERS) - {gone}:
        peers = joining.read_peers(Settings({"peers": text}, site, ()), site, NETWORKS)
        assert {peer.site for peer in peers if peer.subjects or peer.gateways} == set(rules.PROVIDERS) - {gone, site}


def test_only_a_known_site_can_be_shut_out() -> None:
    """It names the sites there are."""
    with pytest.raises(UnusablePeers, match="knows aws, azure, gcp"):
        shut_out("ibm", all_sites())
