"""Every rule on every cloud: a good site keeps it, and the same site with one thing changed breaks it there."""

import json
from typing import Any

import pytest

from infra.alarms import alarms
from infra.config import parse
from infra.policy import check as checking
from infra.policy.audit import SUBSCRIPTION_DIAGNOSTICS
from infra.policy.control import LIFECYCLE
from infra.policy.edge import DISTRIBUTION, DOMAIN, HTTP_PROXY, HTTPS_PROXY, LISTENER, ROUTE, SSL_POLICY, URL_MAP
from infra.policy.estate import UNKNOWN, Estate
from infra.policy.keys import CRYPTO, KMS, VAULT, VAULT_KEY
from infra.policy.kinds import (
    ACCOUNT,
    BLOBS,
    DIAGNOSTICS,
    FLEXIBLE,
    FLEXIBLE_PARAMETER,
    GCS,
    RDS,
    RDS_PARAMETERS,
    ROLE,
    ROLE_POLICY,
    S3,
    SQL,
)
from infra.policy.replication import ALERT_POLICY, METRIC_ALARM, OF_SLOTS, QUERY_RULE
from infra.policy.rule import RULES
from infra.policy.stores import BUCKET_POLICY, VERSIONING
from infra.policy.values import PASSWORD
from infra.stack_files import stack_settings
from tests.policy.good import (
    ASSIGNMENT,
    BLOCK,
    CI_TRUST,
    CONDITIONAL,
    CONTAINER,
    DEFINITION,
    ENCRYPTION,
    GONE,
    GOOD,
    NEVER_DELETED,
    OBJECT_LOCK,
    TLS_ONLY,
    document,
    made,
    spoiled,
)

CLOUDS = ("aws", "gcp", "azure")
assert checking.RULE_FILES

_IP, _BACKUP = "settings.ipConfiguration", "settings.backupConfiguration"
_FLAGS = "settings.databaseFlags"
_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_DEFAULT = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
_TRAIL = "aws:cloudtrail/trail:Trail"
_POOL = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
_FEDERATED = "azure-native:managedidentity:FederatedIdentityCredential"
_PATTERN = CI_TRUST | {"Condition": {"StringLike": {"token.example.org:sub": "repo:we/*"}}}
_SOMEBODY = CI_TRUST | {"Condition": {"StringEquals": {"token.example.org:sub": "repo:we/lifeboat:*"}}}

Spoiling = tuple[str, str, str, str, str, Any]

