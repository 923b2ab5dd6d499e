"""Where a site's resources lie: one resource group, and one workspace for all their logs."""

from dataclasses import dataclass

import pulumi_azure_native as azure
import pulumi_random as random
from pulumi import Input, Output

from infra.capability import Capability

LOG_DAYS = 90

GROUP = "lifeboat"


@dataclass(frozen=True)
class Place:
    """`ending` makes names unique that all of Azure shares: storage accounts and vaults."""

    group: azure.resources.ResourceGroup
    ending: Output[str]
    logs: azure.operationalinsights.Workspace


def make_place(owner: Capability) -> Place:
    """Make the group and the workspace; whoever deletes a group deletes all in it, so Pulumi refuses to."""
    group = azure.resources.ResourceGroup(
        owner.child("group"), resource_group_name=GROUP, tags=owner.tags, opts=owner.guarded()
    )
    ending = random.RandomId(owner.child("ending"), byte_length=4, opts=owner.inside()).hex
    logs = azure.operationalinsights.Workspace(
        owner.child("logs"),
        resource_group_name=group.name,
        sku=azure.operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
        retention_in_days=LOG_DAYS,
        # Writers and readers prove who they are; the workspace's own keys open nothing.
        features=azure.operationalinsights.WorkspaceFeaturesArgs(disable_local_auth=True),
        tags=owner.tags,
        opts=owner.inside(),
    )
    return Place(group, ending, logs)


def keep_logs(owner: Capability, part: str, resource_id: Input[str], place: Place) -> None:
    """Send every log of a resource to the site's workspace."""
    azure.monitor.DiagnosticSetting(
        owner.child(part),
        name=GROUP,
        resource_uri=resource_id,
        workspace_id=place.logs.id,
        logs=[azure.monitor.DiagnosticsLogSettingsArgs(category_group="allLogs", enabled=True)],
        opts=owner.inside(),
    )
