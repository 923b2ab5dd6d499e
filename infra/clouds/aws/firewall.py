"""Security groups, one rule a resource (inline rules and separate ones fight over the same group)."""

from collections.abc import Mapping

import pulumi_aws as aws
from pulumi import Input

from infra.capability import Capability

ANYWHERE = "0.0.0.0/0"


class SecurityGroup:
    """A group that lets nothing in or out until a rule says so."""

    def __init__(self, owner: Capability, part: str, purpose: str, vpc_id: Input[str]) -> None:
        self.owner, self.part = owner, part
        self.group = aws.ec2.SecurityGroup(
            owner.child(part), description=purpose, vpc_id=vpc_id, tags=owner.tags, opts=owner.inside()
        )

    @property
    def id(self) -> Input[str]:
        return self.group.id

    def let_in(self, whom: str, port: int, sources: Mapping[str, Input[str]]) -> None:
        """Let a source in on a TCP port; `sources` is cidr_ipv4 or referenced_security_group_id."""
        aws.vpc.SecurityGroupIngressRule(
            self.owner.child(f"{self.part}-from-{whom}"),
            security_group_id=self.group.id,
            description=f"from {whom}",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            tags=self.owner.tags,
            opts=self.owner.inside(),
            **sources,
        )

    def let_out(self, whom: str, port: int, targets: Mapping[str, Input[str]]) -> None:
        """Let this group reach a target on a TCP port; `targets` is cidr_ipv4 or referenced_security_group_id."""
        aws.vpc.SecurityGroupEgressRule(
            self.owner.child(f"{self.part}-to-{whom}"),
            security_group_id=self.group.id,
            description=f"to {whom}",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            tags=self.owner.tags,
            opts=self.owner.inside(),
            **targets,
        )