SPOILINGS: tuple[Spoiling, ...] = (
    ("database-encrypted", "aws", RDS, "server", "storageEncrypted", False),
    ("database-encrypted", "aws", RDS, "server", "kmsKeyId", GONE),
    ("database-encrypted", "gcp", SQL, "server", "encryptionKeyName", GONE),
    ("database-encrypted", "azure", FLEXIBLE, "server", "dataEncryption.type", "SystemManaged"),
    ("database-private", "aws", RDS, "server", "publiclyAccessible", True),
    ("database-private", "gcp", SQL, "server", f"{_IP}.ipv4Enabled", True),
    ("database-private", "gcp", SQL, "server", f"{_IP}.authorizedNetworks", [{"value": "0.0.0.0/0"}]),
    ("database-private", "azure", FLEXIBLE, "server", "network.delegatedSubnetResourceId", GONE),
    ("database-tls", "aws", RDS_PARAMETERS, "parameters", "parameters", [{"name": "rds.force_ssl", "value": "0"}]),
    ("database-tls", "gcp", SQL, "server", f"{_IP}.sslMode", "ALLOW_UNENCRYPTED_AND_ENCRYPTED"),
    ("database-tls", "azure", FLEXIBLE_PARAMETER, "require_secure_transport", "value", "off"),
    ("database-kept", "aws", RDS, "server", "deletionProtection", False),
    ("database-kept", "aws", RDS, "server", "protect", False),
    ("database-kept", "gcp", SQL, "server", "settings.deletionProtectionEnabled", False),
    ("database-kept", "azure", "azure-native:authorization:ManagementLockByScope", "lock", "", GONE),
    ("database-backed-up", "aws", RDS, "server", "backupRetentionPeriod", 1),
    ("database-backed-up", "gcp", SQL, "server", f"{_BACKUP}.pointInTimeRecoveryEnabled", False),
    ("database-backed-up", "gcp", SQL, "server", f"{_BACKUP}.transactionLogRetentionDays", 3),
    ("database-backed-up", "azure", FLEXIBLE, "server", "backup.backupRetentionDays", GONE),
    ("database-in-two-zones", "aws", RDS, "server", "multiAz", False),
    ("database-in-two-zones", "gcp", SQL, "server", "settings.availabilityType", "ZONAL"),
    ("database-in-two-zones", "azure", FLEXIBLE, "server", "highAvailability.mode", "SameZone"),
    ("database-updated", "aws", RDS, "server", "autoMinorVersionUpgrade", False),
    ("database-updated", "gcp", SQL, "server", "settings.maintenanceWindow", GONE),
    ("database-updated", "azure", FLEXIBLE, "server", "maintenanceWindow.customWindow", "Disabled"),
    ("database-logs", "aws", RDS, "server", "enabledCloudwatchLogsExports", ["upgrade"]),
    ("database-logs", "gcp", SQL, "server", _FLAGS, [{"name": "log_connections", "value": "off"}]),
    ("database-logs", "azure", FLEXIBLE_PARAMETER, "shared_preload_libraries", "value", "pg_stat_statements"),
    ("database-logs", "azure", DIAGNOSTICS, "logs", "", GONE),
    ("database-login-by-identity", "aws", RDS, "server", "iamDatabaseAuthenticationEnabled", False),
    ("database-login-by-identity", "gcp", SQL, "server", _FLAGS, []),
    ("database-login-by-identity", "azure", FLEXIBLE, "server", "authConfig.activeDirectoryAuth", "Disabled"),
    ("slots-watched", "aws", METRIC_ALARM, "replication-lag", "", GONE),
    ("slots-watched", "aws", METRIC_ALARM, "retained-wal", "alarmActions", []),
    ("slots-watched", "gcp", ALERT_POLICY, "retained-wal", "", GONE),
    ("slots-watched", "gcp", ALERT_POLICY, "replication-lag", "notificationChannels", []),
    ("slots-watched", "azure", QUERY_RULE, "replication-lag", "enabled", False),
    ("slots-watched", "azure", QUERY_RULE, "retained-wal", "actions.actionGroups", GONE),
    ("replication-logical", "aws", RDS_PARAMETERS, "parameters", "parameters", []),
    ("replication-logical", "gcp", SQL, "server", _FLAGS, [{"name": "max_wal_senders", "value": "2"}]),
    ("replication-logical", "azure", FLEXIBLE_PARAMETER, "wal_level", "value", "replica"),
    ("replication-logical", "azure", FLEXIBLE_PARAMETER, "max_replication_slots", "value", "4"),
    ("slots-bounded", "aws", RDS_PARAMETERS, "parameters", "parameters", []),
    ("store-private", "aws", BLOCK, "media-pictures", "ignorePublicAcls", False),
    ("store-private", "gcp", GCS, "media-pictures", "publicAccessPrevention", "inherited"),
    ("store-private", "azure", ACCOUNT, "media-pictures", "allowBlobPublicAccess", True),
    ("store-private", "azure", CONTAINER, "media-pictures", "publicAccess", "Blob"),
    ("store-tls", "aws", BUCKET_POLICY, "media-pictures", "policy", document({"Effect": "Allow"})),
    ("store-tls", "azure", ACCOUNT, "media-pictures", "minimumTlsVersion", "TLS1_0"),
    ("store-versioned", "aws", VERSIONING, "media-pictures", "versioningConfiguration.status", "Suspended"),
    ("store-versioned", "gcp", GCS, "media-pictures", "versioning.enabled", False),
    ("store-versioned", "azure", BLOBS, "media-pictures", "isVersioningEnabled", False),
    ("store-forgives", "aws", VERSIONING, "media-pictures", "", GONE),
    ("store-forgives", "gcp", GCS, "media-pictures", "softDeletePolicy.retentionDurationSeconds", 0),
    ("store-forgives", "azure", BLOBS, "media-pictures", "deleteRetentionPolicy.days", 1),
    ("store-encrypted", "aws", ENCRYPTION, "media-pictures", "", GONE),
    ("store-encrypted", "gcp", GCS, "media-pictures", "encryption", GONE),
    ("store-encrypted", "azure", ACCOUNT, "media-pictures", "encryption.keySource", "Microsoft.Storage"),
    ("no-shared-keys", "azure", ACCOUNT, "media-pictures", "allowSharedKeyAccess", True),
    ("store-kept", "aws", S3, "media-pictures", "forceDestroy", True),
    ("store-kept", "gcp", GCS, "media-pictures", "protect", False),
    ("store-kept", "azure", ACCOUNT, "media-pictures", "protect", False),
    ("lease-written-by-condition", "aws", BUCKET_POLICY, "control-lease", "policy", document(TLS_ONLY, NEVER_DELETED)),
    ("lease-not-deleted", "aws", BUCKET_POLICY, "control-lease", "policy", document(TLS_ONLY, CONDITIONAL)),
    (
        "lease-not-deleted",
        "gcp",
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        "agent-lease",
        "role",
        "roles/storage.admin",
    ),
    (
        "lease-not-deleted",
        "azure",
        DEFINITION,
        "keeper",
        "permissions",
        [{"dataActions": ["Microsoft.Storage/x/delete"]}],
    ),
    ("lease-not-deleted", "azure", DEFINITION, "keeper", "", GONE),
    ("lease-plain", "gcp", GCS, "control-lease", "versioning.enabled", True),
    ("lease-plain", "gcp", GCS, "control-lease", "retentionPolicy", {"retentionPeriod": "60"}),
    ("lease-plain", "azure", BLOBS, "control-lease", "isVersioningEnabled", True),
    ("ledger-retained", "aws", OBJECT_LOCK, "control-ledger", "rule.defaultRetention.mode", "GOVERNANCE"),
    ("ledger-retained", "gcp", GCS, "control-ledger", "retentionPolicy.isLocked", False),
    ("ledger-retained", "azure", ACCOUNT, "control-ledger", "immutableStorageWithVersioning", GONE),
    ("key-rotated", "aws", KMS, "key", "enableKeyRotation", False),
    ("key-rotated", "gcp", CRYPTO, "key", "rotationPeriod", "31536000s"),
    ("key-rotated", "azure", VAULT_KEY, "key", "properties.rotationPolicy", GONE),
    ("key-not-destroyed-at-once", "aws", KMS, "key", "deletionWindowInDays", 1),
    ("key-not-destroyed-at-once", "gcp", CRYPTO, "key", "destroyScheduledDuration", "86400s"),
    ("key-not-destroyed-at-once", "azure", VAULT, "vault", "properties.enablePurgeProtection", False),
    ("vault-closed", "aws", "aws:secretsmanager/secret:Secret", "secret", "kmsKeyId", GONE),
    ("vault-closed", "gcp", "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", "key-user", "member", "allUsers"),
    ("vault-closed", "azure", VAULT, "vault", "properties.networkAcls.defaultAction", "Allow"),
    ("nothing-open", "aws", _INGRESS, "to-database", "cidrIpv4", "0.0.0.0/0"),
    ("nothing-open", "gcp", "gcp:compute/firewall:Firewall", "from-site", "sourceRanges", ["0.0.0.0/0"]),
    ("nothing-open", "azure", "azure-native:network:SecurityRule", "to-database", "sourceAddressPrefix", "*"),
    ("flows-logged", "aws", "aws:ec2/flowLog:FlowLog", "flows", "", GONE),
    ("flows-logged", "gcp", "gcp:compute/subnetwork:Subnetwork", "services", "logConfig", GONE),
    ("flows-logged", "azure", "azure-native:network:FlowLog", "flows", "enabled", False),
    ("nothing-by-default", "aws", _DEFAULT, "default", "ingress", [{"protocol": "-1"}]),
    ("nothing-by-default", "gcp", "gcp:compute/network:Network", "vpc", "autoCreateSubnetworks", True),
    ("nothing-by-default", "azure", "azure-native:network:Subnet", "services", "networkSecurityGroup", GONE),
    (
        "image-by-digest",
        "aws",
        "aws:ecs/taskDefinition:TaskDefinition",
        "web",
        "containerDefinitions",
        json.dumps([{"image": "lifeboat:latest"}]),
    ),
    (
        "image-by-digest",
        "gcp",
        "gcp:cloudrunv2/service:Service",
        "web",
        "template.containers.image",
        "lifeboat:latest",
    ),
    (
        "image-by-digest",
        "azure",
        "azure-native:app:ContainerApp",
        "web",
        "template.containers.image",
        "lifeboat:latest",
    ),
    ("edge-tls", "aws", DISTRIBUTION, "edge", "viewerCertificate.minimumProtocolVersion", "TLSv1.1_2016"),
    ("edge-tls", "gcp", SSL_POLICY, "tls", "minTlsVersion", "TLS_1_0"),
    ("edge-tls", "azure", DOMAIN, "domain", "tlsSettings.minimumTlsVersion", "TLS10"),
    ("edge-redirects", "aws", DISTRIBUTION, "edge", "defaultCacheBehavior.viewerProtocolPolicy", "allow-all"),
    ("edge-redirects", "aws", LISTENER, "listener", "protocol", "HTTP"),
    ("edge-redirects", "gcp", URL_MAP, "redirect", "defaultUrlRedirect", GONE),
    ("edge-redirects", "azure", ROUTE, "route", "httpsRedirect", "Disabled"),
    ("edge-guarded", "aws", DISTRIBUTION, "edge", "webAclId", GONE),
    ("edge-guarded", "gcp", "gcp:compute/backendService:BackendService", "origin", "securityPolicy", GONE),
    ("edge-guarded", "azure", "azure-native:cdn:SecurityPolicy", "guard", "", GONE),
    ("audit-on", "aws", _TRAIL, "trail", "isMultiRegionTrail", False),
    ("audit-on", "aws", _TRAIL, "trail", "", GONE),
    ("audit-on", "gcp", "gcp:projects/iAMAuditConfig:IAMAuditConfig", "audit", "auditLogConfigs", []),
    ("audit-on", "gcp", "gcp:logging/projectSink:ProjectSink", "sink", "", GONE),
    ("audit-on", "azure", SUBSCRIPTION_DIAGNOSTICS, "activity", "logs", [{"category": "Administrative"}]),
    ("audit-on", "azure", SUBSCRIPTION_DIAGNOSTICS, "activity", "", GONE),
    ("audit-immutable", "aws", _TRAIL, "trail", "enableLogFileValidation", False),
    ("audit-immutable", "gcp", GCS, "watch-logs", "retentionPolicy.isLocked", False),
    ("audit-immutable", "azure", ACCOUNT, "watch-logs", "immutableStorageWithVersioning", GONE),
    ("identity-exact", "aws", ROLE, "deploy", "assumeRolePolicy", document(_PATTERN)),
    ("identity-exact", "aws", ROLE, "deploy", "assumeRolePolicy", document(_SOMEBODY)),
    ("identity-exact", "gcp", _POOL, "ci", "attributeCondition", ""),
    ("identity-exact", "azure", _FEDERATED, "ci", "subject", "repo:we/*"),
    ("identity-exact", "azure", _FEDERATED, "ci", "audiences", ["sts.example.org"]),
    ("identity-limited", "aws", ROLE_POLICY, "agent", "policy", document({"Effect": "Allow", "Action": "*"})),
    ("identity-limited", "gcp", "gcp:projects/iAMMember:IAMMember", "agent", "role", "roles/editor"),
    ("identity-limited", "azure", DEFINITION, "keeper", "permissions", [{"actions": ["*"]}]),
    ("names-taken", "aws", S3, "control-lease", "bucket", "Lease"),
    ("names-taken", "gcp", GCS, "control-lease", "name", "goog-lease"),
    ("names-taken", "azure", FLEXIBLE, "server", "serverName", "Server_1"),
    ("tags-taken", "aws", S3, "control-lease", "tags", {"aws:site": "x"}),
    ("tags-taken", "gcp", GCS, "control-lease", "labels", {"Site": "x"}),
    ("tags-taken", "azure", ACCOUNT, "control-lease", "tags", {"lifeboat/site": "x"}),
    ("values-taken", "aws", KMS, "key", "deletionWindowInDays", 31),
    ("values-taken", "gcp", CRYPTO, "key", "destroyScheduledDuration", "31536000s"),
    ("values-taken", "azure", VAULT, "vault", "properties.softDeleteRetentionInDays", 91),
    ("passwords-taken", "aws", PASSWORD, "password", "length", 8),
    ("passwords-taken", "aws", PASSWORD, "password", "special", True),
    ("passwords-taken", "gcp", PASSWORD, "password", "length", 200),
    ("passwords-taken", "azure", PASSWORD, "password", "minUpper", 0),
    ("ranges-apart", "gcp", "gcp:compute/subnetwork:Subnetwork", "services", "ipCidrRange", "10.30.0.0/30"),
    ("ranges-apart", "azure", "azure-native:network:Subnet", "services", "addressPrefix", "10.20.0.0/28"),
)

