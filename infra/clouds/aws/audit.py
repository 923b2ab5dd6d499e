"""The audit log: every management act in the account, in all regions, in a bucket that nobody can empty."""

from collections.abc import Mapping
from typing import Any

import pulumi_aws as aws

from infra.capability import Capability
from infra.clouds.aws.keys import encryption_key
from infra.clouds.aws.stores import private_bucket, retained, versioned
from infra.spec import AUDIT_DAYS

TRAIL = "lifeboat"
WRITER = "cloudtrail.amazonaws.com"


def audit_log(owner: Capability) -> aws.s3.Bucket:
    """Make the trail and its bucket, and return the bucket; each file is signed by CloudTrail's own digests."""
    key = encryption_key(owner, also=[_let_encrypt(owner)])
    bucket = private_bucket(owner, "audit", key, locked=True, grants=_let_write(owner))
    locked = retained(owner, "audit", bucket, versioned(owner, "audit", bucket), AUDIT_DAYS)
    aws.cloudtrail.Trail(
        owner.child("audit"),
        name=TRAIL,
        s3_bucket_name=bucket.bucket,
        kms_key_id=key.arn,
        is_multi_region_trail=True,
        include_global_service_events=True,
        enable_log_file_validation=True,
        enable_logging=True,
        tags=owner.tags,
        opts=owner.guarded(depends_on=[locked]),
    )
    return bucket


def _by_our_trail(owner: Capability) -> dict[str, Any]:
    trail = f"arn:aws:cloudtrail:{owner.spec.region}:{owner.spec.account}:trail/{TRAIL}"
    return {"StringEquals": {"aws:SourceArn": trail}}


def _let_write(owner: Capability) -> list[Mapping[str, Any]]:
    """What CloudTrail needs of a bucket (AWS CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail")."""
    writer = {"Effect": "Allow", "Principal": {"Service": WRITER}, "Condition": _by_our_trail(owner)}
    files = f"AWSLogs/{owner.spec.account}/*"
    return [
        {**writer, "Sid": "AuditMayLook", "Action": "s3:GetBucketAcl", "Resource": [""]},
        {**writer, "Sid": "AuditMayWrite", "Action": "s3:PutObject", "Resource": [files]},
    ]


def _let_encrypt(owner: Capability) -> Mapping[str, Any]:
    return {
        "Sid": "Audit",
        "Effect": "Allow",
        "Principal": {"Service": WRITER},
        "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": _by_our_trail(owner),
    }
