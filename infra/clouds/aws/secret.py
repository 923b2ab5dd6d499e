"""One secret in Secrets Manager, by neutral name."""

import pulumi_aws as aws
from pulumi import Output

from infra.capability import Capability


def keep(owner: Capability, name: str, value: Output[str], key: aws.kms.Key) -> aws.secretsmanager.Secret:
    """Keep a secret under its neutral name (`[a-z0-9-]{1,100}`); a deleted one can be had back for 30 days."""
    secret = aws.secretsmanager.Secret(
        name, name=name, kms_key_id=key.arn, recovery_window_in_days=30, tags=owner.tags, opts=owner.inside()
    )
    aws.secretsmanager.SecretVersion(name, secret_id=secret.id, secret_string=Output.secret(value), opts=owner.inside())
    return secret
