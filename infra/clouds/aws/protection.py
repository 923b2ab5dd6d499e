"""The web application firewall: what is refused before it reaches web."""

import pulumi_aws as aws

from infra.capability import Capability
from infra.spec import FIREWALL_SECONDS, REQUESTS_PER_ADDRESS

GLOBAL_REGION = "us-east-1"
"""Where AWS keeps what belongs to CloudFront, wherever the site stands."""

BODY_RULES = (
    "CrossSiteScripting_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "SizeRestrictions_BODY",
)
"""Rules that judge a body are counted, not enforced: bodies here are prose and pictures, which the app checks itself."""


def protection(owner: Capability) -> aws.wafv2.WebAcl:
    """Make the firewall: AWS's common rules on address, path, query and headers, and a bound on each address's requests."""
    return aws.wafv2.WebAcl(
        owner.child("firewall"),
        region=GLOBAL_REGION,
        scope="CLOUDFRONT",
        default_action=aws.wafv2.WebAclDefaultActionArgs(allow=aws.wafv2.WebAclDefaultActionAllowArgs()),
        rules=[
            _too_many(),
            _managed("AWSManagedRulesAmazonIpReputationList", 1),
            _managed("AWSManagedRulesKnownBadInputsRuleSet", 2),
            _managed("AWSManagedRulesCommonRuleSet", 3, counted=BODY_RULES),
        ],
        visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
            cloudwatch_metrics_enabled=True, sampled_requests_enabled=True, metric_name="lifeboat-firewall"
        ),
        tags=owner.tags,
        opts=owner.inside(),
    )


def _seen(name: str) -> aws.wafv2.WebAclRuleVisibilityConfigArgs:
    return aws.wafv2.WebAclRuleVisibilityConfigArgs(
        cloudwatch_metrics_enabled=True, sampled_requests_enabled=True, metric_name=f"lifeboat-{name}"
    )


def _too_many() -> aws.wafv2.WebAclRuleArgs:
    rate = aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(
        aggregate_key_type="IP", limit=REQUESTS_PER_ADDRESS, evaluation_window_sec=FIREWALL_SECONDS
    )
    return aws.wafv2.WebAclRuleArgs(
        name="too-many",
        priority=0,
        action=aws.wafv2.WebAclRuleActionArgs(block=aws.wafv2.WebAclRuleActionBlockArgs()),
        statement=aws.wafv2.WebAclRuleStatementArgs(rate_based_statement=rate),
        visibility_config=_seen("too-many"),
    )


def _managed(name: str, priority: int, counted: tuple[str, ...] = ()) -> aws.wafv2.WebAclRuleArgs:
    count = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs(
        count=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs()
    )
    group = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
        vendor_name="AWS",
        name=name,
        rule_action_overrides=[
            aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs(name=rule, action_to_use=count)
            for rule in counted
        ],
    )
    return aws.wafv2.WebAclRuleArgs(
        name=name,
        priority=priority,
        override_action=aws.wafv2.WebAclRuleOverrideActionArgs(none=aws.wafv2.WebAclRuleOverrideActionNoneArgs()),
        statement=aws.wafv2.WebAclRuleStatementArgs(managed_rule_group_statement=group),
        visibility_config=_seen(name),
    )
