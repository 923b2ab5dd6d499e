"""How a site is joined together: the capabilities are wired here once, for all clouds."""

from typing import Any

from pulumi import ComponentResource, Output, ResourceOptions

from infra.contract import Cloud, Secrets
from infra.outputs import FORMAT
from infra.spec import DATABASE_NAME, SiteSpec


class Site(ComponentResource):
    """One full copy of the platform in one cloud; `outputs` are the values of SiteOutputs."""

    def __init__(self, spec: SiteSpec, secrets: Secrets, cloud: Cloud) -> None:
        super().__init__("lifeboat:site:Site", "lifeboat", {}, ResourceOptions(providers=[cloud.provider(spec)]))
        within = ResourceOptions(parent=self)
        self.spec = spec
        self.network = cloud.Network("lifeboat-network", spec, within)
        self.link = cloud.Link("lifeboat-link", spec, secrets, self.network, within)
        self.registry = cloud.Registry("lifeboat-registry", spec, self.network, within)
        self.database = cloud.Database("lifeboat-database", spec, secrets, self.network, within)
        self.vault = cloud.Vault("lifeboat-vault", spec, secrets, self.network, self.database, within)
        self.media = cloud.Media("lifeboat-media", spec, self.network, within)
        self.control = cloud.Control("lifeboat-control", spec, self.network, within)
        self.service = cloud.Service(
            "lifeboat-service", spec, self.network, self.registry, self.vault, self.media, self.control, within
        )
        self.edge = cloud.Edge("lifeboat-edge", spec, self.network, self.service, within)
        self.watch = cloud.Watch("lifeboat-watch", spec, self.network, self.service, self.edge, within)
        self.access = cloud.Access(
            "lifeboat-access", spec, self.network, self.media, self.control, self.service, within
        )
        self.outputs = self._outputs()
        self.register_outputs(self.outputs)

    def _outputs(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "site": self.spec.site,
            "cloud": self.spec.cloud,
            "region": self.spec.region,
            "app_url": self.spec.app_url,
            "edge_target": self.edge.target,
            "dns_records": self.edge.records,
            "database_host": self.database.host,
            "database_port": self.database.port,
            "database_name": DATABASE_NAME,
            "database_cidr": self.spec.network.database_cidr,
            "media_url": self.media.url,
            "lease_url": self.control.lease_url,
            "ledger_url": self.control.ledger_url,
            "audit_url": self.watch.audit_url,
            "egress_address": self.network.egress_address,
            "link": Output.from_input(dict(self.link.gateways)).apply(self._link),
            "identity": self.access.identity,
            "entries": self.access.entries,
            "image": self.spec.service.image,
            "capacity": self.spec.capacity,
        }

    def _link(self, gateways: Any) -> dict[str, Any]:
        """Describe this site's side of the link: what the peers' stacks and an operator with a broken tunnel need."""
        ends = {peer: list(addresses) for peer, addresses in gateways.items()}
        inside = {
            peer.site: [tunnel.own_inside for tunnel in self.spec.tunnels(peer, len(ends[peer.site]))]
            for peer in self.spec.linked
        }
        return {"asn": self.spec.network.asn, "gateways": ends, "inside": inside}
