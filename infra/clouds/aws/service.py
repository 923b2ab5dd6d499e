"""Service: web, worker and agent on Fargate, from one image, behind an internal load balancer."""

from collections.abc import Mapping

import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.aws.control import Control
from infra.clouds.aws.firewall import ANYWHERE, SecurityGroup
from infra.clouds.aws.ingress import Ingress
from infra.clouds.aws.keys import encryption_key
from infra.clouds.aws.media import Media
from infra.clouds.aws.network import LOG_DAYS, Network
from infra.clouds.aws.registry import Registry
from infra.clouds.aws.roles import Statement, allow, service_role
from infra.clouds.aws.vault import Vault
from infra.environment import plain, secret_names
from infra.identities import audience
from infra.spec import AGENT, DATABASE_PORT, PROCESSES, WEB, Process, SiteSpec

TASKS = "ecs-tasks.amazonaws.com"
HTTPS = 443


class Service(Capability):
    """Each process is its own always-on ECS service: an agent that sleeps between requests would lose the lease."""

    def __init__(
        self,
        name: str,
        spec: SiteSpec,
        network: Network,
        registry: Registry,
        vault: Vault,
        media: Media,
        control: Control,
        opts: ResourceOptions,
    ) -> None:
        super().__init__(name, spec, opts)
        self.network, self.registry, self.vault = network, registry, vault
        self.media, self.control = media, control
        self.key = encryption_key(self, for_logs=True)
        self.cluster = self._cluster()
        self.ingress = Ingress(self, network)
        self.subjects: Mapping[str, Output[str]] = {}
        self.logs: dict[str, aws.cloudwatch.LogGroup] = {}
        for process in PROCESSES:
            self._run(process)
        self.origin = self.ingress.balancer.dns_name
        self.register_outputs({"origin": self.origin})

    def _cluster(self) -> aws.ecs.Cluster:
        insights = aws.ecs.ClusterSettingArgs(name="containerInsights", value="enabled")
        return aws.ecs.Cluster(self.child("cluster"), settings=[insights], tags=self.tags, opts=self.inside())

    def _run(self, process: Process) -> None:
        firewall = self._firewall(process)
        task = self._task(process)
        if process == WEB:
            self._scale(self._serve(process, task, firewall))
        else:
            self._serve(process, task, firewall)

    def _firewall(self, process: Process) -> SecurityGroup:
        firewall = SecurityGroup(self, process.name, f"what {process.name} may speak to", self.network.vpc.id)
        firewall.let_out("world", HTTPS, {"cidr_ipv4": ANYWHERE})
        firewall.let_out("database", DATABASE_PORT, {"cidr_ipv4": self.spec.network.database_cidr})
        for vendor in self.spec.vendors_of(process):
            firewall.let_out(f"dns-{vendor.name}", vendor.port, {"cidr_ipv4": f"{vendor.host}/32"})
        if process.port:
            self.ingress.open(firewall, process.port)
        return firewall

    def _task(self, process: Process) -> aws.ecs.TaskDefinition:
        logs = self.logs[process.name] = aws.cloudwatch.LogGroup(
            self.child(process.name),
            retention_in_days=LOG_DAYS,
            kms_key_id=self.key.arn,
            tags=self.tags,
            opts=self.inside(),
        )
        role = service_role(self, process.name, TASKS, self._rights(process))
        self.subjects = {**self.subjects, process.name: role.arn}
        return aws.ecs.TaskDefinition(
            self.child(process.name),
            family=self.child(process.name),
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(self.spec.service.cpus * 1024),
            memory=str(self.spec.service.memory_mib),
            runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
                operating_system_family="LINUX", cpu_architecture="X86_64"
            ),
            execution_role_arn=self._starter(process, logs).arn,
            task_role_arn=role.arn,
            volumes=[aws.ecs.TaskDefinitionVolumeArgs(name="scratch")],
            container_definitions=Output.json_dumps([self._container(process, logs)]),
            tags=self.tags,
            opts=self.inside(),
        )

    def _container(self, process: Process, logs: aws.cloudwatch.LogGroup) -> Mapping[str, object]:
        variables = plain(self.spec, process, self.media)
        secrets = secret_names(process)
        return {
            "name": process.name,
            "image": self.spec.service.image,
            "command": list(process.command),
            "essential": True,
            "readonlyRootFilesystem": True,
            "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/tmp"}],  # noqa: S108  (the container's own)  # nosec B108
            "portMappings": [{"containerPort": process.port, "protocol": "tcp"}] if process.port else [],
            "environment": [{"name": name, "value": value} for name, value in variables.items()],
            "secrets": [
                {"name": name, "valueFrom": self.vault.secrets[neutral].arn} for name, neutral in secrets.items()
            ],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": logs.name,
                    "awslogs-region": self.spec.region,
                    "awslogs-stream-prefix": process.name,
                },
            },
            "stopTimeout": 60,
        }

    def _starter(self, process: Process, logs: aws.cloudwatch.LogGroup) -> aws.iam.Role:
        """The role that starts a container: it may read this process's secrets, which the process itself may not."""
        vault = [self.vault.secrets[neutral].arn for neutral in secret_names(process).values()]
        statements = [
            allow(["secretsmanager:GetSecretValue"], *vault),
            allow(["kms:Decrypt"], self.vault.key.arn),
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], logs.arn.apply(lambda arn: f"{arn}:*")),
            allow(["ecr:GetAuthorizationToken"], "*"),
            allow(
                ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"],
                self.registry.images.arn,
            ),
        ]
        return service_role(self, f"{process.name}-starter", TASKS, statements)

    def _rights(self, process: Process) -> list[Statement]:
        media, control = self.media, self.control
        pictures = [
            allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], Output.format("{0}/*", media.bucket.arn)),
            _use(media.key),
        ]
        pictures.append(self._tell_who_it_is())
        if process != AGENT:
            return [*pictures, allow(["s3:ListBucket"], media.bucket.arn)]
        stores = [control.lease.arn, control.ledger.arn]
        objects = [Output.format("{0}/*", arn) for arn in stores]
        return [
            *pictures,
            allow(["s3:ListBucket"], media.bucket.arn, *stores),
            allow(["s3:GetObject", "s3:PutObject"], *objects),
            _use(control.key),
        ]

    def _tell_who_it_is(self) -> Statement:
        """A process may have a token about itself made out to the other two sites, and to nobody else."""
        others = [audience(self.spec.site, other) for other in self.spec.others]
        made_out = {"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": others}}
        return {**allow(["sts:GetWebIdentityToken"], "*"), "Condition": made_out}

    def _serve(self, process: Process, task: aws.ecs.TaskDefinition, firewall: SecurityGroup) -> aws.ecs.Service:
        return aws.ecs.Service(
            self.child(process.name),
            cluster=self.cluster.arn,
            task_definition=task.arn,
            launch_type="FARGATE",
            desired_count=self.spec.service.minimum if process == WEB else 1,
            # A new copy comes before the old one goes: two agents of one site overlap safely, no agent loses the lease.
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker=aws.ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True),
            network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(
                subnets=[subnet.id for subnet in self.network.services_subnets],
                security_groups=[firewall.id],
                assign_public_ip=False,
            ),
            load_balancers=self.ingress.targets_of(process),
            health_check_grace_period_seconds=60 if process.port else None,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            tags=self.tags,
            opts=self.inside(
                depends_on=[self.ingress.listener] if process.port else [],
                ignore_changes=["desiredCount"] if process == WEB else [],
            ),
        )

    def _scale(self, service: aws.ecs.Service) -> None:
        """From standby to full size by load alone: a takeover asks no API for it."""
        target = aws.appautoscaling.Target(
            self.child("web"),
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=Output.format("service/{0}/{1}", self.cluster.name, service.name),
            min_capacity=self.spec.service.minimum,
            max_capacity=self.spec.service.maximum,
            tags=self.tags,
            opts=self.inside(),
        )
        metric = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
            predefined_metric_type="ECSServiceAverageCPUUtilization"
        )
        aws.appautoscaling.Policy(
            self.child("web"),
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                predefined_metric_specification=metric, target_value=50, scale_out_cooldown=15, scale_in_cooldown=300
            ),
            opts=self.inside(),
        )


def _use(key: aws.kms.Key) -> Statement:
    return allow(["kms:Decrypt", "kms:GenerateDataKey"], key.arn)
