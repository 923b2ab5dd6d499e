"""Rules for names and tags: what a provider refuses only during `up`, and no SDK looks at.

A name that a program leaves to the SDK is the logical name with a hyphen and seven characters.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.policy.estate import UNKNOWN, Estate, Resource
from infra.policy.rule import Findings, fault, rule

ENDING = "-0123abc"
AZURE_RULES = "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"


@dataclass(frozen=True)
class Name:
    """What one type's names must look like, the input that carries them, and the provider's page that says so."""

    field: str
    pattern: str
    page: str


NAMES = {
    "aws:ecr/repository:Repository": Name(
        "name",
        r"(?=.{2,256}$)[a-z0-9]+([._/-][a-z0-9]+)*",
        "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html",
    ),
    "aws:iam/role:Role": Name(
        "name", r"[\w+=,.@-]{1,64}", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
    ),
    "aws:kms/alias:Alias": Name(
        "name",
        r"alias/(?!aws/)[\w/-]{1,250}",
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html",
    ),
    "aws:lb/loadBalancer:LoadBalancer": Name(
        "name",
        r"(?!internal-)[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html",
    ),
    "aws:lb/targetGroup:TargetGroup": Name(
        "name",
        r"[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html",
    ),
    "aws:rds/instance:Instance": Name(
        "identifier",
        r"(?!.*--)[a-z][a-z0-9-]{0,61}[a-z0-9]",
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html",
    ),
    "aws:s3/bucket:Bucket": Name(
        "bucket",
        r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    ),
    "aws:secretsmanager/secret:Secret": Name(
        "name",
        r"(?!.*-[A-Za-z0-9]{6}$)[\w/+=.@-]{1,512}",
        "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html",
    ),
    "gcp:compute/network:Network": Name(
        "name", r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", "https://cloud.google.com/compute/docs/naming-resources"
    ),
    "gcp:cloudrunv2/service:Service": Name(
        "name",
        r"[a-z][a-z0-9-]{0,47}[a-z0-9]",
        "https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services",
    ),
    "gcp:cloudrunv2/workerPool:WorkerPool": Name(
        "name",
        r"[a-z][a-z0-9-]{0,47}[a-z0-9]",
        "https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.workerPools",
    ),
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": Name(
        "workloadIdentityPoolId",
        r"(?!gcp-)[a-z0-9-]{4,32}",
        "https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools",
    ),
    "gcp:secretmanager/secret:Secret": Name(
        "secretId",
        r"[\w-]{1,255}",
        "https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create",
    ),
    "gcp:serviceaccount/account:Account": Name(
        "accountId",
        r"(?=.{6,30}$)[a-z][-a-z0-9]*[a-z0-9]",
        "https://cloud.google.com/iam/docs/service-accounts-create",
    ),
    "gcp:sql/databaseInstance:DatabaseInstance": Name(
        "name", r"[a-z]([a-z0-9-]{0,82}[a-z0-9])", "https://cloud.google.com/sql/docs/postgres/instance-settings"
    ),
    "gcp:storage/bucket:Bucket": Name(
        "name", r"(?!goog)(?!.*google)[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]", "https://cloud.google.com/storage/docs/buckets"
    ),
    "azure-native:app:ContainerApp": Name("containerAppName", r"[a-z](?!.*--)[a-z0-9-]{0,30}[a-z0-9]", AZURE_RULES),
    "azure-native:containerregistry:Registry": Name("registryName", r"[A-Za-z0-9]{5,50}", AZURE_RULES),
    "azure-native:dbforpostgresql:Server": Name("serverName", r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", AZURE_RULES),
    "azure-native:keyvault:Key": Name("keyName", r"[A-Za-z0-9-]{1,127}", AZURE_RULES),
    "azure-native:keyvault:Secret": Name("secretName", r"[A-Za-z0-9-]{1,127}", AZURE_RULES),
    "azure-native:managedidentity:UserAssignedIdentity": Name("resourceName", r"[A-Za-z0-9][\w-]{2,127}", AZURE_RULES),
    "azure-native:monitor:ActionGroup": Name("groupShortName", r".{1,12}", AZURE_RULES),
    "azure-native:storage:StorageAccount": Name("accountName", r"[a-z0-9]{3,24}", AZURE_RULES),
    "azure-native:keyvault:Vault": Name("vaultName", r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]", AZURE_RULES),
    "azure-native:cdn:AFDEndpoint": Name("endpointName", r"[A-Za-z0-9][A-Za-z0-9-]{0,44}[A-Za-z0-9]", AZURE_RULES),
    "azure-native:network:NetworkSecurityGroup": Name(
        "networkSecurityGroupName", r"[A-Za-z0-9][\w.-]{0,78}\w", AZURE_RULES
    ),
}


def name_of(one: Resource) -> str:
    """Return what a resource is called at its provider; an ending that only `up` knows counts as eight characters."""
    given = one.inputs.get(NAMES[one.type].field)
    known = given if isinstance(given, str) else one.name + ENDING
    return re.sub(r"lifeboat-[a-z]+-ending\.hex", "0123abcd", known)


@rule()
def names_taken(estate: Estate) -> Findings:
    """Every name has a length and signs that the provider takes, and is none of its reserved ones."""
    for one in estate.of(*NAMES):
        known = NAMES[one.type]
        if one.inputs.get(known.field) is not UNKNOWN and not re.fullmatch(known.pattern, name_of(one)):
            yield fault(one, f"is called {name_of(one)!r}, which the provider refuses ({known.page})")


@dataclass(frozen=True)
class Tagging:
    """How one provider marks a resource: by which inputs, with how many tags, and what a key and a value may be."""

    fields: tuple[str, ...]
    most: int
    key: str
    value: str
    page: str


TAGGING = {
    "aws": Tagging(
        ("tags",),
        50,
        r"(?i:(?!aws:))[\w\s.:/=+@-]{1,128}",
        r"[\w\s.:/=+@-]{0,256}",
        "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html",
    ),
    "gcp": Tagging(
        ("labels", "userLabels", "settings.userLabels"),
        64,
        r"[a-z][a-z0-9_-]{0,62}",
        r"[a-z0-9_-]{0,63}",
        "https://cloud.google.com/resource-manager/docs/labels-overview",
    ),
    "azure": Tagging(
        ("tags",),
        50,
        r"[^<>%&\\?/]{1,128}",
        r"(?s:.{0,256})",
        "https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources",
    ),
}
"""Storage accounts take 128 characters of key, the least of all types of Azure."""

NOT_TAGS = ("gcp:monitoring/notificationChannel:NotificationChannel",)
"""Its `labels` say where a message goes."""


@rule()
def tags_taken(estate: Estate) -> Findings:
    """Every tag has a key and a value that the provider takes, and there are not too many of them."""
    if estate.cloud not in TAGGING:
        return
    known = TAGGING[estate.cloud]
    for one, tags in _tags(estate, known):
        if len(tags) > known.most:
            yield fault(one, f"has {len(tags)} tags; {known.most} are taken ({known.page})")
        for key, value in tags.items():
            if not re.fullmatch(known.key, key) or (value is not UNKNOWN and not re.fullmatch(known.value, str(value))):
                yield fault(one, f"has the tag {key!r} = {value!r}, which the provider refuses ({known.page})")


def _tags(estate: Estate, known: Tagging) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    for one in estate.resources:
        for field in known.fields if one.type not in NOT_TAGS else ():
            yield from ((one, found) for found in one.at(field) if isinstance(found, Mapping))
