"""Link: IPsec tunnels with BGP from this VPC straight to each peer, no hub between them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.aws.network import LOG_DAYS, Network
from infra.contract import Secrets
from infra.spec import Peer, SiteSpec, Tunnel

TUNNELS_PER_CONNECTION = 2

CIPHERS: dict[str, Any] = {
    "ike_versions": ["ikev2"],
    "phase1_encryption_algorithms": ["AES256", "AES256-GCM-16"],
    "phase1_integrity_algorithms": ["SHA2-256", "SHA2-384"],
    "phase1_dh_group_numbers": [14, 19, 20],
    "phase2_encryption_algorithms": ["AES256", "AES256-GCM-16"],
    "phase2_integrity_algorithms": ["SHA2-256", "SHA2-384"],
    "phase2_dh_group_numbers": [14, 19, 20],
    "dpd_timeout_action": "restart",
    "startup_action": "start",
}
"""What all three VPN services offer; the weaker defaults (SHA-1, group 2) are left out."""


class Link(Capability):
    """The gateway always stands; each end of a peer's gateway gets one connection, and each connection two tunnels."""

    def __init__(self, name: str, spec: SiteSpec, secrets: Secrets, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.secrets, self.network = secrets, network
        self.gateway = aws.ec2.VpnGateway(
            self.child("gateway"),
            vpc_id=network.vpc.id,
            amazon_side_asn=str(spec.network.asn),
            tags=self.tags,
            opts=self.inside(),
        )
        # The databases alone learn the way to the peers; the services speak to the other clouds over HTTPS.
        aws.ec2.VpnGatewayRoutePropagation(
            self.child("database"),
            vpn_gateway_id=self.gateway.id,
            route_table_id=network.database_routes.id,
            opts=self.inside(),
        )
        self.logs = aws.cloudwatch.LogGroup(
            self.child("tunnels"),
            retention_in_days=LOG_DAYS,
            kms_key_id=network.key.arn,
            tags=self.tags,
            opts=self.inside(),
        )
        self.gateways: Mapping[str, Output[list[str]]] = {peer.site: self._join(peer) for peer in spec.linked}
        self.register_outputs({"gateways": dict(self.gateways)})

    def _join(self, peer: Peer) -> Output[list[str]]:
        tunnels = self.spec.tunnels(peer, TUNNELS_PER_CONNECTION * len(peer.gateways))
        connections = [
            self._connect(peer, number, address, tunnels[TUNNELS_PER_CONNECTION * number :][:TUNNELS_PER_CONNECTION])
            for number, address in enumerate(peer.gateways)
        ]
        return Output.all(
            *[address for found in connections for address in (found.tunnel1_address, found.tunnel2_address)]
        )

    def _connect(self, peer: Peer, number: int, address: str, tunnels: Sequence[Tunnel]) -> aws.ec2.VpnConnection:
        part = f"{peer.site}-{number + 1}"
        gateway = aws.ec2.CustomerGateway(
            self.child(part),
            type="ipsec.1",
            bgp_asn=str(peer.network.asn),
            ip_address=address,
            tags=self.tags,
            opts=self.inside(),
        )
        return aws.ec2.VpnConnection(
            self.child(part),
            type="ipsec.1",
            customer_gateway_id=gateway.id,
            vpn_gateway_id=self.gateway.id,
            static_routes_only=False,
            tags=self.tags,
            opts=self.inside(),
            **self._tunnel(1, peer, tunnels[0]),
            **self._tunnel(2, peer, tunnels[1]),
        )

    def _tunnel(self, number: int, peer: Peer, tunnel: Tunnel) -> dict[str, Any]:
        settings = {
            **CIPHERS,
            "inside_cidr": tunnel.inside_cidr,
            "preshared_key": self.secrets.link_keys[peer.site],
            "log_options": self._first_log() if number == 1 else self._second_log(),
        }
        return {f"tunnel{number}_{name}": value for name, value in settings.items()}

    def _first_log(self) -> aws.ec2.VpnConnectionTunnel1LogOptionsArgs:
        target = aws.ec2.VpnConnectionTunnel1LogOptionsCloudwatchLogOptionsArgs(
            log_enabled=True, log_group_arn=self.logs.arn, log_output_format="json"
        )
        return aws.ec2.VpnConnectionTunnel1LogOptionsArgs(cloudwatch_log_options=target)

    def _second_log(self) -> aws.ec2.VpnConnectionTunnel2LogOptionsArgs:
        target = aws.ec2.VpnConnectionTunnel2LogOptionsCloudwatchLogOptionsArgs(
            log_enabled=True, log_group_arn=self.logs.arn, log_output_format="json"
        )
        return aws.ec2.VpnConnectionTunnel2LogOptionsArgs(cloudwatch_log_options=target)
