"""Watch: alarms in CloudWatch, and an audit log of the whole account that nobody can change."""

import pulumi_aws as aws
from pulumi import Input, ResourceOptions

from infra.alarms import ERROR_RATE, NAMESPACE, SILENCE, Alarm, measured
from infra.capability import Capability
from infra.clouds.aws.audit import audit_log
from infra.clouds.aws.edge import Edge
from infra.clouds.aws.network import Network
from infra.clouds.aws.protection import GLOBAL_REGION
from infra.clouds.aws.service import Service
from infra.clouds.aws.stores import store_url
from infra.spec import AGENT, SiteSpec

MINUTE = 60


class Watch(Capability):
    """The agent's lines become metrics by filters on its log. `network` is taken as in every cloud."""

    def __init__(
        self, name: str, spec: SiteSpec, network: Network, service: Service, edge: Edge, opts: ResourceOptions
    ) -> None:
        super().__init__(name, spec, opts)
        somebody = self._somebody("here", spec.region)
        for alarm in measured(spec):
            self._count(alarm, service.logs[AGENT.name])
            self._ring(alarm, somebody)
        self._ring_when_silent(somebody)
        self._ring_on_errors(edge, self._somebody("edge", GLOBAL_REGION))
        self.audit_url = store_url(self, audit_log(self))
        self.register_outputs({"audit_url": self.audit_url})

    def _somebody(self, part: str, region: str) -> Input[str]:
        """Who is told: one address by e-mail. An alarm reaches only topics of its own region."""
        topic = aws.sns.Topic(
            self.child(part),
            region=region,
            kms_master_key_id="alias/aws/sns",
            tags=self.tags,
            opts=self.inside(),
        )
        aws.sns.TopicSubscription(
            self.child(part),
            region=region,
            topic=topic.arn,
            protocol="email",
            endpoint=self.spec.alarm_email,
            opts=self.inside(),
        )
        return topic.arn

    def _count(self, alarm: Alarm, logs: aws.cloudwatch.LogGroup) -> None:
        aws.cloudwatch.LogMetricFilter(
            self.child(alarm.name),
            name=alarm.label,
            log_group_name=logs.name,
            pattern=f'{{ $.measure = "{alarm.measure}" }}',
            metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                namespace=NAMESPACE, name=alarm.measure, value="$.value"
            ),
            opts=self.inside(),
        )

    def _ring(self, alarm: Alarm, somebody: Input[str]) -> None:
        aws.cloudwatch.MetricAlarm(
            self.child(alarm.name),
            name=alarm.label,
            alarm_description=alarm.meaning,
            namespace=NAMESPACE,
            metric_name=alarm.measure,
            statistic="Maximum",
            comparison_operator="GreaterThanThreshold",
            threshold=alarm.above,
            period=MINUTE,
            evaluation_periods=alarm.minutes,
            treat_missing_data="ignore",
            alarm_actions=[somebody],
            ok_actions=[somebody],
            tags=self.tags,
            opts=self.inside(),
        )

    def _ring_when_silent(self, somebody: Input[str]) -> None:
        aws.cloudwatch.MetricAlarm(
            self.child(SILENCE.name),
            name=SILENCE.label,
            alarm_description=SILENCE.meaning,
            namespace=NAMESPACE,
            metric_name=SILENCE.measure,
            statistic="SampleCount",
            comparison_operator="LessThanThreshold",
            threshold=1,
            period=MINUTE,
            evaluation_periods=SILENCE.minutes,
            treat_missing_data="breaching",
            alarm_actions=[somebody],
            ok_actions=[somebody],
            tags=self.tags,
            opts=self.inside(),
        )

    def _ring_on_errors(self, edge: Edge, somebody: Input[str]) -> None:
        aws.cloudwatch.MetricAlarm(
            self.child(ERROR_RATE.name),
            name=ERROR_RATE.label,
            region=GLOBAL_REGION,
            alarm_description=ERROR_RATE.meaning,
            namespace="AWS/CloudFront",
            metric_name="5xxErrorRate",
            dimensions={"DistributionId": edge.distribution.id, "Region": "Global"},
            statistic="Average",
            comparison_operator="GreaterThanThreshold",
            threshold=ERROR_RATE.above,
            period=MINUTE,
            evaluation_periods=ERROR_RATE.minutes,
            treat_missing_data="notBreaching",
            alarm_actions=[somebody],
            ok_actions=[somebody],
            tags=self.tags,
            opts=self.inside(),
        )
