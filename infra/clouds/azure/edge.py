"""Edge: the one way in from the world, Front Door Premium with a web application firewall, before Container Apps."""

import pulumi_azure_native as azure
from pulumi import Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.azure.certificate import custom_domain
from infra.clouds.azure.names import EVERYWHERE
from infra.clouds.azure.network import Network
from infra.clouds.azure.place import keep_logs
from infra.clouds.azure.protection import protection
from infra.clouds.azure.roles import identity
from infra.clouds.azure.service import Service
from infra.spec import HEALTH_PATH, MEDIA_PATHS, SiteSpec


class Edge(Capability):
    """App and pictures share one name, so one endpoint serves both; pictures come through web, which may lack one and
    then fetches it from another cloud. The origin is reached by a private link that somebody must approve once.
    """

    def __init__(self, name: str, spec: SiteSpec, network: Network, service: Service, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.place = network.place
        self.reader = identity(self, "edge", self.place)
        self.profile = self._profile()
        self.endpoint = azure.cdn.AFDEndpoint(
            self.child("edge"),
            endpoint_name=Output.format("lifeboat-{0}", self.place.ending),
            profile_name=self.profile.name,
            resource_group_name=self.place.group.name,
            location=EVERYWHERE,
            enabled_state=azure.cdn.EnabledState.ENABLED,
            tags=self.tags,
            opts=self.guarded(),
        )
        self.domain = custom_domain(self, self.profile, network.vault, self.reader) if spec.hostname_proved else None
        group, origin = self._origin(service)
        self._route("requests", "/*", group, origin, None)
        self._route("pictures", MEDIA_PATHS, group, origin, _kept_as_told())
        names = [self.endpoint.id, self.domain.id] if self.domain else [self.endpoint.id]
        protection(self, self.profile, names)
        self.target = self.endpoint.host_name
        self.records: Output[list[dict[str, str]]] = Output.from_input([])
        self.register_outputs({"target": self.target, "records": self.records})

    def _profile(self) -> azure.cdn.Profile:
        profile = azure.cdn.Profile(
            self.child("edge"),
            resource_group_name=self.place.group.name,
            location=EVERYWHERE,
            sku=azure.cdn.SkuArgs(name=azure.cdn.SkuName.PREMIUM_AZURE_FRONT_DOOR),
            origin_response_timeout_seconds=60,
            identity=azure.cdn.ManagedServiceIdentityArgs(
                type=azure.cdn.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[self.reader.id]
            ),
            tags=self.tags,
            opts=self.guarded(),
        )
        keep_logs(self, "edge", profile.id, self.place)
        return profile

    def _origin(self, service: Service) -> tuple[azure.cdn.AFDOriginGroup, azure.cdn.AFDOrigin]:
        group = azure.cdn.AFDOriginGroup(
            self.child("web"),
            profile_name=self.profile.name,
            resource_group_name=self.place.group.name,
            health_probe_settings=azure.cdn.HealthProbeParametersArgs(
                probe_path=HEALTH_PATH,
                probe_protocol=azure.cdn.ProbeProtocol.HTTPS,
                probe_request_type=azure.cdn.HealthProbeRequestType.GET,
                probe_interval_in_seconds=30,
            ),
            load_balancing_settings=azure.cdn.LoadBalancingSettingsParametersArgs(
                sample_size=4, successful_samples_required=3, additional_latency_in_milliseconds=0
            ),
            session_affinity_state=azure.cdn.EnabledState.DISABLED,
            opts=self.inside(),
        )
        return group, self._origin_in(group, service)

    def _origin_in(self, group: azure.cdn.AFDOriginGroup, service: Service) -> azure.cdn.AFDOrigin:
        """Container Apps find web by its own name, so that is the host it sees; links are made with APP_URL instead."""
        return azure.cdn.AFDOrigin(
            self.child("web"),
            profile_name=self.profile.name,
            origin_group_name=group.name,
            resource_group_name=self.place.group.name,
            host_name=service.origin,
            origin_host_header=service.origin,
            https_port=443,
            enforce_certificate_name_check=True,
            priority=1,
            weight=1000,
            enabled_state=azure.cdn.EnabledState.ENABLED,
            shared_private_link_resource=azure.cdn.SharedPrivateLinkResourcePropertiesArgs(
                private_link=azure.cdn.ResourceReferenceArgs(id=service.environment.id),
                private_link_location=self.spec.region,
                group_id="managedEnvironments",
                request_message="lifeboat-edge",
            ),
            opts=self.inside(),
        )

    def _route(
        self,
        part: str,
        paths: str,
        group: azure.cdn.AFDOriginGroup,
        origin: azure.cdn.AFDOrigin,
        kept: azure.cdn.AfdRouteCacheConfigurationArgs | None,
    ) -> None:
        domains = [azure.cdn.ActivatedResourceReferenceArgs(id=self.domain.id)] if self.domain else []
        azure.cdn.Route(
            self.child(part),
            profile_name=self.profile.name,
            endpoint_name=self.endpoint.name,
            resource_group_name=self.place.group.name,
            custom_domains=domains,
            link_to_default_domain=azure.cdn.LinkToDefaultDomain.ENABLED,
            patterns_to_match=[paths],
            supported_protocols=[azure.cdn.AFDEndpointProtocols.HTTP, azure.cdn.AFDEndpointProtocols.HTTPS],
            https_redirect=azure.cdn.HttpsRedirect.ENABLED,
            forwarding_protocol=azure.cdn.ForwardingProtocol.HTTPS_ONLY,
            origin_group=azure.cdn.ResourceReferenceArgs(id=group.id),
            cache_configuration=kept,
            enabled_state=azure.cdn.EnabledState.ENABLED,
            opts=self.inside(depends_on=[origin]),
        )


def _kept_as_told() -> azure.cdn.AfdRouteCacheConfigurationArgs:
    return azure.cdn.AfdRouteCacheConfigurationArgs(
        query_string_caching_behavior=azure.cdn.AfdQueryStringCachingBehavior.IGNORE_QUERY_STRING
    )
