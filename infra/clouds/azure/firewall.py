"""Security groups, one rule a resource (rules inside a group would take away those that stand by themselves)."""

from collections.abc import Sequence

import pulumi_azure_native as azure
from pulumi import Input

from infra.capability import Capability
from infra.clouds.azure.place import Place

ANY_PORT = ("0-65535",)
LAST = 4096


class SecurityGroup:
    """A group on a whole subnet, since Azure's managed services take none of their own.

    It lets nothing in or out until a rule says so. Rules with a lower rank (100 to 4095, once a direction) go first.
    """

    def __init__(self, owner: Capability, part: str, place: Place) -> None:
        self.part, self.place = part, place
        self.group = azure.network.NetworkSecurityGroup(
            owner.child(part), resource_group_name=place.group.name, tags=owner.tags, opts=owner.inside()
        )
        self.latest: azure.network.SecurityRule | None = None
        self._rule(owner, f"{part}-from-all", "Inbound", LAST, "Deny", ANY_PORT, "*", "*")
        self._rule(owner, f"{part}-to-all", "Outbound", LAST, "Deny", ANY_PORT, "*", "*")

    @property
    def id(self) -> Input[str]:
        return self.group.id

    def let_in(
        self, owner: Capability, whom: str, ports: Sequence[str], source: str, rank: int
    ) -> azure.network.SecurityRule:
        """Let a source (a range or one of Azure's service tags) in on some ports."""
        return self._rule(owner, f"{self.part}-from-{whom}", "Inbound", rank, "Allow", ports, source, "*")

    def let_out(
        self, owner: Capability, whom: str, ports: Sequence[str], target: str, rank: int
    ) -> azure.network.SecurityRule:
        """Let this subnet reach a target (a range or one of Azure's service tags) on some ports."""
        return self._rule(owner, f"{self.part}-to-{whom}", "Outbound", rank, "Allow", ports, "*", target)

    def _rule(
        self,
        owner: Capability,
        name: str,
        direction: str,
        rank: int,
        access: str,
        ports: Sequence[str],
        source: str,
        target: str,
    ) -> azure.network.SecurityRule:
        # One after the other: Azure refuses a change of a group while another change of it is under way.
        before = [self.latest] if self.latest else []
        self.latest = azure.network.SecurityRule(
            owner.child(name),
            resource_group_name=self.place.group.name,
            network_security_group_name=self.group.name,
            priority=rank,
            direction=direction,
            access=access,
            protocol="*" if ports == ANY_PORT else "Tcp",
            source_address_prefix=source,
            source_port_range="*",
            destination_address_prefix=target,
            destination_port_ranges=list(ports),
            opts=owner.inside(depends_on=before),
        )
        return self.latest
