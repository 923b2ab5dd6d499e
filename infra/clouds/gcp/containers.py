"""The one container of each process, in the two forms that Cloud Run has for it: of a service, and of a pool."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_gcp as gcp
from pulumi import Input, Output

from infra.spec import HEALTH_PATH, Process, SiteSpec

REQUESTS_AT_ONCE = 80
REQUEST_SECONDS = 60


@dataclass(frozen=True)
class Place:
    """Where and as whom a process runs; `secrets` has (neutral name, version) by the variable's name."""

    spec: SiteSpec
    account: Input[str]
    network: Input[str]
    subnet: Input[str]
    tag: str
    variables: Mapping[str, Output[str]]
    secrets: Mapping[str, tuple[str, Output[str]]]

    @property
    def limits(self) -> dict[str, Input[str]]:
        return {"cpu": str(self.spec.service.cpus), "memory": f"{self.spec.service.memory_mib}Mi"}


def web_template(place: Place, process: Process) -> gcp.cloudrunv2.ServiceTemplateArgs:
    """Return the template of a service that takes requests."""
    interface = gcp.cloudrunv2.ServiceTemplateVpcAccessNetworkInterfaceArgs(
        network=place.network, subnetwork=place.subnet, tags=[place.tag]
    )
    return gcp.cloudrunv2.ServiceTemplateArgs(
        service_account=place.account,
        execution_environment="EXECUTION_ENVIRONMENT_GEN2",
        scaling=gcp.cloudrunv2.ServiceTemplateScalingArgs(
            min_instance_count=place.spec.service.minimum, max_instance_count=place.spec.service.maximum
        ),
        max_instance_request_concurrency=REQUESTS_AT_ONCE,
        timeout=f"{REQUEST_SECONDS}s",
        vpc_access=gcp.cloudrunv2.ServiceTemplateVpcAccessArgs(egress="ALL_TRAFFIC", network_interfaces=[interface]),
        containers=[_web_container(place, process)],
    )


def pool_template(place: Place, process: Process) -> gcp.cloudrunv2.WorkerPoolTemplateArgs:
    """Return the template of a pool, which takes no requests and always has its processor."""
    interface = gcp.cloudrunv2.WorkerPoolTemplateVpcAccessNetworkInterfaceArgs(
        network=place.network, subnetwork=place.subnet, tags=[place.tag]
    )
    container = gcp.cloudrunv2.WorkerPoolTemplateContainerArgs(
        name=process.name,
        image=place.spec.service.image,
        commands=list(process.command),
        envs=_pool_variables(place),
        resources=gcp.cloudrunv2.WorkerPoolTemplateContainerResourcesArgs(limits=place.limits),
    )
    return gcp.cloudrunv2.WorkerPoolTemplateArgs(
        service_account=place.account,
        vpc_access=gcp.cloudrunv2.WorkerPoolTemplateVpcAccessArgs(egress="ALL_TRAFFIC", network_interfaces=[interface]),
        containers=[container],
    )


def _web_container(place: Place, process: Process) -> gcp.cloudrunv2.ServiceTemplateContainerArgs:
    return gcp.cloudrunv2.ServiceTemplateContainerArgs(
        name=process.name,
        image=place.spec.service.image,
        commands=list(process.command),
        ports=gcp.cloudrunv2.ServiceTemplateContainerPortsArgs(name="http1", container_port=process.port),
        envs=_web_variables(place),
        # The processor is there between requests too: web follows the lease all the time.
        resources=gcp.cloudrunv2.ServiceTemplateContainerResourcesArgs(
            limits=place.limits, cpu_idle=False, startup_cpu_boost=True
        ),
        startup_probe=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeArgs(
            http_get=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeHttpGetArgs(
                path=HEALTH_PATH, port=process.port
            ),
            period_seconds=5,
            timeout_seconds=3,
            failure_threshold=24,
        ),
        liveness_probe=gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeArgs(
            http_get=gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeHttpGetArgs(
                path=HEALTH_PATH, port=process.port
            ),
            period_seconds=10,
            timeout_seconds=5,
            failure_threshold=3,
        ),
    )


def _web_variables(place: Place) -> list[gcp.cloudrunv2.ServiceTemplateContainerEnvArgs]:
    known = [
        gcp.cloudrunv2.ServiceTemplateContainerEnvArgs(name=name, value=value)
        for name, value in place.variables.items()
    ]
    return known + [
        gcp.cloudrunv2.ServiceTemplateContainerEnvArgs(
            name=name,
            value_source=gcp.cloudrunv2.ServiceTemplateContainerEnvValueSourceArgs(
                secret_key_ref=gcp.cloudrunv2.ServiceTemplateContainerEnvValueSourceSecretKeyRefArgs(
                    secret=neutral, version=version
                )
            ),
        )
        for name, (neutral, version) in place.secrets.items()
    ]


def _pool_variables(place: Place) -> list[gcp.cloudrunv2.WorkerPoolTemplateContainerEnvArgs]:
    known = [
        gcp.cloudrunv2.WorkerPoolTemplateContainerEnvArgs(name=name, value=value)
        for name, value in place.variables.items()
    ]
    return known + [
        gcp.cloudrunv2.WorkerPoolTemplateContainerEnvArgs(
            name=name,
            value_source=gcp.cloudrunv2.WorkerPoolTemplateContainerEnvValueSourceArgs(
                secret_key_ref=gcp.cloudrunv2.WorkerPoolTemplateContainerEnvValueSourceSecretKeyRefArgs(
                    secret=neutral, version=version
                )
            ),
        )
        for name, (neutral, version) in place.secrets.items()
    ]
