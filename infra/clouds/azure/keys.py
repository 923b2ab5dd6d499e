"""Encryption keys in Key Vault, each with the identity by which a service may use it."""

from dataclasses import dataclass

import pulumi_azure_native as azure

from infra.capability import Capability
from infra.clouds.azure.place import Place
from infra.clouds.azure.roles import KEY_USER, allow, built_in, identity
from infra.clouds.azure.secret import SiteVault


@dataclass(frozen=True)
class EncryptionKey:
    """A key, the identity that may wrap and unwrap with it, and the grant that must stand before either is used."""

    key: azure.keyvault.Key
    user: azure.managedidentity.UserAssignedIdentity
    grant: azure.authorization.RoleAssignment
    vault: SiteVault

    @property
    def place(self) -> Place:
        return self.vault.place


def encryption_key(owner: Capability, vault: SiteVault) -> EncryptionKey:
    """Make the key of one capability, rotated yearly; services follow the newest version by themselves.

    The key outlives a mistake: Pulumi refuses to delete it, and the vault keeps a deleted one for 90 days.
    """
    yearly = azure.keyvault.LifetimeActionArgs(
        action=azure.keyvault.ActionArgs(type=azure.keyvault.KeyRotationPolicyActionType.ROTATE),
        trigger=azure.keyvault.TriggerArgs(time_after_create="P1Y"),
    )
    key = azure.keyvault.Key(
        owner.child("key"),
        key_name=owner.label,
        vault_name=vault.vault.name,
        resource_group_name=vault.place.group.name,
        properties=azure.keyvault.KeyPropertiesArgs(
            kty="RSA",
            key_size=3072,
            key_ops=["wrapKey", "unwrapKey"],
            rotation_policy=azure.keyvault.RotationPolicyArgs(lifetime_actions=[yearly]),
        ),
        tags=owner.tags,
        opts=owner.guarded(),
    )
    user = identity(owner, "key", vault.place)
    return EncryptionKey(key, user, allow(owner, "key", user, built_in(owner, KEY_USER), key.id), vault)
