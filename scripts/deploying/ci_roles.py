"""Which rights CI's two roles have on each cloud, read from the recorded graph: what is granted, and to whom exactly."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.previewing.graph import Graph, Resource

ROLES = ("preview", "deploy")
CAPABILITY = "access"
IDENTITIES = (
    "aws:iam/role:Role",
    "gcp:serviceaccount/account:Account",
    "azure-native:managedidentity:UserAssignedIdentity",
)
AZURE_ROLES = {
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "12338af0-0e69-4776-bea7-57ae8d297424": "Key Vault Crypto User",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
}
"""Names of built-in roles: learn.microsoft.com/azure/role-based-access-control/built-in-roles."""


@dataclass(frozen=True)
class Right:
    """One right of a role: what, on what, and under which condition."""

    what: str
    where: str
    condition: str = ""


@dataclass(frozen=True)
class Role:
    """One of CI's roles on one cloud: whose tokens it takes, and all its rights in a fixed order."""

    cloud: str
    name: str
    subjects: tuple[str, ...]
    rights: tuple[Right, ...]


def read_roles(graph: Graph) -> tuple[Role, ...]:
    """Find the roles in a graph; a cloud without the capability has none."""
    return tuple(_role(graph, one, name) for name in ROLES for one in _identities(graph, name))


def _identities(graph: Graph, role: str) -> list[Resource]:
    own = graph.by_capability.get(CAPABILITY, ())
    return [one for one in own if one.type in IDENTITIES and one.name.endswith(f"-{role}")]


def _role(graph: Graph, identity: Resource, name: str) -> Role:
    pointing = [one for one in graph.provided if _points(one, identity)]
    subjects = {one for found in (identity, *pointing) for one in _subjects(found, graph.cloud)}
    rights = {right for one in pointing for right in _rights(one)}
    ordered = sorted(rights, key=lambda right: (right.what, right.where, right.condition))
    return Role(graph.cloud, name, tuple(sorted(subjects)), tuple(ordered))


def _points(one: Resource, identity: Resource) -> bool:
    return any(identity.place in places for places in one.property_dependencies.values())


def _subjects(one: Resource, cloud: str) -> Iterator[str]:
    """Find the exact name in CI's token, wherever a cloud keeps it."""
    yield from re.findall(r"repo:[\w./-]+:environment:[\w-]+", json.dumps(dict(one.inputs)))


def _rights(one: Resource) -> Iterator[Right]:
    kind, inputs = one.type.rpartition(":")[2], one.inputs
    if kind == "RolePolicy":
        for statement in json.loads(inputs["policy"])["Statement"]:
            condition = json.dumps(statement["Condition"], sort_keys=True) if "Condition" in statement else ""
            for action in _list(statement["Action"]):
                yield Right(action, ", ".join(_list(statement["Resource"])), condition)
    elif kind == "RolePolicyAttachment":
        yield Right(str(inputs["policyArn"]), "the account")
    elif kind == "IAMMember" and "project" in inputs:
        yield Right(str(inputs["role"]), f"project {inputs['project']}", _expression(inputs))
    elif kind == "RoleAssignment":
        number = str(inputs["roleDefinitionId"]).rpartition("/")[2]
        yield Right(f"{AZURE_ROLES.get(number, 'a role of our own')} ({number})", str(inputs["scope"]))


def _expression(inputs: Mapping[str, Any]) -> str:
    condition = inputs.get("condition")
    return str(condition.get("expression", "")) if isinstance(condition, Mapping) else ""


def _list(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
