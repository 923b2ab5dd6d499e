"""Rules for the private network: nothing open to the world, everything noted, and images named by what they are."""

import re
from typing import Any

from infra.policy.estate import UNKNOWN, Estate, Resource
from infra.policy.rule import Findings, equals, fault, is_true, needs_one, rule, wants

WORLD = ("0.0.0.0/0", "::/0", "*", "internet", "any")
WEB_PORTS = frozenset({"80", "443"})

_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_GROUP = "aws:ec2/securityGroup:SecurityGroup"
_FIREWALL = "gcp:compute/firewall:Firewall"
_SECURITY_RULE = "azure-native:network:SecurityRule"

_by_world = equals(*WORLD)


@rule(aws="6.3 6.4", gcp="3.6 3.7", azure="7.1 7.2 7.3")
def nothing_open(estate: Estate) -> Findings:
    """The world reaches the web ports at most, and nothing else of a site."""
    for one in estate.of(_INGRESS):
        if any(map(_by_world, one.at("cidrIpv4") + one.at("cidrIpv6"))) and not _web(
            one.at("fromPort"), one.at("toPort")
        ):
            yield fault(one, "is open to the world")
    for one in estate.of(_GROUP):
        if any(map(_by_world, (v for found in one.at("ingress.cidrBlocks") for v in _flat(found)))):
            yield fault(one, "has an open rule inside itself")
    for one in estate.of(_FIREWALL):
        if _is_open_firewall(one):
            yield fault(one, "is open to the world")
    for one in estate.of(_SECURITY_RULE):
        if _is_open_rule(one):
            yield fault(one, "is open to the world")


def _flat(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _web(*ports: list[Any]) -> bool:
    """Say whether ports are given and all of them are those of the web."""
    found = [str(port).removesuffix(".0") for one in ports for value in one for port in _flat(value)]
    return bool(found) and set(found) <= WEB_PORTS


def _is_open_firewall(one: Resource) -> bool:
    if str(one.inputs.get("direction", "INGRESS")).upper() != "INGRESS" or not one.inputs.get("allows"):
        return False
    sources = [value for found in one.at("sourceRanges") for value in _flat(found) if value is not UNKNOWN]
    return any(map(_by_world, sources)) and not _web(one.at("allows.ports"))


def _is_open_rule(one: Resource) -> bool:
    said = [str(one.inputs.get(name, "")).lower() for name in ("access", "direction")]
    if said != ["allow", "inbound"]:
        return False
    sources = one.at("sourceAddressPrefix") + [v for found in one.at("sourceAddressPrefixes") for v in _flat(found)]
    return any(map(_by_world, sources)) and not _web(one.at("destinationPortRange"), one.at("destinationPortRanges"))


@rule(aws="4.7", gcp="3.10", azure="6.1.1.6")
def flows_logged(estate: Estate) -> Findings:
    """Who spoke to whom in the private network is written down."""
    sentence = "has no flow log"
    vpcs, networks = estate.of("aws:ec2/vpc:Vpc"), estate.of("azure-native:network:VirtualNetwork")
    yield from needs_one(vpcs, lambda one: estate.about(one, "aws:ec2/flowLog:FlowLog", "vpcId"), sentence)
    for subnet in estate.of("gcp:compute/subnetwork:Subnetwork"):
        # A subnet that only carries a load balancer's proxies cannot have one.
        if str(subnet.inputs.get("purpose", "PRIVATE")).upper() == "PRIVATE" and not subnet.inputs.get("logConfig"):
            yield fault(subnet, sentence)
    logs = "azure-native:network:FlowLog"
    yield from needs_one(networks, lambda one: estate.about(one, logs, "targetResourceId"), sentence)
    yield from wants(estate.of(logs), "enabled", is_true, "is switched off")


@rule(aws="6.5", gcp="3.1", azure="7.11")
def nothing_by_default(estate: Estate) -> Findings:
    """No network, subnet or group is open because nobody said anything about it."""
    vpcs, default = estate.of("aws:ec2/vpc:Vpc"), "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    yield from needs_one(vpcs, lambda one: estate.about(one, default, "vpcId"), "leaves its default group as it is")
    for one in estate.of(default):
        if one.inputs.get("ingress") or one.inputs.get("egress"):
            yield fault(one, "lets something through")
    networks = estate.of("gcp:compute/network:Network")
    yield from wants(networks, "autoCreateSubnetworks", equals(False), "makes subnets that nobody asked for")
    for one in estate.of("azure-native:network:Subnet"):
        # Azure allows no group on a gateway's own subnet.
        if one.inputs.get("subnetName") != "GatewaySubnet" and not one.inputs.get("networkSecurityGroup"):
            yield fault(one, "has no security group")


@rule()
def image_by_digest(estate: Estate) -> Findings:
    """Every process runs an image named by its digest, the same on every site."""
    kinds = {
        "aws:ecs/taskDefinition:TaskDefinition": "containerDefinitions",
        "gcp:cloudrunv2/service:Service": "template.containers.image",
        "gcp:cloudrunv2/workerPool:WorkerPool": "template.containers.image",
        "azure-native:app:ContainerApp": "template.containers.image",
    }
    for kind, path in kinds.items():
        for one in estate.of(kind):
            if not all(value is UNKNOWN or re.search(r"@sha256:[0-9a-f]{64}", str(value)) for value in one.at(path)):
                yield fault(one, "runs an image by a tag, which can change under it")
