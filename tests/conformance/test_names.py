"""Names: what the providers refuse only during `up`, looked at before, for every resource that any program makes.

A name that a program leaves to the SDK is the logical name with a hyphen and seven characters.
"""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from infra import clouds
from tests.infra.recordings import recording

ENDING = "-0123abc"
AZURE_RULES = "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"


@dataclass(frozen=True)
class Rule:
    """What one type's names must look like, the input that carries them, and the provider's page that says so."""

    field: str
    pattern: str
    page: str


RULES = {
    "aws:ecr/repository:Repository": Rule(
        "name",
        r"(?=.{2,256}$)[a-z0-9]+([._/-][a-z0-9]+)*",
        "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html",
    ),
    "aws:iam/role:Role": Rule(
        "name", r"[\w+=,.@-]{1,64}", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
    ),
    "aws:kms/alias:Alias": Rule(
        "name",
        r"alias/(?!aws/)[\w/-]{1,250}",
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html",
    ),
    "aws:lb/loadBalancer:LoadBalancer": Rule(
        "name",
        r"(?!internal-)[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html",
    ),
    "aws:lb/targetGroup:TargetGroup": Rule(
        "name",
        r"[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html",
    ),
    "aws:rds/instance:Instance": Rule(
        "identifier",
        r"(?!.*--)[a-z][a-z0-9-]{0,61}[a-z0-9]",
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html",
    ),
    "aws:s3/bucket:Bucket": Rule(
        "bucket",
        r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    ),
    "aws:secretsmanager/secret:Secret": Rule(
        "name",
        r"(?!.*-[A-Za-z0-9]{6}$)[\w/+=.@-]{1,512}",
        "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html",
    ),
    "gcp:compute/network:Network": Rule(
        "name", r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", "https://cloud.google.com/compute/docs/naming-resources"
    ),
    "gcp:cloudrunv2/service:Service": Rule(
        "name",
        r"[a-z][a-z0-9-]{0,47}[a-z0-9]",
        "https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services",
    ),
    "gcp:cloudrunv2/workerPool:WorkerPool": Rule(
        "name",
        r"[a-z][a-z0-9-]{0,47}[a-z0-9]",
        "https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.workerPools",
    ),
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": Rule(
        "workloadIdentityPoolId",
        r"(?!gcp-)[a-z0-9-]{4,32}",
        "https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools",
    ),
    "gcp:secretmanager/secret:Secret": Rule(
        "secretId",
        r"[\w-]{1,255}",
        "https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create",
    ),
    "gcp:serviceaccount/account:Account": Rule(
        "accountId",
        r"(?=.{6,30}$)[a-z][-a-z0-9]*[a-z0-9]",
        "https://cloud.google.com/iam/docs/service-accounts-create",
    ),
    "gcp:sql/databaseInstance:DatabaseInstance": Rule(
        "name", r"[a-z]([a-z0-9-]{0,82}[a-z0-9])", "https://cloud.google.com/sql/docs/postgres/instance-settings"
    ),
    "gcp:storage/bucket:Bucket": Rule(
        "name", r"(?!goog)(?!.*google)[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]", "https://cloud.google.com/storage/docs/buckets"
    ),
    "azure-native:app:ContainerApp": Rule("containerAppName", r"[a-z](?!.*--)[a-z0-9-]{0,30}[a-z0-9]", AZURE_RULES),
    "azure-native:containerregistry:Registry": Rule("registryName", r"[A-Za-z0-9]{5,50}", AZURE_RULES),
    "azure-native:dbforpostgresql:Server": Rule("serverName", r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", AZURE_RULES),
    "azure-native:keyvault:Key": Rule("keyName", r"[A-Za-z0-9-]{1,127}", AZURE_RULES),
    "azure-native:keyvault:Secret": Rule("secretName", r"[A-Za-z0-9-]{1,127}", AZURE_RULES),
    "azure-native:managedidentity:UserAssignedIdentity": Rule("resourceName", r"[A-Za-z0-9][\w-]{2,127}", AZURE_RULES),
    "azure-native:monitor:ActionGroup": Rule("groupShortName", r".{1,12}", AZURE_RULES),
    "azure-native:network:NetworkSecurityGroup": Rule(
        "networkSecurityGroupName", r"[A-Za-z0-9][\w.-]{0,78}\w", AZURE_RULES
    ),
}

MADE_IN_UP = {
    "azure-native:storage:StorageAccount": ("accountName", r"[a-z0-9]{3,24}"),
    "azure-native:keyvault:Vault": ("vaultName", r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]"),
    "azure-native:cdn:AFDEndpoint": ("endpointName", r"[A-Za-z0-9][A-Za-z0-9-]{0,48}[A-Za-z0-9]"),
}
"""Names that end in eight characters which only `up` knows; the recording has a stand-in for them."""

STAND_IN = "lifeboat-network-ending.hex"


def name_of(one: dict[str, Any], field: str) -> str:
    return str(one["inputs"].get(field) or one["name"] + ENDING)


@pytest.mark.parametrize("kind", sorted(RULES))
def test_every_name_is_one_that_the_provider_takes(kind: str) -> None:
    """It finds no name that is too long, or has a character or a word that the provider refuses."""
    rule, cloud = RULES[kind], {"azure-native": "azure"}.get(kind.partition(":")[0], kind.partition(":")[0])

    names = {name_of(one, rule.field) for one in recording(cloud, joined=True).of_type(kind)}

    assert names
    assert [name for name in names if not re.fullmatch(rule.pattern, name)] == []


@pytest.mark.parametrize("kind", sorted(MADE_IN_UP))
def test_names_that_all_of_azure_shares_fit_with_their_ending(kind: str) -> None:
    """It leaves room for the eight characters that make a name unique."""
    field, pattern = MADE_IN_UP[kind]

    names = {one["inputs"][field].replace(STAND_IN, "0123abcd") for one in recording("azure").of_type(kind)}

    assert names
    assert [name for name in names if not re.fullmatch(pattern, name)] == []


@pytest.mark.parametrize("cloud", clouds.NAMES)
def test_tags_are_ones_that_all_three_clouds_take(cloud: str) -> None:
    """It marks with few, short, lower-case tags: GCP takes nothing else, and Azure refuses some signs."""
    found = recording(cloud).provided()
    tags = [one["inputs"].get(one["tagged_by"]) or {} for one in found if one["tagged_by"]]

    lawful = re.compile(r"[a-z][a-z0-9_-]{0,62}")

    assert max(map(len, tags)) <= 50
    assert not [key for each in tags for key in each if not lawful.fullmatch(key.lower())]
    assert not [value for each in tags for value in each.values() if len(str(value)) > 63]
