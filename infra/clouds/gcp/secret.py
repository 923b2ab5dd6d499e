"""One secret in Secret Manager, by neutral name."""

import hashlib

import pulumi_gcp as gcp
from pulumi import Output

from infra.capability import Capability
from infra.clouds.gcp.keys import DAY


def keep(owner: Capability, name: str, value: Output[str], key: Output[str]) -> gcp.secretmanager.SecretVersion:
    """Keep a secret under its neutral name (`[a-z0-9-]{1,100}`), in this region alone, and return its version.

    A deleted version can be had back for 30 days.
    """
    replica = gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(
        location=owner.spec.region,
        customer_managed_encryption=gcp.secretmanager.SecretReplicationUserManagedReplicaCustomerManagedEncryptionArgs(
            kms_key_name=key
        ),
    )
    secret = gcp.secretmanager.Secret(
        name,
        secret_id=name,
        replication=gcp.secretmanager.SecretReplicationArgs(
            user_managed=gcp.secretmanager.SecretReplicationUserManagedArgs(replicas=[replica])
        ),
        version_destroy_ttl=f"{30 * DAY}s",
        labels=owner.tags,
        opts=owner.inside(),
    )
    return gcp.secretmanager.SecretVersion(
        name,
        secret=secret.id,
        secret_data_wo=Output.secret(value),
        secret_data_wo_version=stamp(value).apply(str),
        opts=owner.inside(),
    )


def stamp(value: Output[str]) -> Output[int]:
    """Return a number that changes with a secret, as a secret; to be given beside every write-only argument.

    The provider never compares a write-only value, so without this a new password would be silently left out.
    """
    return Output.secret(value).apply(lambda text: int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1)
