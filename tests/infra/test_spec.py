"""The spec: how a site's range is cut, and how the tunnels of two sites fit each other."""

import dataclasses
from ipaddress import ip_address

import pytest

from infra.spec import AgentSpec, DatabaseSpec, NetworkSpec, Peer, ServiceSpec, SiteSpec, halves

NETWORKS = (
    NetworkSpec("aws", "10.10.0.0/16", 64601),
    NetworkSpec("azure", "10.20.0.0/16", 64602),
    NetworkSpec("gcp", "10.30.0.0/20", 64603),
)
ENDS = {"aws": 4, "azure": 2, "gcp": 2}


def site(name: str) -> SiteSpec:
    peers = tuple(
        Peer(network, tuple(f"{network.site}-{end}" for end in range(ENDS[network.site])), "", "", "")
        for network in NETWORKS
        if network.site != name
    )
    service = ServiceSpec("registry.example.org/image", "sha256:0", 2048, 1, 12, 16, 5)
    return SiteSpec(
        site=name,
        cloud=name,
        region="r",
        zones=("a", "b"),
        account="0",
        hostname="www.example.org",
        hostname_proved=True,
        retention_locked=True,
        capacity="warm",
        retention_days=35,
        alarm_email="oncall@example.org",
        ci_repository="example/lifeboat",
        networks=NETWORKS,
        peers=peers,
        database=DatabaseSpec(8192, 64, 35),
        service=service,
        agent=AgentSpec("lifeboat", "confirm", {}, (), {}, {}, {}, {}, ""),
    )


def peer_of(spec: SiteSpec, name: str) -> Peer:
    return next(peer for peer in spec.peers if peer.site == name)


def test_blocks_of_a_range_do_not_overlap() -> None:
    """It cuts a range into sixteen blocks, each used for one purpose."""
    network = NETWORKS[0]

    blocks = [
        network.services_cidr,
        network.database_cidr,
        network.public_cidr,
        network.gateway_cidr,
        network.endpoints_cidr,
    ]

    assert blocks == [f"10.10.{16 * number}.0/20" for number in range(5)]
    assert halves(network.database_cidr) == ("10.10.16.0/21", "10.10.24.0/21")


@pytest.mark.parametrize(("one", "other", "count"), [("aws", "gcp", 4), ("aws", "azure", 4), ("azure", "gcp", 2)])
def test_both_sides_lay_out_the_same_tunnels(one: str, other: str, count: int) -> None:
    """It gives both sides the same inside ranges, mirrored addresses and the same pairs of ends."""
    here, there = site(one), site(other)

    ours = here.tunnels(peer_of(here, other), ENDS[one])
    theirs = there.tunnels(peer_of(there, one), ENDS[other])

    assert len(ours) == len(theirs) == count
    assert [tunnel.inside_cidr for tunnel in ours] == [tunnel.inside_cidr for tunnel in theirs]
    assert [(tunnel.own_inside, tunnel.peer_inside) for tunnel in ours] == [
        (tunnel.peer_inside, tunnel.own_inside) for tunnel in theirs
    ]
    assert [(tunnel.own_end, tunnel.peer_end) for tunnel in ours] == [
        (tunnel.peer_end, tunnel.own_end) for tunnel in theirs
    ]


def test_aws_always_has_the_first_inside_address() -> None:
    """It gives AWS the first host of each inside range, since AWS takes no other."""
    spec = site("aws")

    firsts = [
        ip_address(tunnel.own_inside) < ip_address(tunnel.peer_inside)
        for peer in spec.peers
        for tunnel in spec.tunnels(peer, 4)
    ]

    assert firsts == [True] * 8


def test_no_two_tunnels_share_an_inside_range() -> None:
    """It uses each inside range once among the three pairs, all inside the range that Azure accepts."""
    pairs = [("aws", "gcp"), ("aws", "azure"), ("azure", "gcp")]

    ranges = [
        tunnel.inside_cidr for one, other in pairs for tunnel in site(one).tunnels(peer_of(site(one), other), ENDS[one])
    ]

    assert len(set(ranges)) == len(ranges) == 10
    assert all(inside.startswith("169.254.21.") for inside in ranges)


def test_a_peer_without_gateways_is_not_linked() -> None:
    """It opens nothing to a peer whose gateway addresses are not known yet."""
    spec = site("gcp")
    silent = dataclasses.replace(spec.peers[0], gateways=())

    assert dataclasses.replace(spec, peers=(silent, spec.peers[1])).linked == (spec.peers[1],)
