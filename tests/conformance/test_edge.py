"""One body of tests over the edges of all clouds; where each shows it is the table PLACES, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from infra import clouds
from infra.spec import FIREWALL_SECONDS, HEALTH_PATH, MEDIA_PATHS, REQUESTS_PER_ADDRESS
from tests.infra.recordings import Recording, dig, recording

HOSTNAME = "www.social.example.org"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
DOMAIN = "azure-native:cdn:AFDCustomDomain"
ROUTE = "azure-native:cdn:Route"


@dataclass(frozen=True)
class Places:
    """Where one cloud shows what each edge must do."""

    names: Callable[[Recording], set[str]]
    tls: Callable[[Recording], set[str]]
    to_https: Callable[[Recording], bool]
    firewall: Callable[[Recording], bool]
    rate: Callable[[Recording], tuple[int, int]]
    cached: Callable[[Recording], set[str]]
    asked: Callable[[Recording], set[str]]


def only(found: Recording, kind: str) -> dict[str, Any]:
    (one,) = found.of_type(kind)
    return one["inputs"]


def named(found: Recording, kind: str, ending: str) -> dict[str, Any]:
    (one,) = [one for one in found.of_type(kind) if one["name"].endswith(ending)]
    return one["inputs"]


def _aws_rate(found: Recording) -> tuple[int, int]:
    rules = only(found, "aws:wafv2/webAcl:WebAcl")["rules"]
    (rule,) = [rule for rule in rules if "rateBasedStatement" in rule["statement"]]
    assert "block" in rule["action"]
    return rule["statement"]["rateBasedStatement"]["limit"], rule["statement"]["rateBasedStatement"][
        "evaluationWindowSec"
    ]


def _gcp_rate(found: Recording) -> tuple[int, int]:
    rules = only(found, "gcp:compute/securityPolicy:SecurityPolicy")["rules"]
    (rule,) = [rule for rule in rules if rule["action"] == "throttle"]
    threshold = rule["rateLimitOptions"]["rateLimitThreshold"]
    return threshold["count"], threshold["intervalSec"]


def _azure_rate(found: Recording) -> tuple[int, int]:
    (rule,) = dig(only(found, "azure-native:frontdoor:Policy"), "customRules.rules")
    assert rule["action"] == "Block"
    return rule["rateLimitThreshold"], 60 * rule["rateLimitDurationInMinutes"]


PLACES = {
    "aws": Places(
        names=lambda found: set(only(found, DISTRIBUTION)["aliases"]),
        tls=lambda found: {dig(only(found, DISTRIBUTION), "viewerCertificate.minimumProtocolVersion")},
        to_https=lambda found: all(
            behaviour["viewerProtocolPolicy"] == "redirect-to-https"
            for behaviour in (
                only(found, DISTRIBUTION)["defaultCacheBehavior"],
                *only(found, DISTRIBUTION)["orderedCacheBehaviors"],
            )
        ),
        firewall=lambda found: bool(only(found, DISTRIBUTION)["webAclId"]),
        rate=_aws_rate,
        cached=lambda found: {one["pathPattern"] for one in only(found, DISTRIBUTION)["orderedCacheBehaviors"]},
        asked=lambda found: {dig(only(found, "aws:lb/targetGroup:TargetGroup"), "healthCheck.path")},
    ),
    "gcp": Places(
        names=lambda found: {only(found, "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry")["hostname"]},
        tls=lambda found: {only(found, "gcp:compute/sSLPolicy:SSLPolicy")["minTlsVersion"]},
        to_https=lambda found: (
            dig(named(found, "gcp:compute/uRLMap:URLMap", "plain"), "defaultUrlRedirect.httpsRedirect") is True
        ),
        firewall=lambda found: all(
            one["inputs"].get("securityPolicy") for one in found.of_type("gcp:compute/backendService:BackendService")
        ),
        rate=_gcp_rate,
        cached=lambda found: {
            path
            for matcher in named(found, "gcp:compute/uRLMap:URLMap", "edge-edge")["pathMatchers"]
            for rule in matcher["pathRules"]
            for path in rule["paths"]
            if named(found, "gcp:compute/backendService:BackendService", "pictures")["enableCdn"]
        },
        asked=lambda found: {
            container[probe]["httpGet"]["path"]
            for container in dig(only(found, "gcp:cloudrunv2/service:Service"), "template.containers")
            for probe in ("startupProbe", "livenessProbe")
        },
    ),
    "azure": Places(
        names=lambda found: {one["inputs"]["hostName"] for one in found.of_type(DOMAIN)},
        tls=lambda found: {dig(one["inputs"], "tlsSettings.minimumTlsVersion") for one in found.of_type(DOMAIN)},
        to_https=lambda found: all(
            (one["inputs"]["httpsRedirect"], one["inputs"]["forwardingProtocol"]) == ("Enabled", "HttpsOnly")
            for one in found.of_type(ROUTE)
        ),
        firewall=lambda found: (
            [
                dig(one, "patternsToMatch")
                for one in dig(only(found, "azure-native:cdn:SecurityPolicy"), "parameters.associations")
            ]
            == [["/*"]]
        ),
        rate=_azure_rate,
        cached=lambda found: {
            path
            for one in found.of_type(ROUTE)
            if one["inputs"].get("cacheConfiguration")
            for path in one["inputs"]["patternsToMatch"]
        },
        asked=lambda found: {
            dig(only(found, "azure-native:cdn:AFDOriginGroup"), "healthProbeSettings.probePath"),
            *(
                probe["httpGet"]["path"]
                for app in found.of_type("azure-native:app:ContainerApp")
                for probe in app["inputs"]["template"]["containers"][0].get("probes", [])
            ),
        },
    ),
}

TLS_12 = {"aws": "TLSv1.2_2021", "gcp": "TLS_1_2", "azure": "TLS12"}
"""How each cloud spells TLS 1.2 or later."""


@pytest.fixture(params=clouds.NAMES)
def cloud(request: pytest.FixtureRequest) -> str:
    return request.param


def test_the_edge_answers_to_the_app_s_name_alone(cloud: str) -> None:
    """It holds a certificate for the app's one name and takes TLS 1.2 or later."""
    places = PLACES[cloud]

    assert places.names(recording(cloud)) == {HOSTNAME}
    assert places.tls(recording(cloud)) == {TLS_12[cloud]}


