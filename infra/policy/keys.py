"""Rules for keys and vaults: they turn over by themselves, and none can be destroyed at once."""

import re
from typing import Any

from infra.policy.estate import Estate
from infra.policy.rule import Findings, at_least, equals, is_set, is_true, number, rule, wants

KMS, CRYPTO = "aws:kms/key:Key", "gcp:kms/cryptoKey:CryptoKey"
VAULT_KEY, VAULT = "azure-native:keyvault:Key", "azure-native:keyvault:Vault"
DAYS_90 = 90 * 24 * 3600


@rule(aws="4.6", gcp="1.11", azure="8.3.9")
def key_rotated(estate: Estate) -> Findings:
    """Every key gets a new version by itself, at least once a year (90 days where the benchmark asks for it)."""
    yield from wants(estate.of(KMS), "enableKeyRotation", is_true, "never turns over")
    yield from wants(estate.of(CRYPTO), "rotationPeriod", _within_90_days, "turns over later than after 90 days")
    action = "properties.rotationPolicy.lifetimeActions.action.type"
    yield from wants(estate.of(VAULT_KEY), action, equals("rotate"), "never turns over")


def _within_90_days(value: Any) -> bool:
    return 0 < number(value) <= DAYS_90


@rule(azure="8.3.5")
def key_not_destroyed_at_once(estate: Estate) -> Findings:
    """A key whose deletion was asked for can be had back for a week or more."""
    yield from wants(estate.of(KMS), "deletionWindowInDays", at_least(7), "may be gone within a week")
    yield from wants(
        estate.of(CRYPTO), "destroyScheduledDuration", at_least(7 * 24 * 3600), "may be gone within a week"
    )
    yield from wants(estate.of(VAULT), "properties.enablePurgeProtection", is_true, "can be purged")


@rule(gcp="1.10", azure="8.3.6")
def vault_closed(estate: Estate) -> Findings:
    """Nobody reads a key or a secret without a right of his own to it."""
    secrets = "aws:secretsmanager/secret:Secret"
    yield from wants(estate.of(secrets), "kmsKeyId", is_set, "is not encrypted with a key of the site's own")
    for kind in ("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", "gcp:secretmanager/secretIamMember:SecretIamMember"):
        yield from wants(estate.of(kind), "member", _is_somebody, "lets everybody in")
    yield from wants(estate.of(VAULT), "properties.enableRbacAuthorization", is_true, "has policies beside the roles")
    yield from wants(
        estate.of(VAULT), "properties.networkAcls.defaultAction", equals("Deny"), "answers the whole world"
    )


def _is_somebody(value: Any) -> bool:
    return not re.fullmatch(r"allUsers|allAuthenticatedUsers", str(value))
