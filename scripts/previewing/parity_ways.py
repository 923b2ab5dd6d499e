"""Where each cloud shows who gets in by which way, and who is told: registry, edge, watch and access."""

from collections.abc import Mapping

from scripts.previewing.parity_asks import PRESENT, Amount, Ask, Promise

_CDN, _DOMAIN = "aws:cloudfront/distribution:Distribution", "azure-native:cdn:AFDCustomDomain"
_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
_GCS, _BLOB = "gcp:storage/bucket:Bucket", "azure-native:storage:StorageAccount"
_CI = "https://token.actions.githubusercontent.com"

PROMISES: tuple[Promise, ...] = (
    Promise(
        "registry",
        "a tag cannot be moved",
        {
            "aws": (Ask("aws:ecr/repository:Repository", "imageTagMutability", "IMMUTABLE"),),
            "gcp": (Ask("gcp:artifactregistry/repository:Repository", "dockerConfig.immutableTags", True),),
            "azure": (Ask("azure-native:containerregistry:Registry", "policies.immutableTags", True),),
        },
    ),
    Promise(
        "edge",
        "TLS 1.2 or later",
        {
            "aws": (Ask(_CDN, "viewerCertificate.minimumProtocolVersion", "TLSv1.2_2021"),),
            "gcp": (Ask("gcp:compute/sSLPolicy:SSLPolicy", "minTlsVersion", "TLS_1_2"),),
            "azure": (Ask(_DOMAIN, "tlsSettings.minimumTlsVersion", "TLS12"),),
        },
    ),
    Promise(
        "edge",
        "HTTP leads to HTTPS",
        {
            "aws": (Ask(_CDN, "defaultCacheBehavior.viewerProtocolPolicy", "redirect-to-https"),),
            "gcp": (Ask("gcp:compute/uRLMap:URLMap", "defaultUrlRedirect.httpsRedirect", True, "plain"),),
            "azure": (Ask("azure-native:cdn:Route", "httpsRedirect", "Enabled"),),
        },
    ),
    Promise(
        "edge",
        "a firewall stands before it",
        {
            "aws": (Ask(_CDN, "webAclId"),),
            "gcp": (Ask("gcp:compute/backendService:BackendService", "securityPolicy"),),
            "azure": (Ask("azure-native:cdn:SecurityPolicy", "parameters.wafPolicy"),),
        },
    ),
    Promise(
        "edge",
        "certificate renews while it stands by",
        {
            "aws": (Ask("aws:acm/certificate:Certificate", "validationMethod", "DNS"),),
            "gcp": (Ask("gcp:certificatemanager/certificate:Certificate", "managed.dnsAuthorizations", PRESENT),),
            "azure": (Ask("azure-native:cdn:Secret", "parameters.useLatestVersion", True),),
        },
    ),
    Promise(
        "edge",
        "reaches web without anybody's word",
        {
            "aws": (Ask("aws:cloudfront/vpcOrigin:VpcOrigin", "vpcOriginEndpointConfig.arn"),),
            "gcp": (Ask("gcp:compute/backendService:BackendService", "backends.group"),),
            "azure": (Ask("azure-native:cdn:AFDOrigin", "sharedPrivateLinkResource.status", "Approved"),),
        },
    ),
    Promise(
        "watch",
        "audit log cannot be emptied",
        {
            "aws": (Ask(_LOCK, "rule.defaultRetention.mode", "COMPLIANCE"),),
            "gcp": (Ask(_GCS, "retentionPolicy.isLocked", True),),
            "azure": (Ask(_BLOB, "immutableStorageWithVersioning.immutabilityPolicy.state", "Locked"),),
        },
    ),
    Promise(
        "access",
        "CI enters without a key",
        {
            "aws": (Ask("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "url", _CI, "ci"),),
            "gcp": (
                Ask("gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider", "oidc.issuerUri", _CI, "ci"),
            ),
            "azure": (
                Ask("azure-native:managedidentity:FederatedIdentityCredential", "issuer", _CI, "-preview"),
                Ask("azure-native:managedidentity:FederatedIdentityCredential", "issuer", _CI, "-deploy"),
            ),
        },
    ),
)

AMOUNTS: tuple[Amount, ...] = (
    Amount(
        "edge",
        "requests of one address in five minutes",
        {
            "aws": (Ask("aws:wafv2/webAcl:WebAcl", "rules.statement.rateBasedStatement.limit"),),
            "gcp": (
                Ask("gcp:compute/securityPolicy:SecurityPolicy", "rules.rateLimitOptions.rateLimitThreshold.count"),
            ),
            "azure": (Ask("azure-native:frontdoor:Policy", "customRules.rules.rateLimitThreshold"),),
        },
    ),
    Amount(
        "watch",
        "days the audit log is kept",
        {
            "aws": (Ask(_LOCK, "rule.defaultRetention.days"),),
            "gcp": (Ask(_GCS, "retentionPolicy.retentionPeriod", unit="seconds"),),
            "azure": (
                Ask(
                    _BLOB,
                    "immutableStorageWithVersioning.immutabilityPolicy.immutabilityPeriodSinceCreationInDays",
                ),
            ),
        },
    ),
)

EXCEPTIONS: Mapping[tuple[str, str, str], str] = {
    ("registry", "a tag cannot be moved", "azure"): (
        "Container Registry locks single tags by a call of its own; processes name the image by digest, which nobody can move"
    ),
    ("edge", "reaches web without anybody's word", "azure"): (
        "the private link is approved once: `lifeboat acts approve`; readiness asks the edge for the app's health"
    ),
    ("watch", "audit log cannot be emptied", "azure"): (
        "Azure locks an immutability policy by a call of its own, after which it can never be shortened: `lifeboat acts lock`"
    ),
}
