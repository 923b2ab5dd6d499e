"""Private S3 buckets: what the media store and the two control stores have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi_aws as aws
from pulumi import Output

from infra.capability import Capability
from infra.clouds.aws.roles import policy


def private_bucket(
    owner: Capability,
    part: str,
    key: aws.kms.Key,
    *,
    locked: bool = False,
    refusals: Sequence[Mapping[str, Any]] = (),
    grants: Sequence[Mapping[str, Any]] = (),
) -> aws.s3.Bucket:
    """Make a bucket that is encrypted with our key, closed to the public and spoken to over TLS 1.2 or later alone.

    `locked` makes it able to hold locked versions (only possible at creation). Each of `refusals` is a Deny for
    everybody, with a list of key patterns as `Resource` or `NotResource`; each of `grants` an Allow for whom it names.
    """
    bucket = aws.s3.Bucket(
        owner.child(part), object_lock_enabled=locked, force_destroy=False, tags=owner.tags, opts=owner.guarded()
    )
    closed = aws.s3.BucketPublicAccessBlock(
        owner.child(part),
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=owner.inside(),
    )
    aws.s3.BucketOwnershipControls(
        owner.child(part),
        bucket=bucket.id,
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=owner.inside(),
    )
    _encrypt(owner, part, bucket, key)
    document = bucket.arn.apply(
        lambda arn: policy(
            [*_transport(arn), *(_refusal(arn, one) for one in refusals), *(_placed(arn, one) for one in grants)]
        )
    )
    aws.s3.BucketPolicy(owner.child(part), bucket=bucket.id, policy=document, opts=owner.inside(depends_on=[closed]))
    return bucket


def versioned(owner: Capability, part: str, bucket: aws.s3.Bucket) -> aws.s3.BucketVersioning:
    """Keep every version of every object."""
    enabled = aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled")
    return aws.s3.BucketVersioning(
        owner.child(part), bucket=bucket.id, versioning_configuration=enabled, opts=owner.inside()
    )


def retained(
    owner: Capability, part: str, bucket: aws.s3.Bucket, versions: aws.s3.BucketVersioning, days: int
) -> aws.s3.BucketObjectLockConfiguration:
    """Keep every version for some days. Compliance mode: not even the account's owner can shorten it."""
    retention = aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(mode="COMPLIANCE", days=days)
    return aws.s3.BucketObjectLockConfiguration(
        owner.child(part),
        bucket=bucket.id,
        rule=aws.s3.BucketObjectLockConfigurationRuleArgs(default_retention=retention),
        opts=owner.inside(depends_on=[versions]),
    )


def store_url(owner: Capability, bucket: aws.s3.Bucket) -> Output[str]:
    """Return the bucket as a store URL."""
    return Output.format("s3://{0}?region={1}", bucket.bucket, owner.spec.region)


def _encrypt(owner: Capability, part: str, bucket: aws.s3.Bucket, key: aws.kms.Key) -> None:
    by_default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="aws:kms", kms_master_key_id=key.arn
    )
    rule = aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
        apply_server_side_encryption_by_default=by_default, bucket_key_enabled=True
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        owner.child(part), bucket=bucket.id, rules=[rule], opts=owner.inside()
    )


def _transport(arn: str) -> list[Mapping[str, Any]]:
    everything = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
    return [
        {**everything, "Sid": "TlsOnly", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {**everything, "Sid": "Tls12OrLater", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
    ]


def _refusal(arn: str, refusal: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**_placed(arn, refusal), "Effect": "Deny", "Principal": "*"}


def _placed(arn: str, statement: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the bucket before each key pattern; an empty pattern is the bucket itself."""
    place = "Resource" if "Resource" in statement else "NotResource"
    return {**statement, place: [f"{arn}/{pattern}".rstrip("/") for pattern in statement[place]]}
