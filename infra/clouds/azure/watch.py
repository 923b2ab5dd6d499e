"""Watch: alarms in Azure Monitor, and an audit log of the whole subscription that nobody can change."""

import pulumi_azure_native as azure
from pulumi import ResourceOptions

from infra.alarms import ERROR_RATE, SILENCE, Alarm, measured
from infra.capability import Capability
from infra.clouds.azure.audit import audit_log
from infra.clouds.azure.edge import Edge
from infra.clouds.azure.names import EVERYWHERE
from infra.clouds.azure.network import Network
from infra.clouds.azure.service import Service
from infra.spec import SiteSpec

LINES = "ContainerAppConsoleLogs | extend said = parse_json(Log)"
"""The console of every process; the agent alone writes measures."""

Condition = azure.monitor.ConditionArgs


class Watch(Capability):
    """The agent's lines are read from the site's workspace by queries; `service` writes them there."""

    def __init__(
        self, name: str, spec: SiteSpec, network: Network, service: Service, edge: Edge, opts: ResourceOptions
    ) -> None:
        super().__init__(name, spec, opts)
        self.place, self.service = network.place, service
        self.somebody = self._somebody()
        for alarm in measured(spec):
            self._ring(alarm, _above(alarm))
        self._ring(SILENCE, _silent())
        self._ring_on_errors(edge)
        self.audit_url = audit_log(self, network)
        self.register_outputs({"audit_url": self.audit_url})

    def _somebody(self) -> azure.monitor.ActionGroup:
        """Who is told: one address by e-mail."""
        return azure.monitor.ActionGroup(
            self.child("somebody"),
            action_group_name="lifeboat",
            group_short_name="lifeboat",
            resource_group_name=self.place.group.name,
            location=EVERYWHERE,
            enabled=True,
            email_receivers=[
                azure.monitor.MicrosoftCommonEmailReceiverArgs(
                    name="lifeboat", email_address=self.spec.alarm_email, use_common_alert_schema=True
                )
            ],
            tags=self.tags,
            opts=self.inside(),
        )

    def _ring(self, alarm: Alarm, condition: azure.monitor.ConditionArgs) -> None:
        azure.monitor.ScheduledQueryRule(
            self.child(alarm.name),
            rule_name=alarm.label,
            display_name=alarm.label,
            description=alarm.meaning,
            resource_group_name=self.place.group.name,
            location=self.spec.region,
            kind=azure.monitor.Kind.LOG_ALERT,
            scopes=[self.place.logs.id],
            evaluation_frequency="PT1M",
            window_size=f"PT{alarm.minutes}M",
            severity=1,
            enabled=True,
            auto_mitigate=True,
            # The table comes to be with the first line; until then Azure would refuse the query.
            skip_query_validation=True,
            criteria=azure.monitor.ScheduledQueryRuleCriteriaArgs(all_of=[condition]),
            actions=azure.monitor.ActionsArgs(action_groups=[self.somebody.id]),
            tags=self.tags,
            opts=self.inside(depends_on=[self.service.environment]),
        )

    def _ring_on_errors(self, edge: Edge) -> None:
        percent = azure.monitor.MetricCriteriaArgs(
            name="errors",
            criterion_type="StaticThresholdCriterion",
            metric_namespace="Microsoft.Cdn/profiles",
            metric_name="Percentage5XX",
            operator=azure.monitor.Operator.GREATER_THAN,
            threshold=ERROR_RATE.above,
            time_aggregation=azure.monitor.AggregationTypeEnum.AVERAGE,
        )
        azure.monitor.MetricAlert(
            self.child(ERROR_RATE.name),
            rule_name=ERROR_RATE.label,
            description=ERROR_RATE.meaning,
            resource_group_name=self.place.group.name,
            location=EVERYWHERE,
            scopes=[edge.profile.id],
            evaluation_frequency="PT1M",
            window_size=f"PT{ERROR_RATE.minutes}M",
            severity=1,
            enabled=True,
            criteria=azure.monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
                odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", all_of=[percent]
            ),
            actions=[azure.monitor.MetricAlertActionArgs(action_group_id=self.somebody.id)],
            tags=self.tags,
            opts=self.inside(),
        )


def _above(alarm: Alarm) -> Condition:
    """It rings when even the lowest value of the time was above the bound."""
    return Condition(
        query=f"{LINES} | where said.measure == '{alarm.measure}' | project TimeGenerated, value = todouble(said.value)",
        metric_measure_column="value",
        time_aggregation=azure.monitor.TimeAggregation.MINIMUM,
        operator=azure.monitor.ConditionOperator.GREATER_THAN,
        threshold=alarm.above,
        failing_periods=_at_once(),
    )


def _silent() -> Condition:
    return Condition(
        query=f"{LINES} | where said.measure == '{SILENCE.measure}'",
        time_aggregation=azure.monitor.TimeAggregation.COUNT,
        operator=azure.monitor.ConditionOperator.LESS_THAN,
        threshold=1,
        failing_periods=_at_once(),
    )


def _at_once() -> azure.monitor.ConditionFailingPeriodsArgs:
    return azure.monitor.ConditionFailingPeriodsArgs(number_of_evaluation_periods=1, min_failing_periods_to_alert=1)
