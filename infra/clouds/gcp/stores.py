"""Private Cloud Storage buckets: what the media store and the two control stores have in common."""

from typing import Any

import pulumi_gcp as gcp
from pulumi import Output

from infra.capability import Capability
from infra.clouds.gcp.keys import DAY

SOFT_DELETE_DAYS = 7
"""The least that Cloud Storage offers, short of none at all."""


def private_bucket(
    owner: Capability, part: str, key: Output[str], *, soft_delete_days: int = SOFT_DELETE_DAYS, **settings: Any
) -> gcp.storage.Bucket:
    """Make a bucket that is encrypted with our key and closed to the public, whatever rights are given on an object.

    Cloud Storage speaks TLS alone to those who bring an identity. `settings` are the bucket's own (versioning, ...).
    """
    return gcp.storage.Bucket(
        owner.child(part),
        location=owner.spec.region.upper(),
        storage_class="STANDARD",
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        encryption=gcp.storage.BucketEncryptionArgs(default_kms_key_name=key),
        soft_delete_policy=gcp.storage.BucketSoftDeletePolicyArgs(retention_duration_seconds=soft_delete_days * DAY),
        force_destroy=False,
        labels=owner.tags,
        opts=owner.guarded(),
        **settings,
    )


def versioned(enabled: bool) -> gcp.storage.BucketVersioningArgs:
    """Return whether a bucket keeps every version of every object."""
    return gcp.storage.BucketVersioningArgs(enabled=enabled)


def store_url(bucket: gcp.storage.Bucket) -> Output[str]:
    """Return the bucket as a store URL."""
    return Output.format("gs://{0}", bucket.name)
