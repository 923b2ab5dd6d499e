"""Rules for the ranges inside a site: subnets that do not overlap, of a size that each provider and its services take."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from infra.policy.estate import Estate, Resource
from infra.policy.rule import Findings, fault, rule

Network = ipaddress.IPv4Network


@dataclass(frozen=True)
class Sized:
    """How large a subnet of one type may be (prefix lengths), by its own name where that matters, and who says so."""

    type: str
    path: str
    largest: int
    smallest: int
    page: str
    ending: str = ""


GLOBAL_ADDRESS, ALLOCATED = "gcp:compute/globalAddress:GlobalAddress", "address and prefixLength"

SIZES = (
    Sized(GLOBAL_ADDRESS, ALLOCATED, 8, 24, "https://cloud.google.com/vpc/docs/configure-private-services-access"),
    Sized(
        "aws:ec2/subnet:Subnet",
        "cidrBlock",
        16,
        28,
        "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html",
    ),
    Sized("gcp:compute/subnetwork:Subnetwork", "ipCidrRange", 8, 29, "https://cloud.google.com/vpc/docs/subnets"),
    Sized(
        "azure-native:network:Subnet",
        "addressPrefix",
        8,
        29,
        "https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq",
    ),
    Sized(
        "azure-native:network:Subnet",
        "addressPrefix",
        8,
        27,
        "https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings",
        "gateway",
    ),
    Sized(
        "azure-native:network:Subnet",
        "addressPrefix",
        8,
        27,
        "https://learn.microsoft.com/azure/container-apps/custom-virtual-networks",
        "services",
    ),
    Sized(
        "azure-native:network:Subnet",
        "addressPrefix",
        8,
        28,
        "https://learn.microsoft.com/azure/postgresql/network/concepts-networking-private",
        "database",
    ),
)


@rule()
def ranges_apart(estate: Estate) -> Findings:
    """No two subnets of a site overlap, and each is large enough for what its provider puts into it."""
    placed = [(one, range_) for one, value in _given(estate) if (range_ := _read(value))]
    yield from (fault(one, f"has {value!r}, which is no range") for one, value in _given(estate) if not _read(value))
    for (one, first), (other, second) in combinations(placed, 2):
        if first.overlaps(second):
            yield fault(other, f"has {second}, which overlaps {first} of {one.name}")
    for one, range_ in placed:
        for size in SIZES:
            if (one.type, one.name.endswith(size.ending)) == (size.type, True) and not _fits(range_, size):
                yield fault(one, f"has {range_}; it must be a /{size.largest} to /{size.smallest} ({size.page})")


def _given(estate: Estate) -> Iterator[tuple[Resource, str]]:
    """Return every range that is known before `up`; a site has one network, so all lie side by side."""
    paths = {size.type: size.path for size in SIZES if size.path != ALLOCATED}
    for one in estate.of(*paths):
        yield from ((one, value) for value in one.at(paths[one.type]) if isinstance(value, str))
    for one in estate.of(GLOBAL_ADDRESS):
        address, length = one.inputs.get("address"), one.inputs.get("prefixLength")
        if isinstance(address, str) and isinstance(length, int | float):
            yield one, f"{address}/{length:g}"


def _read(value: str) -> Network | None:
    try:
        return Network(value)
    except ValueError:
        return None


def _fits(range_: Network, size: Sized) -> bool:
    return size.largest <= range_.prefixlen <= size.smallest