ADDED = (
    ("no-shared-keys", "aws", made("aws:iam/accessKey:AccessKey", "key-of-somebody", {})),
    ("no-shared-keys", "gcp", made("gcp:serviceaccount/key:Key", "key-of-somebody", {})),
    (
        "database-private",
        "azure",
        made("azure-native:dbforpostgresql:FirewallRule", "open", {"startIpAddress": "0.0.0.0"}),
    ),
    (
        "lease-plain",
        "aws",
        made(LIFECYCLE, "lease-forgets", {}, bucket=next(r for r in GOOD["aws"].of(S3) if r.name == "control-lease")),
    ),
    (
        "lease-not-deleted",
        "azure",
        made(ASSIGNMENT, "contributor", {}, scope=next(r for r in GOOD["azure"].of(ACCOUNT) if "lease" in r.name)),
    ),
    ("ranges-apart", "aws", made("aws:ec2/subnet:Subnet", "huge", {"cidrBlock": "10.0.0.0/8"})),
    ("edge-redirects", "gcp", made(HTTP_PROXY, "bare", {}, urlMap=made(URL_MAP, "bare", {}))),
    ("edge-tls", "gcp", made(HTTPS_PROXY, "old", {})),
)


def found(rule: str, estate: Estate) -> set[str]:
    return {one.resource for one in RULES[rule].check(estate)}


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("rule", RULES)
def test_a_good_site_keeps_the_rule(rule: str, cloud: str) -> None:
    """It finds nothing in a site that is as it should be."""
    assert found(rule, GOOD[cloud]) == set()


