"""Encryption keys in KMS."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi_aws as aws

from infra.capability import Capability


def encryption_key(owner: Capability, *, for_logs: bool = False, also: Sequence[Mapping[str, Any]] = ()) -> aws.kms.Key:
    """Make the key of one capability, rotated yearly; `for_logs` lets CloudWatch Logs encrypt log groups with it; `also` are
    further statements of the key's own policy.

    The key outlives a mistake: Pulumi refuses to delete it, and KMS waits 30 days before it does.
    """
    known = [_account(owner), _logs(owner)] if for_logs else [_account(owner)]
    key = aws.kms.Key(
        owner.child("key"),
        description=f"Lifeboat {owner.tags['lifeboat-capability']}",
        enable_key_rotation=True,
        deletion_window_in_days=30,
        policy=json.dumps({"Version": "2012-10-17", "Statement": [*known, *also]}),
        tags=owner.tags,
        opts=owner.guarded(),
    )
    aws.kms.Alias(owner.child("key"), name=f"alias/{owner.label}", target_key_id=key.key_id, opts=owner.inside())
    return key


def _account(owner: Capability) -> dict[str, Any]:
    """Hand the key to the account's own IAM policies; without this nobody could ever change the key again."""
    root = f"arn:aws:iam::{owner.spec.account}:root"
    return {"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}


def _logs(owner: Capability) -> dict[str, Any]:
    groups = f"arn:aws:logs:{owner.spec.region}:{owner.spec.account}:log-group:*"
    return {
        "Sid": "Logs",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{owner.spec.region}.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    }
