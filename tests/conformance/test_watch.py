"""One body of tests over the alarms and audit logs of all clouds: same names, same bounds, nobody can empty the log."""

import json
from typing import Any

import pytest

from infra import clouds
from infra.alarms import ERROR_RATE, SILENCE, alarms, measured
from infra.config import parse
from infra.spec import AUDIT_DAYS
from infra.stack_files import stack_settings
from tests.infra.recordings import Recording, dig, recording

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
QUERY, METRIC = "azure-native:monitor:ScheduledQueryRule", "azure-native:monitor:MetricAlert"


def _aws_bounds(found: Recording) -> dict[str, float]:
    return {one["inputs"]["name"]: one["inputs"]["threshold"] for one in found.of_type(ALARM)}


def _gcp_bounds(found: Recording) -> dict[str, float]:
    conditions = {one["inputs"]["displayName"]: one["inputs"]["conditions"][0] for one in found.of_type(POLICY)}
    bounds = {name: dig(one, "conditionThreshold.thresholdValue") for name, one in conditions.items()}
    # A share here, percent in the list; silence is a condition without a bound.
    return bounds | {ERROR_RATE.label: bounds[ERROR_RATE.label] * 100, SILENCE.label: 1}


def _azure_bounds(found: Recording) -> dict[str, float]:
    rules = [one["inputs"] for kind in (QUERY, METRIC) for one in found.of_type(kind)]
    return {rule["ruleName"]: dig(rule, "criteria.allOf")[0]["threshold"] for rule in rules}


BOUNDS = {"aws": _aws_bounds, "gcp": _gcp_bounds, "azure": _azure_bounds}


@pytest.fixture(params=clouds.NAMES)
def cloud(request: pytest.FixtureRequest) -> str:
    return request.param


def watch_of(cloud: str) -> dict[str, Any]:
    spec = parse({key.partition(":")[2]: value for key, value in stack_settings(cloud).items()}, cloud)
    wanted = {alarm.label: alarm.above for alarm in alarms(spec)}
    return wanted | {SILENCE.label: 1}


def test_every_cloud_has_the_same_alarms(cloud: str) -> None:
    """It finds each alarm under its one name, with its one bound."""
    assert BOUNDS[cloud](recording(cloud)) == watch_of(cloud)


def test_every_alarm_of_the_agent_reads_its_own_measure(cloud: str) -> None:
    """It reads each measure from the agent's lines, by the name that the agent writes."""
    found = recording(cloud)
    spec = parse({key.partition(":")[2]: value for key, value in stack_settings(cloud).items()}, cloud)
    texts = [(one["name"], json.dumps(one["inputs"])) for one in found.resources]

    lacking = [
        alarm.name
        for alarm in measured(spec)
        if not any(name == f"lifeboat-watch-{alarm.name}" and alarm.measure in text for name, text in texts)
    ]

    assert lacking == []


def test_somebody_is_told(cloud: str) -> None:
    """It sends every alarm to the one address of the settings."""
    found = recording(cloud)

    assert "oncall@social.example.org" in json.dumps([one["inputs"] for one in found.resources])
    told = [
        one["inputs"].get("alarmActions") or one["inputs"].get("notificationChannels") or one["inputs"].get("actions")
        for kind in (ALARM, POLICY, QUERY, METRIC)
        for one in found.of_type(kind)
    ]
    assert all(told)


def test_nobody_can_empty_the_audit_log() -> None:
    """It locks the log for a year: in the bucket's own rules, and against the account's owner."""
    aws, gcp, azure = (recording(name) for name in clouds.NAMES)
    (lock,) = [
        one["inputs"]
        for one in aws.of_type("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
        if "watch" in one["name"]
    ]
    (bucket,) = [one["inputs"] for one in gcp.of_type("gcp:storage/bucket:Bucket") if "watch" in one["name"]]
    (account,) = [
        one["inputs"] for one in azure.of_type("azure-native:storage:StorageAccount") if "watch" in one["name"]
    ]

    assert dig(lock, "rule.defaultRetention") == {"mode": "COMPLIANCE", "days": AUDIT_DAYS}
    assert bucket["retentionPolicy"] == {"isLocked": True, "retentionPeriod": str(AUDIT_DAYS * 24 * 3600)}
    policy = dig(account, "immutableStorageWithVersioning.immutabilityPolicy")
    assert policy["immutabilityPeriodSinceCreationInDays"] == AUDIT_DAYS


def test_the_audit_log_is_written_and_named(cloud: str) -> None:
    """It starts the log itself, and says in the outputs where it lies."""
    writers = {
        "aws": "aws:cloudtrail/trail:Trail",
        "gcp": "gcp:logging/projectSink:ProjectSink",
        "azure": "azure-native:monitor:SubscriptionDiagnosticSetting",
    }
    found = recording(cloud)

    assert len(found.of_type(writers[cloud])) == 1
    assert "audit" in found.outputs["audit_url"] or "activity" in found.outputs["audit_url"]
