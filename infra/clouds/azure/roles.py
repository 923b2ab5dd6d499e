"""Roles: identities of Azure's directory, and what each may do with one single resource."""

import uuid
from collections.abc import Sequence

import pulumi_azure_native as azure
from pulumi import Input, Output

from infra.capability import Capability
from infra.clouds.azure.place import Place

BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
KEY_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
SECRET_READER = "4633458b-17de-408a-b874-0445c86b69e6"  # noqa: S105
IMAGE_READER = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
"""Azure's own roles Storage Blob Data Contributor, Key Vault Crypto Service Encryption User, Key Vault Secrets User
and AcrPull; their numbers are the same in every subscription."""

BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"


def identity(owner: Capability, part: str, place: Place) -> azure.managedidentity.UserAssignedIdentity:
    """Make an identity that resources can act under; unlike a resource's own it outlives the resource."""
    return azure.managedidentity.UserAssignedIdentity(
        owner.child(part), resource_group_name=place.group.name, tags=owner.tags, opts=owner.inside()
    )


def built_in(owner: Capability, number: str) -> str:
    """Return the resource id of one of Azure's own roles."""
    return f"/subscriptions/{owner.spec.account}/providers/Microsoft.Authorization/roleDefinitions/{number}"


def allow(
    owner: Capability,
    part: str,
    who: azure.managedidentity.UserAssignedIdentity,
    role: Input[str],
    scope: Input[str],
    condition: str | None = None,
) -> azure.authorization.RoleAssignment:
    """Let an identity do with `scope`, and with nothing else, what a role (by resource id) and a condition allow."""
    return azure.authorization.RoleAssignment(
        owner.child(part),
        principal_id=who.principal_id,
        principal_type="ServicePrincipal",
        role_definition_id=role,
        scope=scope,
        condition=condition,
        condition_version="2.0" if condition else None,
        opts=owner.inside(),
    )


def own_role(owner: Capability, part: str, purpose: str, data_actions: Sequence[str], place: Place) -> Output[str]:
    """Make a role of our own, usable in the site's group alone, and return its resource id."""
    number = str(uuid.uuid5(uuid.UUID(owner.spec.account), owner.child(part)))
    return azure.authorization.RoleDefinition(
        owner.child(part),
        role_definition_id=number,
        role_name=Output.format("{0} {1}", owner.child(part), place.ending),
        role_type="CustomRole",
        description=purpose,
        permissions=[azure.authorization.PermissionArgs(data_actions=list(data_actions))],
        assignable_scopes=[place.group.id],
        scope=place.group.id,
        opts=owner.inside(),
    ).id
