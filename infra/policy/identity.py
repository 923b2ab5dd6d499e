"""Rules for who may act: CI by its exact name and without stored keys, and nobody with the right to everything."""

from collections.abc import Mapping
from typing import Any

from infra.policy.estate import Estate, Resource
from infra.policy.kinds import ROLE, ROLE_POLICY
from infra.policy.rule import Findings, equals, fault, is_set, refuses, rule, statements, wants, words

POOL_PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
FEDERATED = "azure-native:managedidentity:FederatedIdentityCredential"
AZURE_AUDIENCE = "api://AzureADTokenExchange"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
"""The built-in role Owner: learn.microsoft.com/azure/role-based-access-control/built-in-roles."""
EVERYTHING = ("roles/owner", "roles/editor")


@rule(aws="2.19", gcp="1.5")
def identity_exact(estate: Estate) -> Findings:
    """Whoever comes with a foreign token is known by an exact subject, not by a pattern."""
    for role in estate.of(ROLE):
        for statement in _federated(role):
            if not _names_one(statement.get("Condition", {})):
                yield fault(role, "trusts a pattern of subjects, or any")
    yield from wants(estate.of(POOL_PROVIDER), "attributeCondition", is_set, "takes every token of its issuer")
    yield from wants(estate.of(FEDERATED), "subject", lambda value: "*" not in str(value), "trusts a pattern")
    yield from wants(estate.of(FEDERATED), "audiences", _has_audience, f"is not for {AZURE_AUDIENCE}")


def _federated(role: Resource) -> list[Mapping[str, Any]]:
    found = [one for document in role.at("assumeRolePolicy") for one in statements(document)]
    return [one for one in found if isinstance(one.get("Principal"), Mapping) and "Federated" in one["Principal"]]


def _names_one(condition: Any) -> bool:
    exact = condition.get("StringEquals", {}) if isinstance(condition, Mapping) else {}
    subjects = [word for key, value in exact.items() if str(key).endswith(":sub") for word in words(value)]
    return bool(subjects) and not any("*" in one for one in subjects)


def _has_audience(value: Any) -> bool:
    return AZURE_AUDIENCE in words(value)


@rule(aws="2.14", gcp="1.6", azure="5.4")
def identity_limited(estate: Estate) -> Findings:
    """Nobody is given the right to do everything."""
    for kind in (ROLE_POLICY, "aws:iam/policy:Policy"):
        for one in estate.of(kind):
            if any(_allows_all(found) for document in one.at("policy") for found in statements(document)):
                yield fault(one, "may do everything")
    for kind in ("gcp:projects/iAMMember:IAMMember", "gcp:projects/iAMBinding:IAMBinding"):
        yield from refuses(estate.of(kind), "role", equals(*EVERYTHING), "may do everything")
    assignments = estate.of("azure-native:authorization:RoleAssignment")
    yield from refuses(assignments, "roleDefinitionId", lambda value: OWNER in str(value), "may do everything")
    for one in estate.of("azure-native:authorization:RoleDefinition"):
        if any("*" in words(found) for found in one.at("permissions.actions")):
            yield fault(one, "may do everything")


def _allows_all(statement: Mapping[str, Any]) -> bool:
    return statement.get("Effect") == "Allow" and "*" in words(statement.get("Action"))
