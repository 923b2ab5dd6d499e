"""What a provider counts each month for a site that merely stands there: data, and the few counts that need thought.

Only what runs whether anybody comes or not is counted. Requests, traffic, stored bytes and log lines depend on use and
are named by `BY_USE`, so that nobody takes the sum for a bill.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.previewing.graph import Graph, Resource

HOURS = 730.0
"""Hours of an average month, as the three providers' own calculators count."""

BY_USE = ("traffic", "requests", "stored bytes and backups", "log lines", "copies beyond the smallest number")


@dataclass(frozen=True)
class Use:
    """So much of one meter a month; the meter's name is the key of its price."""

    meter: str
    amount: float
    unit: str


Measure = Callable[[Resource, Graph], Iterator[Use]]


def _hours(meter: str, count: float = 1) -> Measure:
    return lambda one, graph: iter([Use(meter, HOURS * count, "hour")])


def _months(meter: str, unit: str) -> Measure:
    return lambda one, graph: iter([Use(meter, 1, f"{unit} and month")])


def _rds(one: Resource, graph: Graph) -> Iterator[Use]:
    zones = "two zones" if one.inputs.get("multiAz") is True else "one zone"
    yield Use(f"aws database {one.inputs.get('instanceClass')}, {zones}", HOURS, "hour")
    yield Use(f"aws database storage, {zones}", _number(one.inputs.get("allocatedStorage")), "GiB and month")


def _sql(one: Resource, graph: Graph) -> Iterator[Use]:
    settings = _inside(one.inputs, "settings")
    zones = "two zones" if settings.get("availabilityType") == "REGIONAL" else "one zone"
    shape = re.fullmatch(r"db-custom-(\d+)-(\d+)", str(settings.get("tier")))
    if shape:
        yield Use(f"gcp database CPU, {zones}", HOURS * int(shape[1]), "CPU hour")
        yield Use(f"gcp database memory, {zones}", HOURS * int(shape[2]) / 1024, "GiB hour")
    else:
        yield Use(f"gcp database {settings.get('tier')}, {zones}", HOURS, "hour")
    yield Use(f"gcp database storage, {zones}", _number(settings.get("diskSize")), "GiB and month")


def _flexible(one: Resource, graph: Graph) -> Iterator[Use]:
    servers = 2 if _inside(one.inputs, "highAvailability").get("mode") in ("ZoneRedundant", "SameZone") else 1
    yield Use(f"azure database {_inside(one.inputs, 'sku').get('name')}", HOURS * servers, "hour")
    storage = _number(_inside(one.inputs, "storage").get("storageSizeGB"))
    yield Use("azure database storage", storage * servers, "GiB and month")


def _fargate(one: Resource, graph: Graph) -> Iterator[Use]:
    count = _number(one.inputs.get("desiredCount"))
    for place in one.property_dependencies.get("taskDefinition", ()):
        for task in (other for other in graph.provided if other.place == place):
            yield Use("aws process CPU", HOURS * count * _number(task.inputs.get("cpu")) / 1024, "CPU hour")
            yield Use("aws process memory", HOURS * count * _number(task.inputs.get("memory")) / 1024, "GiB hour")


def _cloud_run(one: Resource, graph: Graph) -> Iterator[Use]:
    scaling = _inside(one.inputs, "template", "scaling") or _inside(one.inputs, "scaling")
    count = _number(scaling.get("minInstanceCount", scaling.get("manualInstanceCount", 0)))
    for container in _inside(one.inputs, "template").get("containers", ()):
        limits = _inside(container, "resources", "limits")
        yield Use("gcp process CPU", HOURS * count * _number(limits.get("cpu")), "CPU hour")
        yield Use("gcp process memory", HOURS * count * _number(limits.get("memory")) / 1024, "GiB hour")


def _container_app(one: Resource, graph: Graph) -> Iterator[Use]:
    count = _number(_inside(one.inputs, "template", "scale").get("minReplicas", 0))
    for container in _inside(one.inputs, "template").get("containers", ()):
        resources = _inside(container, "resources")
        yield Use("azure process CPU", HOURS * count * _number(resources.get("cpu")), "CPU hour")
        yield Use("azure process memory", HOURS * count * _number(resources.get("memory")), "GiB hour")


