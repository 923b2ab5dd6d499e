"""Service: web, worker and agent on Container Apps, from one image, in an environment inside the network."""

from collections.abc import Mapping

import pulumi_azure_native as azure
from pulumi import Output, Resource, ResourceOptions

from infra.capability import Capability
from infra.clouds.azure.certificate import let_renew, told_to_agent
from infra.clouds.azure.control import Control
from infra.clouds.azure.ingress import Ingress
from infra.clouds.azure.media import Media
from infra.clouds.azure.network import Network
from infra.clouds.azure.place import keep_logs
from infra.clouds.azure.registry import Registry
from infra.clouds.azure.roles import (
    BLOB_CONTRIBUTOR,
    BLOBS,
    IMAGE_READER,
    SECRET_READER,
    allow,
    built_in,
    identity,
    own_role,
)
from infra.clouds.azure.vault import Vault
from infra.environment import plain, secret_names
from infra.spec import AGENT, PROCESSES, WEB, Process, SiteSpec

PROFILE = "Consumption"

OWN_IDENTITY = "AZURE_CLIENT_ID"
"""Which identity a process acts under. Azure's libraries and obstore read it; the app itself never does."""

Identity = azure.managedidentity.UserAssignedIdentity


class Service(Capability):
    """Each process is its own always-on container app: an agent that sleeps between requests would lose the lease."""

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
        self.place = network.place
        self.keeper = own_role(
            self, "keeper", "Read and write, never delete", [f"{BLOBS}/read", f"{BLOBS}/write"], self.place
        )
        self.environment = self._environment()
        self.ingress = Ingress(self, network, self.environment)
        own = {process: identity(self, process.name, self.place) for process in PROCESSES}
        self.tenant = own[WEB].tenant_id
        self.subjects: Mapping[str, Output[str]] = {process.name: one.principal_id for process, one in own.items()}
        apps = {process: self._run(process, own[process]) for process in PROCESSES}
        self.origin = self.ingress.host_of(apps[WEB])
        self.register_outputs({"origin": self.origin})

    def _environment(self) -> azure.app.ManagedEnvironment:
        """An environment with workload profiles: no other kind leaves by a NAT gateway; the kind cannot be changed."""
        environment = azure.app.ManagedEnvironment(
            self.child("environment"),
            resource_group_name=self.place.group.name,
            workload_profiles=[azure.app.WorkloadProfileArgs(name=PROFILE, workload_profile_type=PROFILE)],
            vnet_configuration=azure.app.VnetConfigurationArgs(
                internal=True, infrastructure_subnet_id=self.network.services_subnet.id
            ),
            public_network_access=azure.app.PublicNetworkAccess.DISABLED,
            zone_redundant=True,
            peer_traffic_configuration=azure.app.ManagedEnvironmentPeerTrafficConfigurationArgs(
                encryption=azure.app.ManagedEnvironmentEncryptionArgs(enabled=True)
            ),
            # To the workspace by the setting below, which needs none of its keys.
            app_logs_configuration=azure.app.AppLogsConfigurationArgs(destination="azure-monitor"),
            tags=self.tags,
            opts=self.inside(),
        )
        keep_logs(self, "environment", environment.id, self.place)
        return environment

    def _run(self, process: Process, own: Identity) -> azure.app.ContainerApp:
        starter = identity(self, f"{process.name}-starter", self.place)
        granted = [*self._let_start(process, starter), *self._let_work(process, own)]
        return azure.app.ContainerApp(
            self.child(process.name),
            resource_group_name=self.place.group.name,
            managed_environment_id=self.environment.id,
            workload_profile_name=PROFILE,
            identity=azure.app.ManagedServiceIdentityArgs(
                type=azure.app.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[starter.id, own.id]
            ),
            configuration=self._configuration(process, starter, own),
            template=azure.app.TemplateArgs(
                containers=[self._container(process, own)],
                scale=self._scale(process),
                termination_grace_period_seconds=60,
                volumes=[azure.app.VolumeArgs(name="scratch", storage_type=azure.app.StorageType.EMPTY_DIR)],
            ),
            tags=self.tags,
            opts=self.inside(depends_on=granted),
        )

    def _configuration(self, process: Process, starter: Identity, own: Identity) -> azure.app.ConfigurationArgs:
        """A new revision starts before the old one goes: two agents of one site overlap safely."""
        stages = azure.app.IdentitySettingsLifeCycle
        return azure.app.ConfigurationArgs(
            active_revisions_mode=azure.app.ActiveRevisionsMode.SINGLE,
            ingress=self.ingress.to(process),
            # The starter fetches image and secrets; nothing inside the container can act under it.
            identity_settings=[
                azure.app.IdentitySettingsArgs(identity=starter.id, lifecycle=stages.NONE),
                azure.app.IdentitySettingsArgs(identity=own.id, lifecycle=stages.MAIN),
            ],
            registries=[azure.app.RegistryCredentialsArgs(server=self.registry.repository, identity=starter.id)],
            secrets=[
                azure.app.SecretArgs(
                    name=neutral,
                    key_vault_url=self.network.vault.url_of(self.vault.secrets[neutral]),
                    identity=starter.id,
                )
                for neutral in secret_names(process).values()
            ],
        )

    def _container(self, process: Process, own: Identity) -> azure.app.ContainerArgs:
        variables = {OWN_IDENTITY: own.client_id} | plain(self.spec, process, self.media)
        if process == AGENT:
            variables |= told_to_agent(self.spec, self.network.vault)
        return azure.app.ContainerArgs(
            name=process.name,
            image=self.spec.service.image,
            command=list(process.command),
            resources=azure.app.ContainerResourcesArgs(
                cpu=float(self.spec.service.cpus), memory=f"{self.spec.service.memory_mib // 1024}Gi"
            ),
            env=[
                *[azure.app.EnvironmentVarArgs(name=name, value=value) for name, value in variables.items()],
                *[
                    azure.app.EnvironmentVarArgs(name=name, secret_ref=neutral)
                    for name, neutral in secret_names(process).items()
                ],
            ],
            probes=self.ingress.checks(process),
            volume_mounts=[azure.app.VolumeMountArgs(volume_name="scratch", mount_path="/tmp")],  # noqa: S108  (the container's own)  # nosec B108
        )

    def _scale(self, process: Process) -> azure.app.ScaleArgs:
        """From standby to full size by load alone: a takeover asks no API for it."""
        if process != WEB:
            return azure.app.ScaleArgs(min_replicas=1, max_replicas=1)
        busy = azure.app.CustomScaleRuleArgs(type="cpu", metadata={"type": "Utilization", "value": "50"})
        crowded = azure.app.HttpScaleRuleArgs(metadata={"concurrentRequests": "50"})
        return azure.app.ScaleArgs(
            min_replicas=self.spec.service.minimum,
            max_replicas=self.spec.service.maximum,
            polling_interval=15,
            cooldown_period=300,
            rules=[
                azure.app.ScaleRuleArgs(name="busy", custom=busy),
                azure.app.ScaleRuleArgs(name="crowded", http=crowded),
            ],
        )

    def _let_start(self, process: Process, starter: Identity) -> list[Resource]:
        """What starts a container: this process's secrets, which the process itself may not read, and images."""
        image = allow(self, f"{process.name}-image", starter, built_in(self, IMAGE_READER), self.registry.images.id)
        secrets = [
            allow(
                self,
                f"{process.name}-{neutral}",
                starter,
                built_in(self, SECRET_READER),
                self.vault.secrets[neutral].id,
            )
            for neutral in secret_names(process).values()
        ]
        return [image, *secrets]

    def _let_work(self, process: Process, own: Identity) -> list[Resource]:
        pictures = allow(
            self, f"{process.name}-pictures", own, built_in(self, BLOB_CONTRIBUTOR), self.media.pictures.id
        )
        if process != AGENT:
            return [pictures]
        stores: dict[str, Output[str]] = {"lease": self.control.lease.id, "ledger": self.control.ledger.id}
        certificate = let_renew(self, self.network.vault, own)
        return [
            pictures,
            certificate,
            *[allow(self, f"agent-{part}", own, self.keeper, scope) for part, scope in stores.items()],
        ]
