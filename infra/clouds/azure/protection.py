"""The web application firewall: what is refused before it reaches web."""

from collections.abc import Sequence

import pulumi_azure_native as azure
from pulumi import Output

from infra.capability import Capability
from infra.clouds.azure.names import EVERYWHERE
from infra.clouds.azure.place import GROUP
from infra.spec import FIREWALL_SECONDS, REQUESTS_PER_ADDRESS


def protection(owner: Capability, profile: azure.cdn.Profile, names: Sequence[Output[str]]) -> None:
    """Put Microsoft's rules on address, path, query and headers before `names`, and a bound on each address's requests.

    Bodies are not judged: here they are prose and pictures, which the app checks itself.
    """
    policy = azure.frontdoor.Policy(
        owner.child("firewall"),
        policy_name="lifeboat",
        resource_group_name=GROUP,
        location=EVERYWHERE,
        sku=azure.frontdoor.SkuArgs(name=azure.frontdoor.SkuName.PREMIUM_AZURE_FRONT_DOOR),
        policy_settings=azure.frontdoor.PolicySettingsArgs(
            enabled_state=azure.frontdoor.PolicyEnabledState.ENABLED,
            mode=azure.frontdoor.PolicyMode.PREVENTION,
            request_body_check=azure.frontdoor.PolicyRequestBodyCheck.DISABLED,
        ),
        managed_rules=azure.frontdoor.ManagedRuleSetListArgs(
            managed_rule_sets=[
                _managed("Microsoft_DefaultRuleSet", "2.1"),
                _managed("Microsoft_BotManagerRuleSet", "1.1"),
            ]
        ),
        custom_rules=azure.frontdoor.CustomRuleListArgs(rules=[_too_many()]),
        tags=owner.tags,
        opts=owner.inside(depends_on=[profile]),
    )
    guarded = azure.cdn.SecurityPolicyWebApplicationFirewallAssociationArgs(
        domains=[azure.cdn.ActivatedResourceReferenceArgs(id=name) for name in names], patterns_to_match=["/*"]
    )
    azure.cdn.SecurityPolicy(
        owner.child("firewall"),
        profile_name=profile.name,
        resource_group_name=GROUP,
        parameters=azure.cdn.SecurityPolicyWebApplicationFirewallParametersArgs(
            type="WebApplicationFirewall",
            waf_policy=azure.cdn.ResourceReferenceArgs(id=policy.id),
            associations=[guarded],
        ),
        opts=owner.inside(),
    )


def _managed(kind: str, version: str) -> azure.frontdoor.ManagedRuleSetArgs:
    return azure.frontdoor.ManagedRuleSetArgs(
        rule_set_type=kind, rule_set_version=version, rule_set_action=azure.frontdoor.ManagedRuleSetActionType.BLOCK
    )


def _too_many() -> azure.frontdoor.CustomRuleArgs:
    """Azure wants a condition, so this one names every address there is."""
    everybody = azure.frontdoor.MatchConditionArgs(
        match_variable=azure.frontdoor.MatchVariable.SOCKET_ADDR,
        operator=azure.frontdoor.Operator.IP_MATCH,
        match_value=["0.0.0.0/0", "::/0"],
    )
    return azure.frontdoor.CustomRuleArgs(
        name="TooMany",
        priority=1,
        rule_type=azure.frontdoor.RuleType.RATE_LIMIT_RULE,
        rate_limit_duration_in_minutes=FIREWALL_SECONDS // 60,
        rate_limit_threshold=REQUESTS_PER_ADDRESS,
        match_conditions=[everybody],
        action=azure.frontdoor.ActionType.BLOCK,
    )