def _by_sku(meter: str) -> Measure:
    def measure(one: Resource, graph: Graph) -> Iterator[Use]:
        sku = one.inputs.get("sku")
        yield Use(f"{meter} {sku.get('name') if isinstance(sku, Mapping) else sku}", HOURS, "hour")

    return measure


def _endpoint(one: Resource, graph: Graph) -> Iterator[Use]:
    """Count the zones of an interface endpoint; a gateway endpoint costs nothing to keep."""
    if one.inputs.get("vpcEndpointType") == "Interface":
        yield Use("aws interface endpoint", HOURS * len(one.inputs.get("subnetIds") or [1]), "hour")


def _web_acl(one: Resource, graph: Graph) -> Iterator[Use]:
    yield Use("aws request firewall", 1, "firewall and month")
    yield Use("aws request firewall rule", len(one.inputs.get("rules") or ()), "rule and month")


METERS: Mapping[str, Measure] = {
    "aws:rds/instance:Instance": _rds,
    "aws:ecs/service:Service": _fargate,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:ec2/natGateway:NatGateway": _hours("aws NAT gateway"),
    "aws:ec2/eip:Eip": _hours("aws public address"),
    "aws:ec2/vpnConnection:VpnConnection": _hours("aws VPN connection"),
    "aws:lb/loadBalancer:LoadBalancer": _hours("aws load balancer"),
    "aws:kms/key:Key": _months("aws key", "key"),
    "aws:secretsmanager/secret:Secret": _months("aws secret", "secret"),
    "aws:wafv2/webAcl:WebAcl": _web_acl,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _months("aws alarm", "alarm"),
    "gcp:sql/databaseInstance:DatabaseInstance": _sql,
    "gcp:cloudrunv2/service:Service": _cloud_run,
    "gcp:cloudrunv2/workerPool:WorkerPool": _cloud_run,
    "gcp:compute/routerNat:RouterNat": _hours("gcp NAT gateway"),
    "gcp:compute/address:Address": _hours("gcp public address"),
    "gcp:compute/vPNTunnel:VPNTunnel": _hours("gcp VPN tunnel"),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": _hours("gcp forwarding rule"),
    "gcp:compute/securityPolicy:SecurityPolicy": _months("gcp request firewall", "firewall"),
    "gcp:kms/cryptoKey:CryptoKey": _months("gcp key", "key version"),
    "gcp:secretmanager/secretVersion:SecretVersion": _months("gcp secret", "secret version"),
    "azure-native:dbforpostgresql:Server": _flexible,
    "azure-native:app:ContainerApp": _container_app,
    "azure-native:network:NatGateway": _hours("azure NAT gateway"),
    "azure-native:network:PublicIPAddress": _hours("azure public address"),
    "azure-native:network:VirtualNetworkGateway": _by_sku("azure VPN gateway"),
    "azure-native:network:VirtualNetworkGatewayConnection": _hours("azure VPN connection"),
    "azure-native:containerregistry:Registry": _by_sku("azure registry"),
    "azure-native:cdn:Profile": _by_sku("azure front door"),
    "azure-native:monitor:MetricAlert": _months("azure alarm", "alarm"),
    "azure-native:monitor:ScheduledQueryRule": _months("azure query alarm", "alarm"),
}
"""Which count belongs to which type. A type that is not here costs by use, or nothing."""


def measure(graph: Graph) -> dict[str, Use]:
    """Add up what a site uses of every meter in a month, in the order of the meters' names."""
    found: dict[str, Use] = {}
    for one in graph.provided:
        for use in METERS[one.type](one, graph) if one.type in METERS else ():
            before = found[use.meter].amount if use.meter in found else 0.0
            found[use.meter] = Use(use.meter, before + use.amount, use.unit)
    return dict(sorted(found.items()))


def _number(value: Any) -> float:
    """Return the number that a text begins with, in its own unit; nothing for what is not known before `up`."""
    found = re.match(r"\d+(\.\d+)?", str(value))
    return float(found[0]) if found else 0.0


def _inside(value: Any, *path: str) -> Mapping[str, Any]:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}
