"""Rules for who did what: written down everywhere, in a form that nobody can rewrite, with a copy outside."""

from typing import Any

from infra.policy.estate import UNKNOWN, Estate, Resource
from infra.policy.kinds import ACCOUNT, DIAGNOSTICS, GCS
from infra.policy.rule import Finding, Findings, fault, is_set, is_true, rule, wants, words

TRAIL = "aws:cloudtrail/trail:Trail"
AUDIT = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
SINK = "gcp:logging/projectSink:ProjectSink"
SUBSCRIPTION_DIAGNOSTICS = "azure-native:monitor:SubscriptionDiagnosticSetting"
LOG_TYPES = frozenset({"ADMIN_READ", "DATA_READ", "DATA_WRITE"})
CATEGORIES = frozenset({"Administrative", "Security", "Alert", "Policy"})


@rule(aws="4.1", gcp="2.1 2.3", azure="6.1.1.1 6.1.1.2")
def audit_on(estate: Estate) -> Findings:
    """Every act at the provider is written down: who, what, when, in every region."""
    yield from _nothing_written(estate)
    yield from wants(estate.of(TRAIL), "isMultiRegionTrail", is_true, "sees one region only")
    for one in estate.of(AUDIT):
        if not LOG_TYPES.issubset(map(str, one.at("auditLogConfigs.logType"))):
            yield fault(one, "does not write down every kind of act")
    for one in _activity(estate):
        if not CATEGORIES.issubset(_categories(one)):
            yield fault(one, f"does not send all of {', '.join(sorted(CATEGORIES))}")


def _nothing_written(estate: Estate) -> Findings:
    """Find that a site with alarms has no audit log; one without the capability is named by the parity table."""
    wanted = {
        "aws": [(estate.of(TRAIL), "has no trail")],
        "gcp": [(estate.of(AUDIT), "has no audit configuration"), (estate.of(SINK), "sends no audit log anywhere")],
        "azure": [(_activity(estate), "does not send the activity log anywhere")],
    }
    for found, sentence in wanted.get(estate.cloud, ()) if estate.has("Watch") else ():
        if not found:
            yield Finding("the site", sentence)


def _activity(estate: Estate) -> list[Resource]:
    """Return the settings that send a subscription's activity log somewhere; either type can do it."""
    own = [(one, str(one.inputs.get("resourceUri", ""))) for one in estate.of(DIAGNOSTICS)]
    whole = [one for one, scope in own if scope.startswith("/subscriptions/") and scope.count("/") == 2]
    return [*estate.of(SUBSCRIPTION_DIAGNOSTICS), *whole]


def _categories(one: Resource) -> set[str]:
    if any(str(value).lower() == "alllogs" for value in one.at("logs.categoryGroup")):
        return set(CATEGORIES)
    return {word for value in one.at("logs.category") for word in words(value)}


@rule(aws="4.2 4.5", gcp="2.4", azure="6.1.1.3")
def audit_immutable(estate: Estate) -> Findings:
    """What was written down cannot be rewritten, and is encrypted with the site's own key."""
    yield from wants(estate.of(TRAIL), "enableLogFileValidation", is_true, "cannot show that nobody rewrote it")
    yield from wants(estate.of(TRAIL), "kmsKeyId", is_set, "is not encrypted with a key of the site's own")
    for sink in estate.of(SINK):
        stores = estate.behind(sink, "destination", GCS) + estate.behind(
            sink, "destination", "gcp:logging/projectBucketConfig:ProjectBucketConfig"
        )
        if stores and not any(_locked(one) for one in stores):
            yield fault(sink, "writes into a place that can be rewritten")
    for one in _activity(estate):
        for account in estate.behind(one, "storageAccountId", ACCOUNT):
            yield from wants(
                [account], "immutableStorageWithVersioning.enabled", is_true, "keeps an audit log that can be rewritten"
            )


def _locked(store: Resource) -> bool:
    values: list[Any] = store.at("retentionPolicy.isLocked") + store.at("locked")
    return any(value is True or value is UNKNOWN for value in values)
