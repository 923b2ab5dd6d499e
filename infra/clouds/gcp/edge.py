"""Edge: the one way in from the world, an application load balancer with Cloud CDN and Cloud Armor, before Cloud Run."""

import pulumi_gcp as gcp
from pulumi import Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.gcp.certificate import Certificate
from infra.clouds.gcp.network import Network
from infra.clouds.gcp.protection import protection
from infra.clouds.gcp.service import Service
from infra.spec import MEDIA_PATHS, SiteSpec

SCHEME = "EXTERNAL_MANAGED"


class Edge(Capability):
    """App and pictures share one name, so one URL map serves both; pictures come through web, which may lack one and
    then fetches it from another cloud. Google gives an address: `records` name it, so that a CNAME can point at it.
    """

    def __init__(self, name: str, spec: SiteSpec, network: Network, service: Service, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.address = gcp.compute.GlobalAddress(
            self.child("edge"),
            address_type="EXTERNAL",
            ip_version="IPV4",
            labels=self.tags,
            opts=self.guarded(depends_on=network.project.apis),
        )
        self.certificate = Certificate(self, network.project)
        self._listen_plain()
        self._listen(self._routes(service))
        self.target = Output.from_input(f"{spec.site}.edge.{spec.hostname}")
        self.records = Output.all(self.target, self.address.address, self.certificate.records).apply(
            lambda found: [{"name": found[0], "type": "A", "value": found[1]}, *found[2]]
        )
        self.register_outputs({"target": self.target, "records": self.records})

    def _routes(self, service: Service) -> gcp.compute.URLMap:
        firewall = protection(self)
        web, pictures = self._backend("web", service, firewall), self._backend("pictures", service, firewall)
        paths = gcp.compute.URLMapPathMatcherPathRuleArgs(paths=[MEDIA_PATHS], service=pictures.id)
        return gcp.compute.URLMap(
            self.child("edge"),
            default_service=web.id,
            host_rules=[gcp.compute.URLMapHostRuleArgs(hosts=[self.spec.hostname], path_matcher="site")],
            path_matchers=[gcp.compute.URLMapPathMatcherArgs(name="site", default_service=web.id, path_rules=[paths])],
            opts=self.inside(),
        )

    def _backend(self, part: str, service: Service, firewall: gcp.compute.SecurityPolicy) -> gcp.compute.BackendService:
        """Serverless groups take no health check: Cloud Run asks web itself, on the same path as the other clouds."""
        as_told = gcp.compute.BackendServiceCdnPolicyArgs(
            cache_mode="USE_ORIGIN_HEADERS",
            cache_key_policy=gcp.compute.BackendServiceCdnPolicyCacheKeyPolicyArgs(
                include_host=True, include_protocol=True, include_query_string=False
            ),
        )
        return gcp.compute.BackendService(
            self.child(part),
            load_balancing_scheme=SCHEME,
            protocol="HTTPS",
            backends=[gcp.compute.BackendServiceBackendArgs(group=service.ingress.targets.id)],
            security_policy=firewall.id,
            enable_cdn=part == "pictures",
            cdn_policy=as_told if part == "pictures" else None,
            log_config=gcp.compute.BackendServiceLogConfigArgs(enable=True, sample_rate=1.0),
            opts=self.inside(),
        )

    def _listen(self, routes: gcp.compute.URLMap) -> None:
        modern = gcp.compute.SSLPolicy(
            self.child("tls"),
            profile="MODERN",
            min_tls_version="TLS_1_2",
            opts=self.inside(depends_on=[self.address]),
        )
        proxy = gcp.compute.TargetHttpsProxy(
            self.child("edge"),
            url_map=routes.id,
            certificate_map=self.certificate.map_url,
            ssl_policy=modern.id,
            opts=self.inside(),
        )
        self._rule("edge", "443", proxy.id)

    def _listen_plain(self) -> None:
        """Plain HTTP gets one answer: the same address over TLS."""
        redirect = gcp.compute.URLMap(
            self.child("plain"),
            default_url_redirect=gcp.compute.URLMapDefaultUrlRedirectArgs(
                https_redirect=True, redirect_response_code="MOVED_PERMANENTLY_DEFAULT", strip_query=False
            ),
            opts=self.inside(depends_on=[self.address]),
        )
        proxy = gcp.compute.TargetHttpProxy(self.child("plain"), url_map=redirect.id, opts=self.inside())
        self._rule("plain", "80", proxy.id)

    def _rule(self, part: str, port: str, target: Output[str]) -> None:
        gcp.compute.GlobalForwardingRule(
            self.child(part),
            load_balancing_scheme=SCHEME,
            ip_address=self.address.id,
            ip_protocol="TCP",
            port_range=port,
            target=target,
            labels=self.tags,
            opts=self.inside(),
        )
