"""Link: IPsec tunnels with BGP from this network straight to each peer, no hub between them."""

from collections.abc import Mapping, Sequence

import pulumi_gcp as gcp
from pulumi import Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.gcp.network import Network
from infra.clouds.gcp.routes import only_from
from infra.clouds.gcp.secret import stamp
from infra.contract import Secrets
from infra.spec import Peer, SiteSpec, Tunnel

ENDS = 2

REDUNDANCY = {2: "TWO_IPS_REDUNDANCY", 4: "FOUR_IPS_REDUNDANCY"}

CIPHERS = gcp.compute.VPNTunnelCipherSuiteArgs(
    phase1=gcp.compute.VPNTunnelCipherSuitePhase1Args(
        encryptions=["AES-CBC-256"],
        integrities=["HMAC-SHA2-256-128"],
        prves=["PRF-HMAC-SHA2-256"],
        dhs=["Group-14"],
    ),
    phase2=gcp.compute.VPNTunnelCipherSuitePhase2Args(
        encryptions=["AES-CBC-256"], integrities=["HMAC-SHA2-256-128"], pfs=["Group-14"]
    ),
)
"""What all three VPN services offer; the weaker defaults (SHA-1, AES-128) are left out."""


class Link(Capability):
    """The gateway always stands, with the same two ends for every peer; each end of a peer's gateway gets a tunnel."""

    def __init__(self, name: str, spec: SiteSpec, secrets: Secrets, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.secrets, self.network = secrets, network
        self.gateway = self._gateway()
        self.router = self._router()
        self._tell_the_database()
        for peer in spec.linked:
            self._join(peer)
        addresses = self.gateway.vpn_interfaces.apply(_addresses)
        self.gateways: Mapping[str, Output[list[str]]] = {
            other.site: addresses for other in spec.networks if other.site != spec.site
        }
        self.register_outputs({"gateways": dict(self.gateways)})

    def _gateway(self) -> gcp.compute.HaVpnGateway:
        """Kept on a mistaken destroy: its two addresses stand in the peers' settings."""
        return gcp.compute.HaVpnGateway(
            self.child("gateway"),
            network=self.network.vpc.id,
            region=self.spec.region,
            stack_type="IPV4_ONLY",
            labels=self.tags,
            opts=self.guarded(),
        )

    def _router(self) -> gcp.compute.Router:
        """Tells the peers the way to the database alone; it would not tell that by itself, and the rest is not theirs."""
        database = gcp.compute.RouterBgpAdvertisedIpRangeArgs(
            range=self.spec.network.database_cidr, description="the database, behind private services access"
        )
        return gcp.compute.Router(
            self.child("router"),
            network=self.network.vpc.id,
            region=self.spec.region,
            bgp=gcp.compute.RouterBgpArgs(
                asn=self.spec.network.asn, advertise_mode="CUSTOM", advertised_ip_ranges=[database]
            ),
            opts=self.inside(),
        )

    def _tell_the_database(self) -> None:
        """Hand the ways to the peers on to the network in which Google keeps the database."""
        gcp.compute.NetworkPeeringRoutesConfig(
            self.child("database"),
            network=self.network.vpc.name,
            peering=self.network.database_peering.peering,
            export_custom_routes=True,
            import_custom_routes=False,
            opts=self.inside(),
        )

    def _join(self, peer: Peer) -> None:
        ends = [
            gcp.compute.ExternalVpnGatewayInterfaceArgs(id=number, ip_address=address)
            for number, address in enumerate(peer.gateways)
        ]
        gateway = gcp.compute.ExternalVpnGateway(
            self.child(peer.site),
            redundancy_type=REDUNDANCY[len(ends)],
            interfaces=ends,
            labels=self.tags,
            opts=self.inside(depends_on=[self.gateway]),
        )
        policy = only_from(self, self.router, peer)
        for tunnel in self.spec.tunnels(peer, ENDS):
            self._speak(peer, tunnel, self._tunnel(peer, tunnel, gateway), policy)

    def _tunnel(self, peer: Peer, tunnel: Tunnel, gateway: gcp.compute.ExternalVpnGateway) -> gcp.compute.VPNTunnel:
        key = self.secrets.link_keys[peer.site]
        made = gcp.compute.VPNTunnel(
            self.child(_part(peer, tunnel)),
            region=self.spec.region,
            router=self.router.id,
            vpn_gateway=self.gateway.id,
            vpn_gateway_interface=tunnel.own_end,
            peer_external_gateway=gateway.id,
            peer_external_gateway_interface=tunnel.peer_end,
            ike_version=2,
            cipher_suite=CIPHERS,
            shared_secret_wo=key,
            shared_secret_wo_version=stamp(key).apply(str),
            labels=self.tags,
            opts=self.inside(),
        )
        self._log(peer, tunnel, made)
        return made

    def _log(self, peer: Peer, tunnel: Tunnel, made: gcp.compute.VPNTunnel) -> None:
        """The subnet's flow log does not see what passes between the databases."""
        gcp.networkmanagement.VpcFlowLogsConfig(
            self.child(_part(peer, tunnel)),
            location="global",
            vpc_flow_logs_config_id=self.child(_part(peer, tunnel)),
            vpn_tunnel=made.id,
            state="ENABLED",
            aggregation_interval="INTERVAL_1_MIN",
            flow_sampling=1.0,
            metadata="INCLUDE_ALL_METADATA",
            labels=self.tags,
            opts=self.inside(),
        )

    def _speak(
        self, peer: Peer, tunnel: Tunnel, made: gcp.compute.VPNTunnel, policy: gcp.compute.RouterRoutePolicy
    ) -> None:
        inside = gcp.compute.RouterInterface(
            self.child(_part(peer, tunnel)),
            router=self.router.name,
            region=self.spec.region,
            ip_range=f"{tunnel.own_inside}/{tunnel.inside_cidr.partition('/')[2]}",
            vpn_tunnel=made.name,
            opts=self.inside(),
        )
        gcp.compute.RouterPeer(
            self.child(_part(peer, tunnel)),
            router=self.router.name,
            region=self.spec.region,
            interface=inside.name,
            ip_address=tunnel.own_inside,
            peer_ip_address=tunnel.peer_inside,
            peer_asn=peer.network.asn,
            advertised_route_priority=100,
            import_policies=[policy.name],
            opts=self.inside(),
        )


def _part(peer: Peer, tunnel: Tunnel) -> str:
    return f"{peer.site}-{tunnel.number + 1}"


def _addresses(interfaces: Sequence[gcp.compute.outputs.HaVpnGatewayVpnInterface]) -> list[str]:
    """Return the gateway's public addresses in the order of its interfaces, which is the order of the tunnels."""
    return [str(found.ip_address) for found in sorted(interfaces, key=lambda found: found.id or 0)]