@pytest.mark.parametrize(("rule", "cloud", "kind", "name", "path", "value"), SPOILINGS)
def test_one_thing_wrong_breaks_the_rule(rule: str, cloud: str, kind: str, name: str, path: str, value: Any) -> None:
    """It finds something after one change, and says which resource."""
    names = {one.name for one in GOOD[cloud].resources} | {"the site"}

    assert found(rule, spoiled(cloud, kind, name, path, value)) & names


def test_the_alarms_on_slots_are_alarms_that_there_are() -> None:
    """It looks for names that the description really gives."""
    spec = parse({key.partition(":")[2]: value for key, value in stack_settings("aws").items()}, "aws")

    assert set(OF_SLOTS) <= {alarm.label for alarm in alarms(spec)}


@pytest.mark.parametrize(("rule", "cloud", "extra"), ADDED)
def test_one_thing_too_many_breaks_the_rule(rule: str, cloud: str, extra: Any) -> None:
    """It finds a resource that should not be there."""
    companions = [made(URL_MAP, "bare", {})] if extra.type == HTTP_PROXY else []

    assert found(rule, Estate((*GOOD[cloud].resources, *companions, extra)))


def test_every_rule_is_broken_once_in_every_cloud() -> None:
    """It leaves no rule and no cloud untried, except where the rule itself says why that cloud has nothing to see."""
    tried = {(rule, cloud) for rule, cloud, *_ in (*SPOILINGS, *ADDED)}
    silent = {(name, cloud) for name, rule in RULES.items() for cloud in rule.without}

    assert tried | silent == {(name, cloud) for name in RULES for cloud in CLOUDS}
    assert not tried & silent


