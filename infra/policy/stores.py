"""Rules for every object store: private, TLS only, encrypted, versioned, and what was deleted comes back for a while."""

from typing import Any

from infra.policy.estate import UNKNOWN, Estate, Resource
from infra.policy.kinds import ACCOUNT, BLOBS, GCS, S3, STORES
from infra.policy.rule import (
    Findings,
    at_least,
    equals,
    fault,
    is_set,
    is_true,
    needs_one,
    rule,
    statements,
    wants,
)

LEASE, LOGS = "-lease", "-flows"
"""Two kinds of store keep no old versions: the register lives by overwriting, and a log is written once."""

_S3_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"


def with_history(estate: Estate, *kinds: str) -> list[Resource]:
    """Return the stores that must keep what was overwritten or deleted."""
    return [one for one in estate.of(*kinds) if not one.name.endswith((LEASE, LOGS))]


@rule(
    aws="3.1.4",
    gcp="5.1 5.2 CKV_GCP_29 CKV_GCP_114",
    azure="9.3.8 CKV_AZURE_59 CKV_AZURE_190",
)
def store_private(estate: Estate) -> Findings:
    """No object of a store can be read without a right to it, whatever anybody sets on the object."""
    for bucket in estate.of(S3):
        blocks = estate.about(bucket, _BLOCK, "bucket")
        if not any(all(one.inputs.get(name) in (True, UNKNOWN) for name in _S3_BLOCKS) for one in blocks):
            yield fault(bucket, "does not block public access in all four ways")
    yield from wants(estate.of(GCS), "publicAccessPrevention", equals("enforced"), "may be made public")
    yield from wants(estate.of(GCS), "uniformBucketLevelAccess", is_true, "has rights on single objects")
    yield from wants(estate.of(ACCOUNT), "allowBlobPublicAccess", equals(False), "may be made public")
    containers = estate.of("azure-native:storage:BlobContainer")
    yield from wants(containers, "publicAccess", equals("None"), "is public")


@rule(
    aws="3.1.1",
    azure="9.3.4 9.3.6 CKV_AZURE_44",
    without={
        "gcp": "Cloud Storage has no setting that refuses plain HTTP; a private object needs a token all the same"
    },
)
def store_tls(estate: Estate) -> Findings:
    """A store answers on TLS 1.2 or later only."""
    for bucket in estate.of(S3):
        policies = estate.about(bucket, BUCKET_POLICY, "bucket")
        if not any(_refuses_plain(one.inputs.get("policy")) for one in policies):
            yield fault(bucket, "answers without TLS")
    yield from wants(estate.of(ACCOUNT), "enableHttpsTrafficOnly", is_true, "answers without TLS")
    yield from wants(estate.of(ACCOUNT), "minimumTlsVersion", equals("TLS1_2", "TLS1_3"), "takes TLS before 1.2")


def _refuses_plain(document: Any) -> bool:
    if document is UNKNOWN:
        return True
    denied = [one.get("Condition", {}) for one in statements(document) if one.get("Effect") == "Deny"]
    return any(str(one.get("Bool", {}).get("aws:SecureTransport", "")).lower() == "false" for one in denied)


@rule(gcp="CKV_GCP_78", aws="CKV_AWS_21", azure="9.2.3")
def store_versioned(estate: Estate) -> Findings:
    """What is overwritten in a store can be had back; the register's store alone lives by overwriting."""
    sentence = "keeps no version of what is overwritten"
    for bucket in with_history(estate, S3):
        found = estate.about(bucket, VERSIONING, "bucket")
        if not any(one.at("versioningConfiguration.status") == ["Enabled"] for one in found):
            yield fault(bucket, sentence)
    for bucket in with_history(estate, GCS):
        # Cloud Storage takes a retention policy instead: nothing can be overwritten under one.
        if bucket.at("versioning.enabled") != [True] and not bucket.at("retentionPolicy.retentionPeriod"):
            yield fault(bucket, sentence)
    for account in with_history(estate, ACCOUNT):
        found = estate.about(account, BLOBS, "accountName")
        if not any(one.inputs.get("isVersioningEnabled") is True for one in found):
            yield fault(account, sentence)


@rule(azure="9.2.1 9.2.2")
def store_forgives(estate: Estate) -> Findings:
    """What is deleted from a store can be had back for a week."""
    sentence = "forgets at once what is deleted"
    yield from needs_one(with_history(estate, S3), lambda one: estate.about(one, VERSIONING, "bucket"), sentence)
    seconds = "softDeletePolicy.retentionDurationSeconds"
    yield from wants(with_history(estate, GCS), seconds, at_least(7 * 24 * 3600), sentence)
    for account in with_history(estate, ACCOUNT):
        found = estate.about(account, BLOBS, "accountName")
        yield from wants(found, "deleteRetentionPolicy.days", at_least(7), sentence)
        yield from wants(found, "containerDeleteRetentionPolicy.days", at_least(7), sentence)


@rule()
def store_encrypted(estate: Estate) -> Findings:
    """A store is encrypted with the site's own key."""
    sentence = "is not encrypted with a key of the site's own"
    path = "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"
    for bucket in estate.of(S3):
        if not any(map(is_set, (v for one in estate.about(bucket, _ENCRYPTION, "bucket") for v in one.at(path)))):
            yield fault(bucket, sentence)
    yield from wants(estate.of(GCS), "encryption.defaultKmsKeyName", is_set, sentence)
    yield from wants(estate.of(ACCOUNT), "encryption.keySource", equals("Microsoft.Keyvault"), sentence)


@rule(gcp="1.5", azure="9.3.1.3 CKV2_AZURE_40")
def no_shared_keys(estate: Estate) -> Findings:
    """Nobody gets at a store with a key that does not expire: workloads have identities."""
    for kind in ("aws:iam/accessKey:AccessKey", "gcp:serviceaccount/key:Key", "gcp:storage/hmacKey:HmacKey"):
        for one in estate.of(kind):
            yield fault(one, "is a key that does not expire")
    yield from wants(estate.of(ACCOUNT), "allowSharedKeyAccess", equals(False), "takes shared keys")


@rule(azure="9.3.9")
def store_kept(estate: Estate) -> Findings:
    """A store cannot be deleted by one command, nor emptied to delete it."""
    for store in estate.of(*STORES):
        if not store.protect:
            yield fault(store, "is not protected by Pulumi")
        if store.inputs.get("forceDestroy") is True:
            yield fault(store, "may be emptied to delete it")
