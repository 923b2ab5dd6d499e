"""What the providers refuse only during `up`: for every type one name, and for every number one value, that is refused."""

from typing import Any

import pytest

from infra.policy import names, ranges, values
from infra.policy.estate import UNKNOWN, Estate
from infra.policy.limits import LIMITS
from infra.policy.name_limits import NAMES
from infra.policy.names import TAGGING
from tests.policy.good import made

REFUSED_NAMES = {
    "aws:ecr/repository:Repository": "Lifeboat",
    "aws:iam/role:Role": "a" * 65,
    "aws:kms/alias:Alias": "alias/aws/lifeboat",
    "aws:lb/loadBalancer:LoadBalancer": "internal-web",
    "aws:lb/targetGroup:TargetGroup": "a" * 33,
    "aws:rds/instance:Instance": "two--hyphens",
    "aws:s3/bucket:Bucket": "Media_Pictures",
    "aws:secretsmanager/secret:Secret": "lifeboat-abcdef",
    "gcp:compute/network:Network": "1network",
    "gcp:cloudrunv2/service:Service": "a" * 50,
    "gcp:cloudrunv2/workerPool:WorkerPool": "Worker",
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": "gcp-lifeboat",
    "gcp:secretmanager/secret:Secret": "a.b",
    "gcp:serviceaccount/account:Account": "short",
    "gcp:sql/databaseInstance:DatabaseInstance": "Database",
    "gcp:storage/bucket:Bucket": "goog-media",
    "azure-native:app:ContainerApp": "a" * 33,
    "azure-native:containerregistry:Registry": "life-boat",
    "azure-native:dbforpostgresql:Server": "ab",
    "azure-native:keyvault:Key": "a_b",
    "azure-native:keyvault:Secret": "a/b",
    "azure-native:managedidentity:UserAssignedIdentity": "-a",
    "azure-native:monitor:ActionGroup": "thirteen-char",
    "azure-native:storage:StorageAccount": "media-lifeboat-network-ending.hex",
    "azure-native:keyvault:Vault": "lifeboat-vault-lifeboat-network-ending.hex-too-long",
    "azure-native:cdn:AFDEndpoint": "a" * 47,
    "aws:ec2/securityGroup:SecurityGroup": "sg-database",
    "aws:rds/subnetGroup:SubnetGroup": "default",
    "gcp:compute/uRLMap:URLMap": "a" * 64,
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": "ci",
    "azure-native:frontdoor:Policy": "life-boat",
    "azure-native:network:NetworkSecurityGroup": "ends-with-.",
}

NOWHERE_TAKEN = "\u00e4 b"


def refused_name(kind: str) -> str:
    return REFUSED_NAMES.get(kind, NOWHERE_TAKEN)


REFUSED_VALUES: dict[tuple[str, str], Any] = {
    ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays"): 100,
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "period"): 45,
    ("aws:ec2/flowLog:FlowLog", "maxAggregationInterval"): 300,
    ("aws:ec2/vpnConnection:VpnConnection", "tunnel1InsideCidr"): "169.254.5.0/30",
    ("aws:ec2/vpnConnection:VpnConnection", "tunnel2InsideCidr"): "10.0.0.0/30",
    ("aws:ecs/taskDefinition:TaskDefinition", "cpu"): "1000",
    ("aws:wafv2/webAcl:WebAcl", "rules.statement.rateBasedStatement.evaluationWindowSec"): 90,
    ("aws:wafv2/webAcl:WebAcl", "rules.statement.rateBasedStatement.limit"): 9,
    ("gcp:kms/cryptoKey:CryptoKey", "rotationPeriod"): "3600s",
    ("gcp:kms/cryptoKey:CryptoKey", "destroyScheduledDuration"): "3600s",
    (
        "gcp:compute/securityPolicy:SecurityPolicy",
        "rules.rateLimitOptions.rateLimitThreshold.intervalSec",
    ): 90,
    ("gcp:storage/bucket:Bucket", "softDeletePolicy.retentionDurationSeconds"): 3600,
    ("azure-native:dbforpostgresql:Server", "storage.storageSizeGB"): 100,
    ("azure-native:frontdoor:Policy", "customRules.rules.rateLimitDurationInMinutes"): 2,
    ("azure-native:keyvault:Key", "properties.keySize"): 1024,
}
"""Where it is not enough to leave every range."""

ALL_VALUES = [(kind, path) for kind, known in LIMITS.items() for path in known]
SUBNET = "azure-native:network:Subnet"


def under(path: str, value: Any) -> dict[str, Any]:
    """Return inputs that hold a value at a dotted path."""
    first, _, rest = path.partition(".")
    return {first: under(rest, value) if rest else value}


def estate(kind: str, path: str, value: Any, name: str = "one") -> Estate:
    return Estate((made(kind, name, under(path, value)),))


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_a_name_that_the_provider_refuses_is_named_with_its_page(kind: str) -> None:
    """It finds the name, says the page, and leaves alone one that only `up` knows."""
    found = [one.sentence for one in names.names_taken(estate(kind, NAMES[kind].field, refused_name(kind)))]

    assert len(found) == 1
    assert refused_name(kind).replace("lifeboat-network-ending.hex", "0123abcd") in found[0]
    assert "https://" in found[0]
    assert list(names.names_taken(estate(kind, NAMES[kind].field, UNKNOWN, "x" * 90))) == []


