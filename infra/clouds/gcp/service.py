"""Service: web, worker and agent on Cloud Run, from one image, behind the site's own edge."""

from collections.abc import Mapping

import pulumi_gcp as gcp
from pulumi import Output, Resource, ResourceOptions

from infra.capability import Capability
from infra.clouds.gcp.containers import Place, pool_template, web_template
from infra.clouds.gcp.control import Control
from infra.clouds.gcp.firewall import ANYWHERE, Firewall
from infra.clouds.gcp.ingress import Ingress
from infra.clouds.gcp.media import Media
from infra.clouds.gcp.network import Network
from infra.clouds.gcp.registry import Registry
from infra.clouds.gcp.roles import APPEND, USE, Role
from infra.clouds.gcp.vault import Vault
from infra.environment import plain, secret_names
from infra.spec import AGENT, DATABASE_PORT, PROCESSES, WEB, Process, SiteSpec

HTTPS = 443


class Service(Capability):
    """Worker and agent are pools, which take no requests: a service's agent would sleep between them, lease or not."""

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
        self.subjects: Mapping[str, Output[str]] = {}
        for process in PROCESSES:
            self._run(process)
        self.origin = self.ingress.origin
        self.register_outputs({"origin": self.origin})

    def _run(self, process: Process) -> None:
        firewall, role = self._firewall(process), self._role(process)
        place = Place(
            spec=self.spec,
            account=role.account.email,
            network=self.network.vpc.id,
            subnet=self.network.services_subnet.id,
            tag=firewall.tag,
            variables=plain(self.spec, process, self.media),
            secrets={
                name: (neutral, self.vault.secrets[neutral].version) for name, neutral in secret_names(process).items()
            },
        )
        needs = [*firewall.rules, *role.grants, self.network.nat, self.registry.images]
        if process == WEB:
            self.ingress = Ingress(self, self._serve(process, place, needs))
        else:
            self._keep_running(process, place, needs)

    def _firewall(self, process: Process) -> Firewall:
        firewall = Firewall(self, process.name, self.network.vpc.id)
        firewall.let_out("world", HTTPS, ANYWHERE)
        firewall.let_out("database", DATABASE_PORT, self.spec.network.database_cidr)
        for vendor in self.spec.vendors_of(process):
            firewall.let_out(f"dns-{vendor.name}", vendor.port, f"{vendor.host}/32")
        return firewall

    def _role(self, process: Process) -> Role:
        role = Role(self, process.name, self.network.project)
        self.subjects = {**self.subjects, process.name: role.account.unique_id}
        for neutral in secret_names(process).values():
            role.let_read(neutral.removeprefix("lifeboat-"), self.vault.secrets[neutral])
        role.let_use("media", self.media.bucket, USE)
        if process == AGENT:
            role.let_use("lease", self.control.lease, USE)
            role.let_use("ledger", self.control.ledger, APPEND)
        return role

    def _serve(self, process: Process, place: Place, needs: list[Resource]) -> gcp.cloudrunv2.Service:
        """Scaled from standby to full size by load alone: a takeover asks no API for it.

        Cloud Run asks no caller for an identity here, since it lets in none but the edge's load balancer and this
        project's own network. Its own name stays: inside the network, web is found by it.
        """
        return gcp.cloudrunv2.Service(
            self.child(process.name),
            location=self.spec.region,
            ingress="INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            invoker_iam_disabled=True,
            template=web_template(place, process),
            deletion_protection=True,
            labels=self.tags,
            opts=self.guarded(depends_on=needs),
        )

    def _keep_running(self, process: Process, place: Place, needs: list[Resource]) -> gcp.cloudrunv2.WorkerPool:
        """One copy; at a new version it comes before the old one goes, and two agents of one site overlap safely."""
        return gcp.cloudrunv2.WorkerPool(
            self.child(process.name),
            location=self.spec.region,
            scaling=gcp.cloudrunv2.WorkerPoolScalingArgs(scaling_mode="MANUAL", manual_instance_count=1),
            template=pool_template(place, process),
            deletion_protection=False,
            labels=self.tags,
            opts=self.inside(depends_on=needs),
        )
