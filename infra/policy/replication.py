"""Our own rules for what the other sites follow: logical decoding on, and no slot that fills the disk unseen."""

from infra.policy.database import lacking, too_low
from infra.policy.estate import UNKNOWN, Estate, Resource
from infra.policy.kinds import DATABASES, FLEXIBLE, RDS, SQL
from infra.policy.rule import Findings, fault, is_true, rule

SLOTS = 10
"""Two standbys, two understudies, their table syncs during a copy, and one to spare for a rejoin."""


METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ALERT_POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
QUERY_RULE = "azure-native:monitor:ScheduledQueryRule"
ALARMS = {
    METRIC_ALARM: ("name", "alarmActions"),
    ALERT_POLICY: ("displayName", "notificationChannels"),
    QUERY_RULE: ("ruleName", "actions.actionGroups"),
}
"""By type, where an alarm's name stands and who is told."""
OF_SLOTS = ("lifeboat-replication-lag", "lifeboat-retained-wal")
"""The alarms of infra/alarms.py that watch what the other sites follow."""


@rule()
def replication_logical(estate: Estate) -> Findings:
    """The database's changes can be followed by another provider's server, with room for every slot."""
    yield from lacking(estate, RDS, "rds.logical_replication", "1", "on")
    yield from lacking(estate, SQL, "cloudsql.logical_decoding", "on")
    yield from lacking(estate, FLEXIBLE, "wal_level", "logical")
    for kind in DATABASES:
        for name in ("max_replication_slots", "max_wal_senders"):
            yield from too_low(estate, kind, name, SLOTS)


@rule(
    without={
        "gcp": "Cloud SQL does not offer max_slot_wal_keep_size; the agent bounds what slots hold",
        "azure": "Flexible Server fixes max_slot_wal_keep_size at -1; the agent bounds what slots hold",
    }
)
def slots_bounded(estate: Estate) -> Findings:
    """A slot that nobody reads cannot fill the database's disk."""
    yield from too_low(estate, RDS, "max_slot_wal_keep_size", 1)


@rule()
def slots_watched(estate: Estate) -> Findings:
    """Somebody is woken when a standby falls behind, or when a slot holds back the database's log."""
    ringing = {name for kind in ALARMS for one in estate.of(kind) if _rings(one) for name in one.at(ALARMS[kind][0])}
    for server in estate.of(*DATABASES):
        for missing in [name for name in OF_SLOTS if name not in ringing]:
            yield fault(server, f"has no alarm {missing} that tells anybody")


def _rings(one: Resource) -> bool:
    """Say whether an alarm is switched on and somebody hears it."""
    told, on = one.at(ALARMS[one.type][1]), one.at("enabled") + one.at("actionsEnabled")
    return any(told) and all(value is UNKNOWN or is_true(value) for value in on)
