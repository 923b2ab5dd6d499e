"""The way in to web: an internal load balancer with health checks, behind the site's edge, which ends TLS."""

import pulumi_aws as aws

from infra.capability import Capability
from infra.clouds.aws.firewall import SecurityGroup
from infra.clouds.aws.network import Network
from infra.spec import HEALTH_PATH, WEB, Process

HTTP = 80


class Ingress:
    """Reached from inside this site's network alone; it has no public address."""

    def __init__(self, owner: Capability, network: Network) -> None:
        self.owner, self.spec = owner, owner.spec
        self.firewall = SecurityGroup(owner, "ingress", "from this site's own network", network.vpc.id)
        self.firewall.let_in("site", HTTP, {"cidr_ipv4": self.spec.network.cidr})
        self.balancer = aws.lb.LoadBalancer(
            owner.child("ingress"),
            load_balancer_type="application",
            internal=True,
            subnets=[subnet.id for subnet in network.services_subnets],
            security_groups=[self.firewall.id],
            drop_invalid_header_fields=True,
            enable_deletion_protection=True,
            idle_timeout=60,
            tags=owner.tags,
            opts=owner.guarded(),
        )
        self.targets = self._targets(network)
        forward = aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=self.targets.arn)
        self.listener = aws.lb.Listener(
            owner.child("ingress"),
            load_balancer_arn=self.balancer.arn,
            port=HTTP,
            protocol="HTTP",
            default_actions=[forward],
            tags=owner.tags,
            opts=owner.inside(),
        )

    def open(self, firewall: SecurityGroup, port: int) -> None:
        """Let the load balancer reach a process on its port, and nobody else."""
        firewall.let_in("ingress", port, {"referenced_security_group_id": self.firewall.id})
        self.firewall.let_out("web", port, {"referenced_security_group_id": firewall.id})

    def targets_of(self, process: Process) -> list[aws.ecs.ServiceLoadBalancerArgs]:
        """Return where the copies of a process are announced; those without a port take no requests."""
        if process.port is None:
            return []
        return [
            aws.ecs.ServiceLoadBalancerArgs(
                target_group_arn=self.targets.arn, container_name=process.name, container_port=process.port
            )
        ]

    def _targets(self, network: Network) -> aws.lb.TargetGroup:
        check = aws.lb.TargetGroupHealthCheckArgs(
            path=HEALTH_PATH,
            protocol="HTTP",
            matcher="200",
            interval=10,
            timeout=5,
            healthy_threshold=2,
            unhealthy_threshold=3,
        )
        return aws.lb.TargetGroup(
            self.owner.child("web"),
            vpc_id=network.vpc.id,
            target_type="ip",
            protocol="HTTP",
            port=WEB.port,
            health_check=check,
            deregistration_delay=30,
            tags=self.owner.tags,
            opts=self.owner.inside(),
        )
