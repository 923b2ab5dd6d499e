"""The log of every flow in the site's network."""

import pulumi_azure_native as azure
from pulumi import Input

from infra.capability import Capability
from infra.clouds.azure.keys import EncryptionKey
from infra.clouds.azure.place import LOG_DAYS
from infra.clouds.azure.roles import BLOB_CONTRIBUTOR, allow, built_in
from infra.clouds.azure.stores import OURS_ALONE, forget, plain, private_account


def flow_log(
    owner: Capability,
    network_id: Input[str],
    writer: azure.managedidentity.UserAssignedIdentity,
    key: EncryptionKey,
) -> None:
    """Log every flow of a network into an account of its own, written under an identity and kept for LOG_DAYS.

    The watcher is the one that Azure makes by itself, by this name, with a subscription's first network in a region;
    there can be only one.
    """
    account = private_account(owner, "flows", key, reached=OURS_ALONE)
    plain(owner, "flows", account, key)
    _forget(owner, account, key)
    grant = allow(owner, "flows", writer, built_in(owner, BLOB_CONTRIBUTOR), account.id)
    region = owner.spec.region
    azure.network.FlowLog(
        owner.child("flows"),
        network_watcher_name=f"NetworkWatcher_{region}",
        resource_group_name="NetworkWatcherRG",
        location=region,
        target_resource_id=network_id,
        storage_id=account.id,
        identity=azure.network.ManagedServiceIdentityArgs(
            type=azure.network.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[writer.id]
        ),
        enabled=True,
        format=azure.network.FlowLogFormatParametersArgs(type=azure.network.FlowLogFormatType.JSON, version=2),
        tags=owner.tags,
        opts=owner.inside(depends_on=[grant]),
    )


def _forget(owner: Capability, account: azure.storage.StorageAccount, key: EncryptionKey) -> None:
    age = azure.storage.DateAfterModificationArgs(days_after_modification_greater_than=LOG_DAYS)
    blob = azure.storage.ManagementPolicyBaseBlobArgs(delete=age)
    forget(owner, "flows", account, key, azure.storage.ManagementPolicyActionArgs(base_blob=blob))
