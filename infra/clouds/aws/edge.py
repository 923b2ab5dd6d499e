"""Edge: the one way in from the world, CloudFront with a web application firewall, before the internal load balancer."""

from collections.abc import Sequence

import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.aws.network import Network
from infra.clouds.aws.protection import GLOBAL_REGION, protection
from infra.clouds.aws.service import Service
from infra.spec import MEDIA_PATHS, SiteSpec

NEVER_KEPT = "4135ea2d-6df8-44a3-9df3-4b5a79be2a94"
KEPT_AS_TOLD = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_OF_THE_REQUEST = "216adef6-5c7f-47e4-b989-5492eafa07d3"
"""CloudFront's own policies CachingDisabled, CachingOptimized (follows Cache-Control) and AllViewer; the numbers are the
same in every account (CloudFront developer guide, "Use managed cache policies" and "Use managed origin request policies")."""

READING = ["GET", "HEAD"]
EVERY_METHOD = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
ORIGIN = "web"


class Edge(Capability):
    """App and pictures share one name, so one distribution serves both; pictures come through web, which may lack one
    and then fetches it from another cloud. `network` is taken as in every cloud.
    """

    def __init__(self, name: str, spec: SiteSpec, network: Network, service: Service, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.certificate = self._certificate()
        self.origin = self._origin(service)
        self.distribution = self._distribution(service, protection(self))
        self.target = self.distribution.domain_name
        self.records = self.certificate.domain_validation_options.apply(_proofs)
        self.register_outputs({"target": self.target, "records": self.records})

    def _certificate(self) -> aws.acm.Certificate:
        """Issued before the name points here, and renewed for as long as its record stays: CloudFront reads us-east-1."""
        return aws.acm.Certificate(
            self.child("certificate"),
            region=GLOBAL_REGION,
            domain_name=self.spec.hostname,
            validation_method="DNS",
            tags=self.tags,
            opts=self.inside(),
        )

    def _origin(self, service: Service) -> aws.cloudfront.VpcOrigin:
        """CloudFront's own way into the network: the load balancer keeps no public address. TLS ends at the edge."""
        protocols = aws.cloudfront.VpcOriginVpcOriginEndpointConfigOriginSslProtocolsArgs(items=["TLSv1.2"], quantity=1)
        return aws.cloudfront.VpcOrigin(
            self.child("origin"),
            vpc_origin_endpoint_config=aws.cloudfront.VpcOriginVpcOriginEndpointConfigArgs(
                name=self.child("origin"),
                arn=service.ingress.balancer.arn,
                http_port=80,
                https_port=443,
                origin_protocol_policy="http-only",
                origin_ssl_protocols=protocols,
            ),
            tags=self.tags,
            opts=self.inside(depends_on=[service.ingress.listener]),
        )

    def _distribution(self, service: Service, firewall: aws.wafv2.WebAcl) -> aws.cloudfront.Distribution:
        origin = aws.cloudfront.DistributionOriginArgs(
            origin_id=ORIGIN,
            domain_name=service.origin,
            vpc_origin_config=aws.cloudfront.DistributionOriginVpcOriginConfigArgs(
                vpc_origin_id=self.origin.id, origin_read_timeout=60
            ),
        )
        everywhere = aws.cloudfront.DistributionRestrictionsGeoRestrictionArgs(restriction_type="none")
        return aws.cloudfront.Distribution(
            self.child("edge"),
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            aliases=[self.spec.hostname] if self.spec.hostname_proved else [],
            origins=[origin],
            default_cache_behavior=_requests(),
            ordered_cache_behaviors=[_pictures()],
            restrictions=aws.cloudfront.DistributionRestrictionsArgs(geo_restriction=everywhere),
            viewer_certificate=self._viewer_certificate(),
            web_acl_id=firewall.arn,
            tags=self.tags,
            opts=self.guarded(),
        )

    def _viewer_certificate(self) -> aws.cloudfront.DistributionViewerCertificateArgs:
        """Until the name is proved, the edge answers under CloudFront's own name and certificate alone."""
        if not self.spec.hostname_proved:
            return aws.cloudfront.DistributionViewerCertificateArgs(cloudfront_default_certificate=True)
        issued = aws.acm.CertificateValidation(
            self.child("certificate"), region=GLOBAL_REGION, certificate_arn=self.certificate.arn, opts=self.inside()
        )
        return aws.cloudfront.DistributionViewerCertificateArgs(
            acm_certificate_arn=issued.certificate_arn,
            minimum_protocol_version="TLSv1.2_2021",
            ssl_support_method="sni-only",
        )


def _requests() -> aws.cloudfront.DistributionDefaultCacheBehaviorArgs:
    return aws.cloudfront.DistributionDefaultCacheBehaviorArgs(
        target_origin_id=ORIGIN,
        viewer_protocol_policy="redirect-to-https",
        allowed_methods=EVERY_METHOD,
        cached_methods=READING,
        cache_policy_id=NEVER_KEPT,
        origin_request_policy_id=ALL_OF_THE_REQUEST,
        compress=True,
    )


def _pictures() -> aws.cloudfront.DistributionOrderedCacheBehaviorArgs:
    return aws.cloudfront.DistributionOrderedCacheBehaviorArgs(
        path_pattern=MEDIA_PATHS,
        target_origin_id=ORIGIN,
        viewer_protocol_policy="redirect-to-https",
        allowed_methods=READING,
        cached_methods=READING,
        cache_policy_id=KEPT_AS_TOLD,
        compress=True,
    )


def _proofs(options: Sequence[aws.acm.outputs.CertificateDomainValidationOption]) -> list[dict[str, str]]:
    found = [(one.resource_record_name, one.resource_record_type, one.resource_record_value) for one in options]
    return [
        {"name": name.rstrip("."), "type": kind, "value": value}
        for name, kind, value in found
        if name and kind and value
    ]
