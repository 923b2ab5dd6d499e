"""Which ways a peer may teach this network: those into its own range, and no other."""

import pulumi_gcp as gcp

from infra.capability import Capability
from infra.spec import Peer

EVERYTHING = "0.0.0.0/0"


def only_from(owner: Capability, router: gcp.compute.Router, peer: Peer) -> gcp.compute.RouterRoutePolicy:
    """Make the policy of a peer: a lost account that still speaks BGP must not draw this site's traffic to itself.

    Without it a learned default route (priority 100) would win over the way out (priority 1000). The terms are Cloud
    Router's own expressions; an accepted route is not looked at again, and what no term names would be accepted.
    """
    return gcp.compute.RouterRoutePolicy(
        owner.child(f"from-{peer.site}"),
        router=router.name,
        region=owner.spec.region,
        type="ROUTE_POLICY_TYPE_IMPORT",
        terms=[_term(0, peer.network.cidr, "accept()"), _term(1, EVERYTHING, "drop()")],
        opts=owner.inside(),
    )


def _term(priority: int, cidr: str, action: str) -> gcp.compute.RouterRoutePolicyTermArgs:
    inside = gcp.compute.RouterRoutePolicyTermMatchArgs(
        expression=f"destination.inAnyRange([prefix('{cidr}').orLonger()])"
    )
    return gcp.compute.RouterRoutePolicyTermArgs(
        priority=priority, match=inside, actions=[gcp.compute.RouterRoutePolicyTermActionArgs(expression=action)]
    )
