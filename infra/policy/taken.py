"""Ways to say which values a provider takes."""

import ipaddress
from dataclasses import dataclass
from typing import Any

from infra.policy.rule import Accepts, number
from infra.rules import PRIVATE_ASNS


@dataclass(frozen=True)
class Taken:
    """Which values are taken, and how that reads after "must be"."""

    accepts: Accepts
    meaning: str

    def refuses(self, value: Any) -> bool:
        return not self.accepts(value)


def between(low: int, high: int) -> Taken:
    return Taken(lambda value: low <= number(value) <= high, f"{low} to {high}")


def among(*known: int) -> Taken:
    shown = ", ".join(map(str, known[:6])) + (", ..." if len(known) > 6 else "")
    wanted = frozenset(known)
    return Taken(lambda value: number(value) in wanted, f"one of {shown}")


def nothing_or(low: int, high: int) -> Taken:
    return Taken(lambda value: number(value) == 0 or low <= number(value) <= high, f"0, or {low} to {high}")


def private_asn() -> Taken:
    """A private number that none of the three providers keeps for itself."""
    return between(*PRIVATE_ASNS)


RESERVED_INSIDE = frozenset(f"169.254.{third}.0/30" for third in range(6)) | {"169.254.169.252/30"}


def inside_range() -> Taken:
    """A /30 of the link-local range, but for those that AWS keeps."""
    return Taken(_is_inside_range, "a /30 in 169.254.0.0/16 that AWS does not keep for itself")


def _is_inside_range(value: object) -> bool:
    try:
        found = ipaddress.IPv4Network(str(value))
    except ValueError:
        return False
    return found.prefixlen == 30 and found.is_link_local and str(found) not in RESERVED_INSIDE