def test_plain_http_is_sent_to_https(cloud: str) -> None:
    """It answers nothing in the clear but where to go instead."""
    assert PLACES[cloud].to_https(recording(cloud))


def test_the_firewall_stands_before_everything_with_one_bound(cloud: str) -> None:
    """It bounds the requests of one address alike on all clouds."""
    assert PLACES[cloud].firewall(recording(cloud))
    assert PLACES[cloud].rate(recording(cloud)) == (REQUESTS_PER_ADDRESS, FIREWALL_SECONDS)


def test_only_pictures_are_kept_at_the_edge(cloud: str) -> None:
    """It keeps copies of what never changes, and of nothing else."""
    assert PLACES[cloud].cached(recording(cloud)) == {MEDIA_PATHS}


def test_health_is_asked_on_one_path(cloud: str) -> None:
    """It asks every process of every cloud on the same path."""
    assert PLACES[cloud].asked(recording(cloud)) == {HEALTH_PATH}


def test_no_rule_judges_an_upload() -> None:
    """It lets pictures and posts through whatever bytes they hold: the app checks bodies itself."""
    aws, gcp, azure = (recording(name) for name in clouds.NAMES)
    common = next(
        rule for rule in only(aws, "aws:wafv2/webAcl:WebAcl")["rules"] if rule["name"].endswith("CommonRuleSet")
    )
    overrides = dig(common, "statement.managedRuleGroupStatement.ruleActionOverrides")
    refusals = [
        dig(rule, "match.expr.expression")
        for rule in only(gcp, "gcp:compute/securityPolicy:SecurityPolicy")["rules"]
        if rule["action"].startswith("deny")
    ]

    assert {one["name"] for one in overrides if "count" in one["actionToUse"]} >= {
        "SizeRestrictions_BODY",
        "CrossSiteScripting_BODY",
    }
    assert refusals
    assert all(text.startswith("(request.method == 'GET' || request.method == 'HEAD') && ") for text in refusals)
    assert dig(only(azure, "azure-native:frontdoor:Policy"), "policySettings.requestBodyCheck") == "Disabled"


def test_the_first_up_needs_no_record_in_the_dns(cloud: str) -> None:
    """It makes an edge under its provider's own name before the app's name is proved, and takes nothing away later."""
    before, after = recording(cloud, hostname_proved="false"), recording(cloud)

    assert before.outputs["edge_target"] == after.outputs["edge_target"]
    assert before.outputs["dns_records"] == after.outputs["dns_records"]
    assert set(before.by_place()) <= set(after.by_place())


def test_the_proof_of_one_cloud_leaves_room_for_another_s() -> None:
    """It asks for no CNAME where the DNS must be able to hold another authority's TXT record."""
    proof = only(recording("gcp"), "gcp:certificatemanager/dnsAuthorization:DnsAuthorization")

    assert proof["type"] == "PER_PROJECT_RECORD"
