"""Encryption keys in Cloud KMS."""

import pulumi_gcp as gcp
from pulumi import Input, Output

from infra.capability import Capability
from infra.clouds.gcp.project import Project

DAY = 24 * 3600
"""In seconds, in which Google counts everything that is kept."""


def encryption_key(owner: Capability, project: Project, **agents: Input[str]) -> Output[str]:
    """Make the key of one capability, rotated every 90 days, and return its id once the agents may use it.

    `agents` are members by a short name. The key outlives a mistake: Pulumi refuses to delete it, and Cloud KMS waits
    30 days before it destroys a version. Rings and keys themselves stay in the project for ever.
    """
    ring = gcp.kms.KeyRing(owner.child("key"), location=owner.spec.region, opts=owner.inside(depends_on=project.apis))
    key = gcp.kms.CryptoKey(
        owner.child("key"),
        key_ring=ring.id,
        purpose="ENCRYPT_DECRYPT",
        rotation_period=f"{90 * DAY}s",
        destroy_scheduled_duration=f"{30 * DAY}s",
        labels=owner.tags,
        opts=owner.guarded(),
    )
    grants = [_let_use(owner, key, agent, member).id for agent, member in agents.items()]
    return Output.all(key.id, *grants).apply(lambda found: found[0])


def _let_use(owner: Capability, key: gcp.kms.CryptoKey, agent: str, member: Input[str]) -> gcp.kms.CryptoKeyIAMMember:
    return gcp.kms.CryptoKeyIAMMember(
        owner.child(f"key-for-{agent}"),
        crypto_key_id=key.id,
        role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member=member,
        opts=owner.inside(),
    )
