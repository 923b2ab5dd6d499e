"""Watch: alarms in Cloud Monitoring, and an audit log of the whole project that nobody can change."""

import pulumi_gcp as gcp
from pulumi import Input, Output, ResourceOptions

from infra.alarms import ERROR_RATE, SILENCE, Alarm, measured
from infra.capability import Capability
from infra.clouds.gcp.audit import audit_log
from infra.clouds.gcp.edge import Edge
from infra.clouds.gcp.network import Network
from infra.clouds.gcp.service import Service
from infra.clouds.gcp.stores import store_url
from infra.spec import SiteSpec

MINUTE = "60s"
AGENT_LOG = 'resource.type="cloud_run_worker_pool"'
EDGE_REQUESTS = 'metric.type="loadbalancing.googleapis.com/https/request_count" AND resource.type="https_lb_rule"'

Condition = gcp.monitoring.AlertPolicyConditionArgs
Threshold = gcp.monitoring.AlertPolicyConditionConditionThresholdArgs


class Watch(Capability):
    """The agent's lines become metrics by filters on its log; Monitoring finds agent and edge by their kinds."""

    def __init__(
        self, name: str, spec: SiteSpec, network: Network, service: Service, edge: Edge, opts: ResourceOptions
    ) -> None:
        super().__init__(name, spec, opts)
        self.somebody = self._somebody(network)
        counted = {alarm.measure: self._count(alarm, network) for alarm in measured(spec)}
        for alarm in measured(spec):
            self._alert(alarm, _above(alarm, counted[alarm.measure]))
        self._alert(SILENCE, _silent(counted[SILENCE.measure]))
        self._alert(ERROR_RATE, _errors())
        self.audit_url = store_url(audit_log(self, network.project))
        self.register_outputs({"audit_url": self.audit_url})

    def _somebody(self, network: Network) -> Input[str]:
        """Who is told: one address by e-mail."""
        return gcp.monitoring.NotificationChannel(
            self.child("somebody"),
            type="email",
            display_name="lifeboat",
            labels={"email_address": self.spec.alarm_email},
            user_labels=self.tags,
            opts=self.inside(depends_on=network.project.apis),
        ).name

    def _count(self, alarm: Alarm, network: Network) -> Output[str]:
        return gcp.logging.Metric(
            self.child(alarm.name),
            name=alarm.label,
            description=alarm.meaning,
            filter=f'{AGENT_LOG} AND jsonPayload.measure="{alarm.measure}"',
            value_extractor="EXTRACT(jsonPayload.value)",
            metric_descriptor=gcp.logging.MetricMetricDescriptorArgs(
                metric_kind="DELTA", value_type="DISTRIBUTION", display_name=alarm.measure
            ),
            opts=self.inside(depends_on=network.project.apis),
        ).name

    def _alert(self, alarm: Alarm, condition: gcp.monitoring.AlertPolicyConditionArgs) -> None:
        gcp.monitoring.AlertPolicy(
            self.child(alarm.name),
            display_name=alarm.label,
            combiner="OR",
            conditions=[condition],
            notification_channels=[self.somebody],
            documentation=gcp.monitoring.AlertPolicyDocumentationArgs(content=alarm.meaning),
            user_labels=self.tags,
            opts=self.inside(),
        )


def _kind(metric: Output[str]) -> Output[str]:
    return Output.format('metric.type="logging.googleapis.com/user/{0}" AND {1}', metric, AGENT_LOG)


def _above(alarm: Alarm, metric: Output[str]) -> Condition:
    highest = gcp.monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
        alignment_period=MINUTE, per_series_aligner="ALIGN_PERCENTILE_99", cross_series_reducer="REDUCE_MAX"
    )
    return Condition(
        display_name=alarm.label,
        condition_threshold=Threshold(
            filter=_kind(metric),
            comparison="COMPARISON_GT",
            threshold_value=alarm.above,
            duration=f"{60 * alarm.minutes}s",
            aggregations=[highest],
        ),
    )


def _silent(metric: Output[str]) -> Condition:
    lines = gcp.monitoring.AlertPolicyConditionConditionAbsentAggregationArgs(
        alignment_period=MINUTE, per_series_aligner="ALIGN_DELTA", cross_series_reducer="REDUCE_COUNT"
    )
    return Condition(
        display_name=SILENCE.label,
        condition_absent=gcp.monitoring.AlertPolicyConditionConditionAbsentArgs(
            filter=_kind(metric), duration=f"{60 * SILENCE.minutes}s", aggregations=[lines]
        ),
    )


def _errors() -> Condition:
    """The share of answers from 500 up among all answers of the edge."""
    rate = {"alignment_period": MINUTE, "per_series_aligner": "ALIGN_RATE", "cross_series_reducer": "REDUCE_SUM"}
    return Condition(
        display_name=ERROR_RATE.label,
        condition_threshold=Threshold(
            filter=f"{EDGE_REQUESTS} AND metric.label.response_code_class=500",
            aggregations=[gcp.monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(**rate)],
            denominator_filter=EDGE_REQUESTS,
            denominator_aggregations=[
                gcp.monitoring.AlertPolicyConditionConditionThresholdDenominatorAggregationArgs(**rate)
            ],
            comparison="COMPARISON_GT",
            threshold_value=ERROR_RATE.above / 100,
            duration=f"{60 * ERROR_RATE.minutes}s",
        ),
    )
