"""Rules for what the world sees: TLS 1.2 or later, plain HTTP sent on, and a firewall for requests in front."""

from typing import Any

from infra.policy.estate import UNKNOWN, Estate
from infra.policy.rule import Findings, equals, fault, is_set, is_true, needs_one, rule, wants

DISTRIBUTION, LISTENER = "aws:cloudfront/distribution:Distribution", "aws:lb/listener:Listener"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
HTTPS_PROXY = "gcp:compute/targetHttpsProxy:TargetHttpsProxy"
HTTP_PROXY = "gcp:compute/targetHttpProxy:TargetHttpProxy"
SSL_POLICY, URL_MAP = "gcp:compute/sSLPolicy:SSLPolicy", "gcp:compute/uRLMap:URLMap"
DOMAIN, ROUTE = "azure-native:cdn:AFDCustomDomain", "azure-native:cdn:Route"

_redirects = equals("redirect-to-https", "https-only")


def _modern(value: Any) -> bool:
    return str(value).upper().replace("_", "").replace(".", "").replace("V", "").startswith(("TLS12", "TLS13"))


@rule(aws="CKV_AWS_174", gcp="3.11")
def edge_tls(estate: Estate) -> Findings:
    """The edge speaks TLS 1.2 or later to everybody."""
    sentence = "takes TLS before 1.2"
    yield from wants(estate.of(DISTRIBUTION), "viewerCertificate.minimumProtocolVersion", _modern, sentence)
    yield from needs_one(estate.of(HTTPS_PROXY), lambda one: estate.behind(one, "sslPolicy", SSL_POLICY), sentence)
    yield from wants(estate.of(SSL_POLICY), "minTlsVersion", _modern, sentence)
    yield from wants(estate.of(DOMAIN), "tlsSettings.minimumTlsVersion", _modern, sentence)


@rule(aws="CKV_AWS_2 CKV_AWS_34", azure="7.4")
def edge_redirects(estate: Estate) -> Findings:
    """Plain HTTP is sent on to HTTPS, and serves nothing."""
    sentence = "serves plain HTTP"
    for one in estate.of(DISTRIBUTION):
        policies = one.at("defaultCacheBehavior.viewerProtocolPolicy") + one.at(
            "orderedCacheBehaviors.viewerProtocolPolicy"
        )
        if not policies or not all(value is UNKNOWN or _redirects(value) for value in policies):
            yield fault(one, sentence)
    yield from _open_listeners(estate)
    for proxy in estate.of(HTTP_PROXY):
        maps = estate.behind(proxy, "urlMap", URL_MAP)
        yield from wants(maps, "defaultUrlRedirect.httpsRedirect", is_true, sentence)
    yield from wants(estate.of(ROUTE), "httpsRedirect", equals("Enabled"), sentence)


def _open_listeners(estate: Estate) -> Findings:
    """Find listeners of plain HTTP on a balancer that the world reaches; the edge talks to an internal one."""
    for one in estate.of(LISTENER):
        inside = [other.inputs.get("internal") for other in estate.behind(one, "loadBalancerArn", BALANCER)]
        plain = str(one.inputs.get("protocol", "HTTP")).upper() == "HTTP"
        if plain and inside != [True] and "redirect" not in one.at("defaultActions.type"):
            yield fault(one, "serves plain HTTP")


@rule(aws="CKV_AWS_68", azure="7.10")
def edge_guarded(estate: Estate) -> Findings:
    """Every way in goes through a firewall for requests."""
    sentence = "has no firewall for requests"
    yield from wants(estate.of(DISTRIBUTION), "webAclId", is_set, sentence)
    for one in estate.of("gcp:compute/backendService:BackendService"):
        yield from wants([one], "securityPolicy", is_set, sentence)
    endpoints, policies = estate.of("azure-native:cdn:AFDEndpoint"), estate.of("azure-native:cdn:SecurityPolicy")
    yield from needs_one(
        endpoints,
        lambda one: (other for other in policies if any(one.place in places for places in other.needs.values())),
        sentence,
    )
