"""IAM roles with one inline policy each."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi_aws as aws
from pulumi import Input, Output

from infra.capability import Capability

Statement = Mapping[str, Any]


def allow(actions: Sequence[str], *resources: Input[str]) -> Statement:
    """Return a policy statement that allows some actions on some resources."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def policy(statements: Sequence[Statement]) -> Output[str]:
    """Return a policy document."""
    return Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def federated_trust(federated: str, claims: Mapping[str, str | Sequence[str]]) -> str:
    """Return the document by which a token's holder may take on a role: every claim must be exactly as said."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": federated},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": claims},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def service_role(owner: Capability, part: str, service: str, statements: Sequence[Statement]) -> aws.iam.Role:
    """Make a role that one AWS service takes on for this account alone, allowed exactly the statements."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": owner.spec.account}},
    }
    role = aws.iam.Role(
        owner.child(part),
        assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        tags=owner.tags,
        opts=owner.inside(),
    )
    aws.iam.RolePolicy(owner.child(part), role=role.id, policy=policy(statements), opts=owner.inside())
    return role