FROM_ELSEWHERE = (
    *(
        ("aws", RDS, "server", "kmsKeyId"),
        ("aws", ROLE_POLICY, "agent", "policy"),
        ("aws", ROLE, "deploy", "assumeRolePolicy"),
    ),
    *(("aws", BUCKET_POLICY, name, "policy") for name in ("media-pictures", "control-lease")),
    ("aws", "aws:ecs/taskDefinition:TaskDefinition", "web", "containerDefinitions"),
    ("aws", DISTRIBUTION, "edge", "webAclId"),
    ("aws", ENCRYPTION, "media-pictures", "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"),
    ("gcp", SQL, "server", "encryptionKeyName"),
    ("gcp", SQL, "server", f"{_IP}.privateNetwork"),
    ("gcp", GCS, "media-pictures", "encryption.defaultKmsKeyName"),
    ("gcp", "gcp:cloudrunv2/service:Service", "web", "template.containers.image"),
    ("azure", FLEXIBLE, "server", "network.delegatedSubnetResourceId"),
    ("azure", ASSIGNMENT, "agent-lease", "roleDefinitionId"),
    ("azure", DIAGNOSTICS, "logs", "resourceUri"),
)
"""Inputs that are outputs of other resources, which the engine's preview does not know."""


@pytest.mark.parametrize(("cloud", "kind", "name", "path"), FROM_ELSEWHERE)
def test_what_nobody_knows_yet_breaks_nothing(cloud: str, kind: str, name: str, path: str) -> None:
    """It takes a value that only `up` will tell as kept."""
    estate = spoiled(cloud, kind, name, path, UNKNOWN)

    assert [rule for rule in RULES if found(rule, estate)] == []
