"""Firewall rules of the network, one resource each: what no rule names is refused and logged."""

from typing import Any

import pulumi_gcp as gcp
from pulumi import Input, Resource

from infra.capability import Capability

ANYWHERE = "0.0.0.0/0"

LAST = 65000
"""The priority of the refusals: behind every rule that lets something through (1000)."""


def refuse_the_rest(owner: Capability, network: Input[str]) -> None:
    """Refuse, in both directions, what no other rule names; by default a network lets everything out."""
    directions: dict[str, dict[str, Any]] = {
        "in": {"direction": "INGRESS", "source_ranges": [ANYWHERE]},
        "out": {"direction": "EGRESS", "destination_ranges": [ANYWHERE]},
    }
    for name, direction in directions.items():
        gcp.compute.Firewall(
            owner.child(f"refuse-{name}"),
            network=network,
            priority=LAST,
            denies=[gcp.compute.FirewallDenyArgs(protocol="all")],
            log_config=gcp.compute.FirewallLogConfigArgs(metadata="INCLUDE_ALL_METADATA"),
            opts=owner.inside(),
            **direction,
        )


class Firewall:
    """The rules of one process, which bears `tag` as its network tag; `rules` are what it may not start without."""

    def __init__(self, owner: Capability, part: str, network: Input[str]) -> None:
        self.owner, self.part, self.network = owner, part, network
        self.tag = owner.child(part)
        self.rules: list[Resource] = []

    def let_out(self, whom: str, port: int, cidr: str) -> None:
        """Let the process reach a range on a TCP port."""
        rule = gcp.compute.Firewall(
            self.owner.child(f"{self.part}-to-{whom}"),
            network=self.network,
            description=f"{self.part} to {whom}",
            direction="EGRESS",
            target_tags=[self.tag],
            destination_ranges=[cidr],
            allows=[gcp.compute.FirewallAllowArgs(protocol="tcp", ports=[str(port)])],
            opts=self.owner.inside(),
        )
        self.rules.append(rule)
