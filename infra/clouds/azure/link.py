"""Link: IPsec tunnels with BGP from this virtual network straight to each peer, no hub between them."""

from collections.abc import Mapping, Sequence

import pulumi_azure_native as azure
from pulumi import CustomTimeouts, Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.azure.network import Network
from infra.clouds.azure.place import GROUP, keep_logs
from infra.contract import Secrets
from infra.spec import Peer, SiteSpec, Tunnel

ENDS = ("first", "second")
GATEWAY = "lifeboat"

CIPHERS = azure.network.IpsecPolicyArgs(
    ike_encryption=azure.network.IkeEncryption.AES256,
    ike_integrity=azure.network.IkeIntegrity.SHA256,
    dh_group=azure.network.DhGroup.DH_GROUP14,
    ipsec_encryption=azure.network.IpsecEncryption.AES256,
    ipsec_integrity=azure.network.IpsecIntegrity.SHA256,
    pfs_group=azure.network.PfsGroup.PFS14,
    sa_life_time_seconds=3600,
    sa_data_size_kilobytes=102400000,
)
"""What all three VPN services offer; Azure takes one suite, not a list, so the others must offer exactly it."""


class Link(Capability):
    """The gateway always stands, with an end in two zones; each tunnel to a peer is a connection of its own."""

    def __init__(self, name: str, spec: SiteSpec, secrets: Secrets, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.secrets, self.place = secrets, network.place
        self.tunnels = {peer.site: spec.tunnels(peer, len(ENDS)) for peer in spec.linked}
        addresses = [network.public_address(self, end) for end in ENDS]
        self.gateway = self._gateway(network, addresses)
        keep_logs(self, "tunnels", self.gateway.id, self.place)
        for peer in spec.linked:
            for tunnel in self.tunnels[peer.site]:
                self._connect(peer, tunnel)
        ends = Output.all(*[address.ip_address.apply(str) for address in addresses])
        others = [one.site for one in spec.networks if one.site != spec.site]
        self.gateways: Mapping[str, Output[list[str]]] = dict.fromkeys(others, ends)
        self.register_outputs({"gateways": dict(self.gateways)})

    def _gateway(
        self, network: Network, addresses: Sequence[azure.network.PublicIPAddress]
    ) -> azure.network.VirtualNetworkGateway:
        return azure.network.VirtualNetworkGateway(
            self.child("gateway"),
            virtual_network_gateway_name=GATEWAY,
            resource_group_name=self.place.group.name,
            gateway_type=azure.network.VirtualNetworkGatewayType.VPN,
            vpn_type=azure.network.VpnType.ROUTE_BASED,
            vpn_gateway_generation=azure.network.VpnGatewayGeneration.GENERATION1,
            sku=azure.network.VirtualNetworkGatewaySkuArgs(name="VpnGw1AZ", tier="VpnGw1AZ"),
            active_active=True,
            enable_bgp=True,
            bgp_settings=self._speaker(),
            ip_configurations=[
                azure.network.VirtualNetworkGatewayIPConfigurationArgs(
                    name=end,
                    private_ip_allocation_method="Dynamic",
                    subnet=azure.network.SubResourceArgs(id=network.gateway_subnet.id),
                    public_ip_address=azure.network.SubResourceArgs(id=address.id),
                )
                for end, address in zip(ENDS, addresses, strict=True)
            ],
            tags=self.tags,
            # Azure takes half an hour to three quarters for it.
            opts=self.inside(custom_timeouts=CustomTimeouts(create="90m", update="90m", delete="60m")),
        )

    def _speaker(self) -> azure.network.BgpSettingsArgs:
        """Each end must know every inside address that it uses, of all peers' tunnels, before a connection may."""
        peering = [
            azure.network.IPConfigurationBgpPeeringAddressArgs(
                ipconfiguration_id=self._end_id(end), custom_bgp_ip_addresses=inside
            )
            for end in range(len(ENDS))
            if (inside := [tunnel.own_inside for found in self.tunnels.values() for tunnel in _at(end, found)])
        ]
        return azure.network.BgpSettingsArgs(asn=self.spec.network.asn, bgp_peering_addresses=peering or None)

    def _end_id(self, end: int) -> str:
        """The gateway speaks of its own ends by resource id, so the id must be known before there is one."""
        group = f"/subscriptions/{self.spec.account}/resourceGroups/{GROUP}"
        gateway = f"{group}/providers/Microsoft.Network/virtualNetworkGateways/{GATEWAY}"
        return f"{gateway}/ipConfigurations/{ENDS[end]}"

    def _connect(self, peer: Peer, tunnel: Tunnel) -> azure.network.VirtualNetworkGatewayConnection:
        return azure.network.VirtualNetworkGatewayConnection(
            self.child(f"{peer.site}-{tunnel.number + 1}"),
            resource_group_name=self.place.group.name,
            connection_type=azure.network.VirtualNetworkGatewayConnectionType.IPSEC,
            connection_protocol=azure.network.VirtualNetworkGatewayConnectionProtocol.IK_EV2,
            connection_mode=azure.network.VirtualNetworkGatewayConnectionMode.DEFAULT,
            virtual_network_gateway1=azure.network.VirtualNetworkGatewayArgs(id=self.gateway.id),
            local_network_gateway2=azure.network.LocalNetworkGatewayArgs(id=self._far_end(peer, tunnel).id),
            shared_key=self.secrets.link_keys[peer.site],
            enable_bgp=True,
            gateway_custom_bgp_ip_addresses=self._inside(peer, tunnel),
            ipsec_policies=[CIPHERS],
            dpd_timeout_seconds=45,
            tags=self.tags,
            opts=self.inside(),
        )

    def _far_end(self, peer: Peer, tunnel: Tunnel) -> azure.network.LocalNetworkGateway:
        return azure.network.LocalNetworkGateway(
            self.child(f"{peer.site}-{tunnel.number + 1}"),
            resource_group_name=self.place.group.name,
            gateway_ip_address=tunnel.peer_address,
            bgp_settings=azure.network.BgpSettingsArgs(asn=peer.network.asn, bgp_peering_address=tunnel.peer_inside),
            tags=self.tags,
            opts=self.inside(),
        )

    def _inside(self, peer: Peer, tunnel: Tunnel) -> list[azure.network.GatewayCustomBgpIpAddressIpConfigurationArgs]:
        """Azure wants an address at both ends of an active-active gateway, though a tunnel uses only one of them."""
        tunnels = self.tunnels[peer.site]
        used = {end: tunnel if end == tunnel.own_end else _at(end, tunnels)[0] for end in range(len(ENDS))}
        return [
            azure.network.GatewayCustomBgpIpAddressIpConfigurationArgs(
                ip_configuration_id=self._end_id(end), custom_bgp_ip_address=found.own_inside
            )
            for end, found in used.items()
        ]


def _at(end: int, tunnels: Sequence[Tunnel]) -> list[Tunnel]:
    return [tunnel for tunnel in tunnels if tunnel.own_end == end]
