"""Our own rules for the control stores: the register's is plain and cannot be emptied, the ledger cannot be rewritten."""

from typing import Any

from infra.policy.estate import UNKNOWN, Estate, Resource
from infra.policy.kinds import ACCOUNT, BLOBS, GCS, S3
from infra.policy.rule import Findings, fault, is_set, refuses, rule, statements, wants, words
from infra.policy.stores import BUCKET_POLICY, LEASE, VERSIONING

LEDGER = "-ledger"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
_MANAGEMENT = "azure-native:storage:ManagementPolicy"
_MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"
_ASSIGNMENT = "azure-native:authorization:RoleAssignment"
_DEFINITION = "azure-native:authorization:RoleDefinition"
TOO_MUCH = ("roles/storage.admin", "roles/storage.objectAdmin", "roles/storage.legacyBucketOwner")


def leases(estate: Estate, kind: str) -> list[Resource]:
    return [one for one in estate.of(kind) if one.name.endswith(LEASE)]


@rule(
    without={
        "gcp": "an IAM condition cannot see a precondition; the register's client never writes without one",
        "azure": "a role cannot ask for If-Match; the register's client never writes without one",
    }
)
def lease_written_by_condition(estate: Estate) -> Findings:
    """The register refuses a write that does not say which version it replaces."""
    for bucket in leases(estate, S3):
        documents = [one.inputs.get("policy") for one in estate.about(bucket, BUCKET_POLICY, "bucket")]
        if not any(one is UNKNOWN or _denies(one, "s3:PutObject", "s3:if-match") for one in documents):
            yield fault(bucket, "takes writes without a precondition")


def _denies(document: Any, action: str, condition: str = "") -> bool:
    denied = [one for one in statements(document) if one.get("Effect") == "Deny" and action in words(one.get("Action"))]
    return any(not condition or condition in one.get("Condition", {}).get("Null", {}) for one in denied)


@rule()
def lease_not_deleted(estate: Estate) -> Findings:
    """Nobody may delete the register: an empty place would be read as a site without a voice."""
    for bucket in leases(estate, S3):
        documents = [one.inputs.get("policy") for one in estate.about(bucket, BUCKET_POLICY, "bucket")]
        if not any(one is UNKNOWN or _denies(one, "s3:DeleteObject") for one in documents):
            yield fault(bucket, "lets the register be deleted")
    for bucket in leases(estate, GCS):
        # An overwrite needs storage.objects.delete there, so the least role that works is objectUser.
        for member in estate.about(bucket, _MEMBER, "bucket"):
            if member.inputs.get("role") in TOO_MUCH:
                yield fault(member, "may do more to the register than read and overwrite it")
    yield from _azure_deleters(estate)


def _azure_deleters(estate: Estate) -> Findings:
    for account in leases(estate, ACCOUNT):
        scopes = [
            account,
            *(one for one in estate.of("azure-native:storage:BlobContainer") if one.name == account.name),
        ]
        for scope in scopes:
            for assignment in estate.about(scope, _ASSIGNMENT, "scope"):
                roles = estate.behind(assignment, "roleDefinitionId", _DEFINITION)
                if not roles or any(_may_delete(action) for one in roles for action in _data_actions(one)):
                    yield fault(assignment, "may delete the register")


def _data_actions(role: Resource) -> list[str]:
    return [action for found in role.at("permissions.dataActions") for action in words(found)]


def _may_delete(action: str) -> bool:
    return action.endswith(("/delete", "*"))


@rule()
def lease_plain(estate: Estate) -> Findings:
    """The register's store keeps no versions, no retention and no lifecycle: each would refuse or undo an overwrite."""
    for bucket in leases(estate, S3):
        for kind in (VERSIONING, LIFECYCLE, _LOCK):
            if estate.about(bucket, kind, "bucket"):
                yield fault(bucket, f"has a {kind.rpartition(':')[2]}")
    lifecycle = "has a lifecycle, a retention or versions"
    for path in ("lifecycleRules", "retentionPolicy", "versioning.enabled"):
        yield from refuses(leases(estate, GCS), path, is_set, lifecycle)
    yield from _more_than_plain(estate)


def _more_than_plain(estate: Estate) -> Findings:
    for account in leases(estate, ACCOUNT):
        if account.inputs.get("immutableStorageWithVersioning"):
            yield fault(account, "is immutable")
        if estate.about(account, _MANAGEMENT, "accountName"):
            yield fault(account, "has a lifecycle")
        if any(one.inputs.get("isVersioningEnabled") is True for one in estate.about(account, BLOBS, "accountName")):
            yield fault(account, "keeps versions")


@rule()
def ledger_retained(estate: Estate) -> Findings:
    """No entry of the ledger can be changed or removed before its time, by anybody."""
    sentence = "lets its entries be removed"
    for bucket in (one for one in estate.of(S3) if one.name.endswith(LEDGER)):
        locks = estate.about(bucket, _LOCK, "bucket")
        if not any(one.at("rule.defaultRetention.mode") == ["COMPLIANCE"] for one in locks):
            yield fault(bucket, sentence)
    ledgers = [one for one in estate.of(GCS) if one.name.endswith(LEDGER)]
    yield from wants(ledgers, "retentionPolicy.isLocked", is_set, sentence)
    accounts = [one for one in estate.of(ACCOUNT) if one.name.endswith(LEDGER)]
    yield from wants(accounts, "immutableStorageWithVersioning.enabled", is_set, sentence)
