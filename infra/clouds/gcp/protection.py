"""The web application firewall: what is refused before it reaches web."""

import pulumi_gcp as gcp

from infra.capability import Capability
from infra.spec import FIREWALL_SECONDS, REQUESTS_PER_ADDRESS

LAST = 2147483647
EVERYBODY = gcp.compute.SecurityPolicyRuleMatchArgs(
    versioned_expr="SRC_IPS_V1", config=gcp.compute.SecurityPolicyRuleMatchConfigArgs(src_ip_ranges=["*"])
)
RULE_SETS = ("sqli-v33-stable", "lfi-v33-stable", "rce-v33-stable", "scannerdetection-v33-stable")


def protection(owner: Capability) -> gcp.compute.SecurityPolicy:
    """Make the firewall: Google's rules on what is asked for, and a bound on each address's requests.

    Cloud Armor cannot judge a request without its body, so its rules judge those that have none: bodies here are prose
    and pictures, which the app checks itself.
    """
    return gcp.compute.SecurityPolicy(
        owner.child("firewall"),
        type="CLOUD_ARMOR",
        adaptive_protection_config=gcp.compute.SecurityPolicyAdaptiveProtectionConfigArgs(
            layer7_ddos_defense_config=gcp.compute.SecurityPolicyAdaptiveProtectionConfigLayer7DdosDefenseConfigArgs(
                enable=True
            )
        ),
        rules=[*[_refuse(rules, 1000 + number) for number, rules in enumerate(RULE_SETS)], _too_many(), _the_rest()],
        labels=owner.tags,
        opts=owner.inside(),
    )


def _refuse(rules: str, priority: int) -> gcp.compute.SecurityPolicyRuleArgs:
    without_body = "(request.method == 'GET' || request.method == 'HEAD')"
    expression = f"{without_body} && evaluatePreconfiguredWaf('{rules}', {{'sensitivity': 1}})"
    return gcp.compute.SecurityPolicyRuleArgs(
        action="deny(403)",
        priority=priority,
        description=rules,
        match=gcp.compute.SecurityPolicyRuleMatchArgs(
            expr=gcp.compute.SecurityPolicyRuleMatchExprArgs(expression=expression)
        ),
    )


def _too_many() -> gcp.compute.SecurityPolicyRuleArgs:
    threshold = gcp.compute.SecurityPolicyRuleRateLimitOptionsRateLimitThresholdArgs(
        count=REQUESTS_PER_ADDRESS, interval_sec=FIREWALL_SECONDS
    )
    return gcp.compute.SecurityPolicyRuleArgs(
        action="throttle",
        priority=2000,
        description="too many",
        match=EVERYBODY,
        rate_limit_options=gcp.compute.SecurityPolicyRuleRateLimitOptionsArgs(
            conform_action="allow", exceed_action="deny(429)", enforce_on_key="IP", rate_limit_threshold=threshold
        ),
    )


def _the_rest() -> gcp.compute.SecurityPolicyRuleArgs:
    return gcp.compute.SecurityPolicyRuleArgs(action="allow", priority=LAST, description="the rest", match=EVERYBODY)
