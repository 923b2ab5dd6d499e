"""Private storage accounts: what the media store, the two control stores and the flow log have in common."""

import pulumi_azure_native as azure
from pulumi import Output

from infra.capability import Capability
from infra.clouds.azure.keys import EncryptionKey

OURS_ALONE = azure.storage.NetworkRuleSetArgs(default_action=azure.storage.DefaultAction.DENY, bypass="AzureServices")
REACHED_BY_PEERS = azure.storage.NetworkRuleSetArgs(
    default_action=azure.storage.DefaultAction.ALLOW, bypass="AzureServices"
)
"""The register must not depend on the link: the other sites come over the internet, by TLS and by role."""


def private_account(
    owner: Capability,
    part: str,
    key: EncryptionKey,
    *,
    locked_days: int | None = None,
    appended: bool = False,
    reached: azure.storage.NetworkRuleSetArgs = REACHED_BY_PEERS,
) -> azure.storage.StorageAccount:
    """Make an account that is encrypted with our key and opened by roles over TLS 1.2 or later alone.

    It has no key of its own to steal and no public container. `locked_days` makes every version of every blob stay
    that long (only possible at creation); `appended` lets a blob still grow at its end.
    """
    return azure.storage.StorageAccount(
        owner.child(part),
        account_name=Output.format("lb{0}{1}", part, key.place.ending),
        resource_group_name=key.place.group.name,
        kind=azure.storage.Kind.STORAGE_V2,
        sku=azure.storage.SkuArgs(name=azure.storage.SkuName.STANDARD_ZRS),
        access_tier=azure.storage.AccessTier.HOT,
        allow_blob_public_access=False,
        allow_shared_key_access=False,
        allow_cross_tenant_replication=False,
        default_to_o_auth_authentication=True,
        is_local_user_enabled=False,
        enable_https_traffic_only=True,
        minimum_tls_version=azure.storage.MinimumTlsVersion.TLS1_2,
        network_rule_set=reached,
        identity=azure.storage.IdentityArgs(type="UserAssigned", user_assigned_identities=[key.user.id]),
        encryption=_encrypted(key),
        immutable_storage_with_versioning=_retained(owner, locked_days, appended) if locked_days else None,
        tags=owner.tags,
        opts=owner.guarded(depends_on=[key.grant]),
    )


def versioned(
    owner: Capability, part: str, account: azure.storage.StorageAccount, key: EncryptionKey
) -> azure.storage.BlobServiceProperties:
    """Keep every version of every blob, and deleted blobs and versions for the retention time."""
    deleted = azure.storage.DeleteRetentionPolicyArgs(enabled=True, days=owner.spec.retention_days)
    return _blobs(owner, part, account, key, deleted, versions=True)


def plain(
    owner: Capability, part: str, account: azure.storage.StorageAccount, key: EncryptionKey
) -> azure.storage.BlobServiceProperties:
    """Keep nothing of what is overwritten."""
    deleted = azure.storage.DeleteRetentionPolicyArgs(enabled=False)
    return _blobs(owner, part, account, key, deleted, versions=False)


def forget(
    owner: Capability,
    part: str,
    account: azure.storage.StorageAccount,
    key: EncryptionKey,
    what: azure.storage.ManagementPolicyActionArgs,
) -> None:
    """Let the account delete by itself what has grown old."""
    definition = azure.storage.ManagementPolicyDefinitionArgs(
        actions=what, filters=azure.storage.ManagementPolicyFilterArgs(blob_types=["blockBlob"])
    )
    rule = azure.storage.ManagementPolicyRuleArgs(
        name="forget-late", type=azure.storage.RuleType.LIFECYCLE, enabled=True, definition=definition
    )
    azure.storage.ManagementPolicy(
        owner.child(part),
        account_name=account.name,
        management_policy_name="default",
        resource_group_name=key.place.group.name,
        policy=azure.storage.ManagementPolicySchemaArgs(rules=[rule]),
        opts=owner.inside(),
    )


def container(
    owner: Capability,
    part: str,
    account: azure.storage.StorageAccount,
    key: EncryptionKey,
    settings: azure.storage.BlobServiceProperties,
) -> azure.storage.BlobContainer:
    """Make the one container of an account, after the settings that its blobs shall live under."""
    return azure.storage.BlobContainer(
        owner.child(part),
        container_name=part,
        account_name=account.name,
        resource_group_name=key.place.group.name,
        public_access=azure.storage.PublicAccess.NONE,
        opts=owner.guarded(depends_on=[settings]),
    )


def store_url(account: azure.storage.StorageAccount, blobs: azure.storage.BlobContainer) -> Output[str]:
    """Return a container as a store URL."""
    return Output.format("az://{0}/{1}", account.name, blobs.name)


def _blobs(
    owner: Capability,
    part: str,
    account: azure.storage.StorageAccount,
    key: EncryptionKey,
    deleted: azure.storage.DeleteRetentionPolicyArgs,
    *,
    versions: bool,
) -> azure.storage.BlobServiceProperties:
    return azure.storage.BlobServiceProperties(
        owner.child(part),
        account_name=account.name,
        blob_services_name="default",
        resource_group_name=key.place.group.name,
        is_versioning_enabled=versions,
        delete_retention_policy=deleted,
        container_delete_retention_policy=azure.storage.DeleteRetentionPolicyArgs(
            enabled=True, days=owner.spec.retention_days
        ),
        opts=owner.inside(),
    )


def _encrypted(key: EncryptionKey) -> azure.storage.EncryptionArgs:
    """Without a key version, the account follows the key's newest version by itself."""
    own = azure.storage.EncryptionServiceArgs(enabled=True, key_type=azure.storage.KeyType.ACCOUNT)
    return azure.storage.EncryptionArgs(
        key_source=azure.storage.KeySource.MICROSOFT_KEYVAULT,
        key_vault_properties=azure.storage.KeyVaultPropertiesArgs(key_name=key.key.name, key_vault_uri=key.vault.url),
        encryption_identity=azure.storage.EncryptionIdentityArgs(encryption_user_assigned_identity=key.user.id),
        services=azure.storage.EncryptionServicesArgs(blob=own, file=own),
    )


def _retained(owner: Capability, days: int, appended: bool) -> azure.storage.ImmutableStorageAccountArgs:
    """Azure makes the policy open and lets it be locked for good only afterwards (`lifeboat acts lock`)."""
    states = azure.storage.AccountImmutabilityPolicyState
    policy = azure.storage.AccountImmutabilityPolicyPropertiesArgs(
        state=states.LOCKED if owner.spec.retention_locked else states.UNLOCKED,
        immutability_period_since_creation_in_days=days,
        allow_protected_append_writes=appended,
    )
    return azure.storage.ImmutableStorageAccountArgs(enabled=True, immutability_policy=policy)
