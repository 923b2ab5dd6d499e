"""The two ends of a tunnel must offer each other something, or it never comes up."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.infra.recordings import dig, recording

Suites = tuple[set[str], set[str], set[str], set[str]]
"""Encryptions, integrities, groups of the first phase, groups of the second."""


def _aws() -> Suites:
    (one, *_) = recording("aws", joined=True).of_type("aws:ec2/vpnConnection:VpnConnection")
    given = one["inputs"]
    sha = {name.replace("SHA2-", "SHA") for name in given["tunnel1Phase2IntegrityAlgorithms"]}
    groups = [{str(int(number)) for number in given[f"tunnel1Phase{phase}DhGroupNumbers"]} for phase in (1, 2)]
    return set(given["tunnel1Phase2EncryptionAlgorithms"]), sha, groups[0], groups[1]


def _gcp() -> Suites:
    (one, *_) = recording("gcp", joined=True).of_type("gcp:compute/vPNTunnel:VPNTunnel")
    suite = one["inputs"]["cipherSuite"]
    encryptions = {name.replace("AES-CBC-", "AES") for name in dig(suite, "phase2.encryptions")}
    sha = {"SHA" + name.split("-")[2] for name in dig(suite, "phase2.integrities")}
    groups = [{name.removeprefix("Group-") for name in dig(suite, path)} for path in ("phase1.dhs", "phase2.pfs")]
    return encryptions, sha, groups[0], groups[1]


def _number(name: str) -> str:
    """Return a group as the others call it."""
    return {"ECP256": "19", "ECP384": "20"}.get(name, name.removeprefix("DHGroup").removeprefix("PFS"))


def _azure() -> Suites:
    (one, *_) = recording("azure", joined=True).of_type("azure-native:network:VirtualNetworkGatewayConnection")
    ((policy),) = one["inputs"]["ipsecPolicies"]
    return (
        {policy["ipsecEncryption"]},
        {policy["ipsecIntegrity"]},
        {_number(policy["dhGroup"])},
        {_number(policy["pfsGroup"])},
    )


SUITES: dict[str, Callable[[], Suites]] = {"aws": _aws, "gcp": _gcp, "azure": _azure}


@pytest.mark.parametrize("pair", [("aws", "gcp"), ("aws", "azure"), ("gcp", "azure")], ids="-".join)
def test_both_ends_share_a_suite(pair: tuple[str, str]) -> None:
    """It finds an encryption, an integrity and a group for each phase that both gateways of a pair offer."""
    one, other = (SUITES[site]() for site in pair)

    shared: list[Any] = [mine & theirs for mine, theirs in zip(one, other, strict=True)]

    assert all(shared), f"{one} and {other}"
