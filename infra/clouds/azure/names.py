"""Names that only this site's own network can resolve."""

import pulumi_azure_native as azure
from pulumi import Input

from infra.capability import Capability
from infra.clouds.azure.network import Network

EVERYWHERE = "global"


def resolved_inside(
    owner: Capability, part: str, zone_name: Input[str], network: Network
) -> tuple[azure.privatedns.PrivateZone, azure.privatedns.VirtualNetworkLink]:
    """Make a private zone and the link by which the network sees it; a server in the zone must wait for the link."""
    group = network.place.group.name
    zone = azure.privatedns.PrivateZone(
        owner.child(part),
        private_zone_name=zone_name,
        resource_group_name=group,
        location=EVERYWHERE,
        tags=owner.tags,
        opts=owner.inside(),
    )
    link = azure.privatedns.VirtualNetworkLink(
        owner.child(part),
        private_zone_name=zone.name,
        resource_group_name=group,
        location=EVERYWHERE,
        virtual_network=azure.privatedns.SubResourceArgs(id=network.network.id),
        registration_enabled=False,
        tags=owner.tags,
        opts=owner.inside(),
    )
    return zone, link
