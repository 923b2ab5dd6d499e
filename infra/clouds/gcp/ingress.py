"""The way in to web: Cloud Run's own load balancer with health checks, behind the site's edge, which ends TLS."""

import pulumi_gcp as gcp
from pulumi import Output

from infra.capability import Capability


class Ingress:
    """The group under which the edge's load balancer finds web; nobody else outside of the project gets an answer."""

    def __init__(self, owner: Capability, web: gcp.cloudrunv2.Service) -> None:
        self.targets = gcp.compute.RegionNetworkEndpointGroup(
            owner.child("ingress"),
            region=owner.spec.region,
            network_endpoint_type="SERVERLESS",
            cloud_run=gcp.compute.RegionNetworkEndpointGroupCloudRunArgs(service=web.name),
            opts=owner.inside(),
        )
        self.origin: Output[str] = web.uri.apply(lambda uri: uri.removeprefix("https://"))