@pytest.mark.parametrize(("kind", "path"), ALL_VALUES)
def test_a_number_that_the_provider_refuses_is_named_with_its_page(kind: str, path: str) -> None:
    """It finds the value, and leaves alone one that only `up` knows."""
    found = list(values.values_taken(estate(kind, path, REFUSED_VALUES.get((kind, path), 10**12))))

    assert len(found) == 1
    assert f"has a {path} that must be " in found[0].sentence
    assert list(values.values_taken(estate(kind, path, UNKNOWN))) == []


@pytest.mark.parametrize(
    ("kind", "path", "edges"),
    [
        ("aws:kms/key:Key", "deletionWindowInDays", {6: True, 7: False, 30: False, 31: True}),
        ("azure-native:dbforpostgresql:Server", "backup.backupRetentionDays", {6: True, 7: False, 35: False, 36: True}),
        ("gcp:storage/bucket:Bucket", "softDeletePolicy.retentionDurationSeconds", {0: False, 1: True, 604800: False}),
        ("aws:ec2/vpnGateway:VpnGateway", "amazonSideAsn", {"64512": False, "65514": False, "65515": True}),
    ],
)
def test_the_ends_of_a_range_belong_to_it(kind: str, path: str, edges: dict[Any, bool]) -> None:
    """It takes the lowest and the highest value, as a number or as text, and refuses the next."""
    assert {value: bool(list(values.values_taken(estate(kind, path, value)))) for value in edges} == edges


REFUSED_TAGS = (
    ("aws:s3/bucket:Bucket", "tags", {"aws:site": "x"}),
    ("aws:s3/bucket:Bucket", "tags", {"site": "x" * 257}),
    ("aws:s3/bucket:Bucket", "tags", {f"tag-{number}": "x" for number in range(51)}),
    ("gcp:storage/bucket:Bucket", "labels", {"Site": "x"}),
    ("gcp:storage/bucket:Bucket", "labels", {"site": "www.example.org"}),
    ("gcp:sql/databaseInstance:DatabaseInstance", "settings.userLabels", {"site": "x" * 64}),
    ("azure-native:storage:StorageAccount", "tags", {"lifeboat/site": "x"}),
    ("azure-native:storage:StorageAccount", "tags", {"x" * 129: "x"}),
)


@pytest.mark.parametrize(("kind", "path", "tags"), REFUSED_TAGS)
def test_a_tag_that_the_provider_refuses_is_named(kind: str, path: str, tags: dict[str, str]) -> None:
    """It finds a sign, a length, a reserved beginning or a number of tags that is not taken."""
    assert list(names.tags_taken(estate(kind, path, tags)))


def test_a_tag_may_be_as_long_as_the_provider_says() -> None:
    """It takes the longest key and value, and the largest number of tags."""
    full = {f"{number:0128d}": "x" * 256 for number in range(TAGGING["aws"].most)}

    assert list(names.tags_taken(estate("aws:s3/bucket:Bucket", "tags", full))) == []
    assert list(names.tags_taken(estate("gcp:storage/bucket:Bucket", "labels", {"a" * 63: "1" * 63}))) == []


REFUSED_RANGES = (
    ([("services", "10.20.0.0/20"), ("database", "10.20.8.0/21")], "overlaps 10.20.0.0/20 of services"),
    ([("gateway", "10.20.0.0/28")], "must be a /8 to /27"),
    ([("services", "10.20.0.0/28")], "must be a /8 to /27"),
    ([("database", "10.20.0.0/29")], "must be a /8 to /28"),
    ([("other", "10.20.0.1/24")], "is no range"),
)


@pytest.mark.parametrize(("subnets", "sentence"), REFUSED_RANGES)
def test_ranges_that_do_not_fit_are_named(subnets: list[tuple[str, str]], sentence: str) -> None:
    """It finds two that overlap, one too small for what the provider puts into it, and what is no range at all."""
    found = ranges.ranges_apart(Estate(tuple(made(SUBNET, name, {"addressPrefix": cidr}) for name, cidr in subnets)))

    assert [one.sentence for one in found if sentence in one.sentence]


def test_the_range_of_a_managed_database_counts_too() -> None:
    """It reads Google's allocated range, and finds one that is smaller than a /24 or lies in a subnet."""
    address = {"address": "10.30.0.0", "prefixLength": 26.0, "purpose": "VPC_PEERING"}
    subnet = made("gcp:compute/subnetwork:Subnetwork", "services", {"ipCidrRange": "10.30.0.0/20"})

    found = {one.sentence for one in ranges.ranges_apart(Estate((subnet, made(ranges.GLOBAL_ADDRESS, "db", address))))}

    assert {sentence.split(" (")[0] for sentence in found} == {
        "has 10.30.0.0/26, which overlaps 10.30.0.0/20 of services",
        "has 10.30.0.0/26; it must be a /8 to /24",
    }
