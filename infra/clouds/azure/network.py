"""Network: a virtual network, one address for all that leaves it, a log of every flow, and the site's vault."""

from collections.abc import Sequence
from typing import Any

import pulumi_azure_native as azure
from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.azure.firewall import ANY_PORT, SecurityGroup
from infra.clouds.azure.flows import flow_log
from infra.clouds.azure.keys import encryption_key
from infra.clouds.azure.place import make_place
from infra.clouds.azure.roles import identity
from infra.clouds.azure.secret import site_vault
from infra.spec import DATABASE_PORT, SiteSpec

EVERY_ZONE = ["1", "2", "3"]
"""An address that survives a zone must name all three, whichever two the site uses."""

HTTPS = "443"
NAME_SERVER = "168.63.129.16"
"""Where every virtual network asks for names (Azure's own address, the same everywhere)."""


class Network(Capability):
    """Subnets span the zones: services (out by the NAT gateway), database (by the link, and to Storage for its logs).

    The third subnet must be called GatewaySubnet, takes no security group, and holds the link's gateway alone.
    """

    def __init__(self, name: str, spec: SiteSpec, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.place = make_place(self)
        self.network = self._network()
        self.services_firewall = self._services_firewall()
        self.database_firewall = SecurityGroup(self, "database", self.place)
        address, nat = self._way_out()
        self.services_subnet = self._services_subnet(nat)
        self.database_subnet = self._database_subnet(nat)
        self.gateway_subnet = self._subnet(
            "gateway", spec.network.gateway_cidr, [self.database_subnet], subnet_name="GatewaySubnet"
        )
        flows = identity(self, "flows", self.place)
        self.vault = site_vault(self, self.place, flows.tenant_id, [self.services_subnet.id])
        flow_log(self, self.network.id, flows, encryption_key(self, self.vault))
        self.egress_address = address.ip_address.apply(str)
        self.register_outputs({"egress_address": self.egress_address})

    def _network(self) -> azure.network.VirtualNetwork:
        return azure.network.VirtualNetwork(
            self.child("network"),
            resource_group_name=self.place.group.name,
            address_space=azure.network.AddressSpaceArgs(address_prefixes=[self.spec.network.cidr]),
            tags=self.tags,
            opts=self.inside(),
        )

    def _services_firewall(self) -> SecurityGroup:
        """What Container Apps needs of a subnet (Microsoft's page on securing its networks), and nothing else."""
        network, group = self.spec.network, SecurityGroup(self, "services", self.place)
        # 31080 and 31443 are 80 and 443 behind the environment's own load balancer.
        group.let_in(self, "site", ["80", HTTPS, "31080", "31443"], network.cidr, 100)
        group.let_in(self, "services", ANY_PORT, network.services_cidr, 110)
        group.let_in(self, "balancer", ["30000-32767"], "AzureLoadBalancer", 120)
        group.let_out(self, "world", [HTTPS], "Internet", 100)
        group.let_out(self, "services", ANY_PORT, network.services_cidr, 110)
        group.let_out(self, "database", [str(DATABASE_PORT)], network.database_cidr, 120)
        group.let_out(self, "names", ANY_PORT, NAME_SERVER, 130)
        for rank, vendor in enumerate(self.spec.agent.dns_vendors, start=140):
            group.let_out(self, f"dns-{vendor.name}", [str(vendor.port)], f"{vendor.host}/32", rank)
        return group

    def _way_out(self) -> tuple[azure.network.PublicIPAddress, azure.network.NatGateway]:
        """The gateway stands in one zone: losing that zone cuts what leaves, not what comes in.

        Standard, since the newer StandardV2 cannot be put on subnets of Container Apps or PostgreSQL.
        """
        address = self.public_address(self, "egress")
        nat = azure.network.NatGateway(
            self.child("nat"),
            resource_group_name=self.place.group.name,
            sku=azure.network.NatGatewaySkuArgs(name=azure.network.NatGatewaySkuName.STANDARD),
            public_ip_addresses=[azure.network.SubResourceArgs(id=address.id)],
            zones=[self.spec.zones[0]],
            tags=self.tags,
            opts=self.inside(),
        )
        return address, nat

    def public_address(self, owner: Capability, part: str) -> azure.network.PublicIPAddress:
        """Make a fixed address, kept on a mistaken destroy: it is written into other parties' lists and settings."""
        return azure.network.PublicIPAddress(
            owner.child(part),
            resource_group_name=self.place.group.name,
            sku=azure.network.PublicIPAddressSkuArgs(name="Standard", tier="Regional"),
            public_ip_allocation_method="Static",
            public_ip_address_version="IPv4",
            zones=EVERY_ZONE,
            tags=owner.tags,
            opts=owner.guarded(),
        )

    def _services_subnet(self, nat: azure.network.NatGateway) -> azure.network.Subnet:
        # The services never learn the way to the peers; they speak to the other clouds over HTTPS.
        routes = azure.network.RouteTable(
            self.child("services"),
            resource_group_name=self.place.group.name,
            disable_bgp_route_propagation=True,
            tags=self.tags,
            opts=self.inside(),
        )
        return self._subnet(
            "services",
            self.spec.network.services_cidr,
            [],
            delegations=[_delegated("Microsoft.App/environments")],
            service_endpoints=[_directly("Microsoft.Storage"), _directly("Microsoft.KeyVault")],
            network_security_group=azure.network.NetworkSecurityGroupArgs(id=self.services_firewall.id),
            route_table=azure.network.RouteTableArgs(id=routes.id),
            nat_gateway=azure.network.SubResourceArgs(id=nat.id),
        )

    def _database_subnet(self, nat: azure.network.NatGateway) -> azure.network.Subnet:
        return self._subnet(
            "database",
            self.spec.network.database_cidr,
            [self.services_subnet],
            delegations=[_delegated("Microsoft.DBforPostgreSQL/flexibleServers")],
            service_endpoints=[_directly("Microsoft.Storage")],
            network_security_group=azure.network.NetworkSecurityGroupArgs(id=self.database_firewall.id),
            nat_gateway=azure.network.SubResourceArgs(id=nat.id),
        )

    def _subnet(
        self, tier: str, cidr: str, after: Sequence[azure.network.Subnet], **settings: Any
    ) -> azure.network.Subnet:
        """One after the other: Azure refuses a change of a network while another change of it is under way."""
        return azure.network.Subnet(
            self.child(tier),
            resource_group_name=self.place.group.name,
            virtual_network_name=self.network.name,
            address_prefix=cidr,
            default_outbound_access=False,
            opts=self.inside(depends_on=after),
            **settings,
        )


def _delegated(service: str) -> azure.network.DelegationArgs:
    return azure.network.DelegationArgs(name="lifeboat", service_name=service)


def _directly(service: str) -> azure.network.ServiceEndpointPropertiesFormatArgs:
    """Reach a service of Azure's own without the NAT gateway."""
    return azure.network.ServiceEndpointPropertiesFormatArgs(service=service)
