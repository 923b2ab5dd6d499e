"""Network: a VPC with one subnet over all zones, one address for all that leaves it, and a log of every flow."""

import ipaddress

import pulumi_gcp as gcp
from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.gcp.firewall import refuse_the_rest
from infra.clouds.gcp.project import Project
from infra.spec import SiteSpec

LOG_DAYS = 90


class Network(Capability):
    """Services live in our own subnet; the database in Google's network, joined to ours by private services access."""

    def __init__(self, name: str, spec: SiteSpec, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.project = Project(self)
        self.vpc = self._vpc()
        self.services_subnet = self._services_subnet()
        self.address = self._address()
        self.nat = self._way_out()
        self.database_range = self._database_range()
        self.database_peering = self._database_peering()
        refuse_the_rest(self, self.vpc.id)
        self._keep_logs()
        self.egress_address = self.address.address
        self.register_outputs({"egress_address": self.egress_address})

    def _vpc(self) -> gcp.compute.Network:
        return gcp.compute.Network(
            self.child("vpc"),
            auto_create_subnetworks=False,
            routing_mode="REGIONAL",
            opts=self.inside(depends_on=self.project.apis),
        )

    def _services_subnet(self) -> gcp.compute.Subnetwork:
        """A subnet spans the zones of its region; Google's own services are reached without leaving its network."""
        return gcp.compute.Subnetwork(
            self.child("services"),
            network=self.vpc.id,
            region=self.spec.region,
            ip_cidr_range=self.spec.network.services_cidr,
            private_ip_google_access=True,
            log_config=gcp.compute.SubnetworkLogConfigArgs(
                aggregation_interval="INTERVAL_1_MIN", flow_sampling=1.0, metadata="INCLUDE_ALL_METADATA"
            ),
            opts=self.inside(),
        )

    def _address(self) -> gcp.compute.Address:
        """Kept on a mistaken destroy: the address is written into other parties' allow lists."""
        return gcp.compute.Address(
            self.child("egress"),
            region=self.spec.region,
            address_type="EXTERNAL",
            network_tier="PREMIUM",
            labels=self.tags,
            opts=self.guarded(depends_on=self.project.apis),
        )

    def _way_out(self) -> gcp.compute.RouterNat:
        router = gcp.compute.Router(self.child("nat"), network=self.vpc.id, region=self.spec.region, opts=self.inside())
        subnet = gcp.compute.RouterNatSubnetworkArgs(
            name=self.services_subnet.id, source_ip_ranges_to_nats=["ALL_IP_RANGES"]
        )
        return gcp.compute.RouterNat(
            self.child("nat"),
            router=router.name,
            region=self.spec.region,
            nat_ip_allocate_option="MANUAL_ONLY",
            nat_ips=[self.address.self_link],
            source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
            subnetworks=[subnet],
            enable_dynamic_port_allocation=True,
            enable_endpoint_independent_mapping=False,
            min_ports_per_vm=64,
            max_ports_per_vm=4096,
            log_config=gcp.compute.RouterNatLogConfigArgs(enable=True, filter="ERRORS_ONLY"),
            opts=self.inside(),
        )

    def _database_range(self) -> gcp.compute.GlobalAddress:
        """Set, not left to Google to choose: the peers let in exactly this range."""
        block = ipaddress.ip_network(self.spec.network.database_cidr)
        return gcp.compute.GlobalAddress(
            self.child("database"),
            network=self.vpc.id,
            purpose="VPC_PEERING",
            address_type="INTERNAL",
            address=str(block.network_address),
            prefix_length=block.prefixlen,
            labels=self.tags,
            opts=self.inside(),
        )

    def _database_peering(self) -> gcp.servicenetworking.Connection:
        """Abandoned rather than deleted: Google refuses that for days after the last database is gone."""
        return gcp.servicenetworking.Connection(
            self.child("database"),
            network=self.vpc.id,
            service="servicenetworking.googleapis.com",
            reserved_peering_ranges=[self.database_range.name],
            deletion_policy="ABANDON",
            opts=self.inside(),
        )

    def _keep_logs(self) -> None:
        """The project's own log bucket takes flows, refusals, database and processes; by default it forgets early."""
        gcp.logging.ProjectBucketConfig(
            self.child("logs"),
            project=self.spec.account,
            location="global",
            bucket_id="_Default",
            retention_days=LOG_DAYS,
            opts=self.inside(depends_on=self.project.apis),
        )
