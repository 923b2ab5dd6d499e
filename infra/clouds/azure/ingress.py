"""The way in to web: the environment's own load balancer with health checks, behind the site's edge."""

import pulumi_azure_native as azure
from pulumi import Output

from infra.capability import Capability
from infra.clouds.azure.names import resolved_inside
from infra.clouds.azure.network import Network
from infra.spec import HEALTH_PATH, Process


class Ingress:
    """Reached from inside this site's network alone; the environment has no public address."""

    def __init__(self, owner: Capability, network: Network, environment: azure.app.ManagedEnvironment) -> None:
        self.environment = environment
        zone, _ = resolved_inside(owner, "ingress", environment.default_domain, network)
        azure.privatedns.PrivateRecordSet(
            owner.child("ingress"),
            private_zone_name=zone.name,
            resource_group_name=network.place.group.name,
            relative_record_set_name="*",
            record_type="A",
            ttl=300,
            a_records=[azure.privatedns.ARecordArgs(ipv4_address=environment.static_ip)],
            opts=owner.inside(),
        )

    def to(self, process: Process) -> azure.app.IngressArgs | None:
        """Return the way in to a process; those without a port take no requests.

        `external` means from outside the environment, which is this site's network and the edge.
        """
        if process.port is None:
            return None
        newest = azure.app.TrafficWeightArgs(latest_revision=True, weight=100)
        return azure.app.IngressArgs(
            external=True,
            target_port=process.port,
            transport=azure.app.IngressTransportMethod.HTTP,
            allow_insecure=False,
            traffic=[newest],
        )

    def checks(self, process: Process) -> list[azure.app.ContainerAppProbeArgs]:
        """Return the health checks of a process: has it started, does it live, may it be sent requests."""
        if process.port is None:
            return []
        ask = azure.app.ContainerAppProbeHttpGetArgs(path=HEALTH_PATH, port=process.port)
        # Two minutes to start, as on GCP; no more than ten failures can be asked for.
        patience = {
            azure.app.Type.STARTUP: (12, 10),
            azure.app.Type.LIVENESS: (10, 3),
            azure.app.Type.READINESS: (10, 3),
        }
        return [
            azure.app.ContainerAppProbeArgs(
                type=kind, http_get=ask, period_seconds=every, timeout_seconds=5, failure_threshold=failures
            )
            for kind, (every, failures) in patience.items()
        ]

    def host_of(self, app: azure.app.ContainerApp) -> Output[str]:
        """Return the name under which the edge finds an app."""
        return Output.format("{0}.{1}", app.name, self.environment.default_domain)
