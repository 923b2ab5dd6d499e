"""The audit log: every act of management in the subscription, in an account whose blobs nobody can change."""

import pulumi_azure_native as azure
from pulumi import Output

from infra.capability import Capability
from infra.clouds.azure.keys import encryption_key
from infra.clouds.azure.network import Network
from infra.clouds.azure.stores import private_account, versioned
from infra.spec import AUDIT_DAYS

KINDS = ("Administrative", "Security", "Policy", "Alert")
CONTAINER = "insights-activity-logs"
"""Azure makes this container itself, by this name, with the first entry."""


def audit_log(owner: Capability, network: Network) -> Output[str]:
    """Make the account, send the log there, and return its store URL.

    Azure appends to the blob of the hour, which the retention lets it; it is created open, and locking it is an act.
    """
    key = encryption_key(owner, network.vault)
    account = private_account(owner, "audit", key, locked_days=AUDIT_DAYS, appended=True)
    kept = versioned(owner, "audit", account, key)
    azure.monitor.SubscriptionDiagnosticSetting(
        owner.child("audit"),
        name="lifeboat-audit",
        storage_account_id=account.id,
        logs=[azure.monitor.SubscriptionLogSettingsArgs(category=kind, enabled=True) for kind in KINDS],
        opts=owner.guarded(depends_on=[kept]),
    )
    return Output.format("az://{0}/{1}", account.name, CONTAINER)
