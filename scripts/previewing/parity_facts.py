"""Where each cloud shows what all three must have: data alone, read by parity.py."""

from collections.abc import Mapping

from scripts.previewing import parity_ways
from scripts.previewing.parity_asks import PRESENT, Amount, Ask, Promise

__all__ = ["AMOUNTS", "DATA", "EXCEPTIONS", "PRESENT", "PROMISES", "Amount", "Ask", "Promise"]

_RDS, _SQL, _FLEX = (
    "aws:rds/instance:Instance",
    "gcp:sql/databaseInstance:DatabaseInstance",
    ("azure-native:dbforpostgresql:Server"),
)
_S3, _GCS, _BLOB = "aws:s3/bucket:Bucket", "gcp:storage/bucket:Bucket", "azure-native:storage:StorageAccount"
_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_BLOB_SERVICE = "azure-native:storage:BlobServiceProperties"
_TARGET, _RUN, _APP = (
    "aws:appautoscaling/target:Target",
    "gcp:cloudrunv2/service:Service",
    "azure-native:app:ContainerApp",
)

DATA = frozenset(
    {
        _RDS, _SQL, _FLEX, _S3, _GCS, _BLOB,
        "aws:kms/key:Key", "gcp:kms/cryptoKey:CryptoKey", "azure-native:keyvault:Key", "azure-native:keyvault:Vault",
    }
)  # fmt: skip
"""Types that hold data or the key to data: each must be protected from deletion."""


def _stores(capability: str) -> tuple[Promise, ...]:
    return (
        Promise(
            capability,
            "encrypted with its own key",
            {
                "aws": (Ask(_ENCRYPTION, "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"),),
                "gcp": (Ask(_GCS, "encryption.defaultKmsKeyName"),),
                "azure": (Ask(_BLOB, "encryption.keySource", "Microsoft.Keyvault"),),
            },
        ),
        Promise(
            capability,
            "no public access",
            {
                "aws": tuple(
                    Ask(_BLOCK, path, True)
                    for path in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
                ),
                "gcp": (
                    Ask(_GCS, "publicAccessPrevention", "enforced"),
                    Ask(_GCS, "uniformBucketLevelAccess", True),
                ),
                "azure": (Ask(_BLOB, "allowBlobPublicAccess", False), Ask(_BLOB, "allowSharedKeyAccess", False)),
            },
        ),
    )


PROMISES: tuple[Promise, ...] = (
    Promise(
        "network",
        "flow logs",
        {
            "aws": (Ask("aws:ec2/flowLog:FlowLog", "vpcId"),),
            "gcp": (Ask("gcp:compute/subnetwork:Subnetwork", "logConfig"),),
            "azure": (Ask("azure-native:network:FlowLog", "enabled", True),),
        },
    ),
    Promise(
        "database",
        "encrypted with its own key",
        {
            "aws": (Ask(_RDS, "kmsKeyId"), Ask(_RDS, "storageEncrypted", True)),
            "gcp": (Ask(_SQL, "encryptionKeyName"),),
            "azure": (Ask(_FLEX, "dataEncryption.type", "AzureKeyVault"),),
        },
    ),
    Promise(
        "database",
        "no public access",
        {
            "aws": (Ask(_RDS, "publiclyAccessible", False),),
            "gcp": (Ask(_SQL, "settings.ipConfiguration.ipv4Enabled", False),),
            "azure": (Ask(_FLEX, "network.delegatedSubnetResourceId"),),
        },
    ),
    Promise(
        "database",
        "in two zones",
        {
            "aws": (Ask(_RDS, "multiAz", True),),
            "gcp": (Ask(_SQL, "settings.availabilityType", "REGIONAL"),),
            "azure": (Ask(_FLEX, "highAvailability.mode", "ZoneRedundant"),),
        },
    ),
    Promise(
        "database",
        "provider refuses to delete it",
        {
            "aws": (Ask(_RDS, "deletionProtection", True),),
            "gcp": (Ask(_SQL, "settings.deletionProtectionEnabled", True),),
            "azure": (Ask("azure-native:authorization:ManagementLockByScope", "level", "CanNotDelete"),),
        },
    ),
    Promise(
        "database",
        "logical replication",
        {
            "aws": (Ask("aws:rds/parameterGroup:ParameterGroup", "parameters.name", "rds.logical_replication"),),
            "gcp": (Ask(_SQL, "settings.databaseFlags.name", "cloudsql.logical_decoding"),),
            "azure": (Ask("azure-native:dbforpostgresql:Configuration", "value", "logical", "wal-level"),),
        },
    ),
    Promise(
        "database",
        "replicates from its first start",
        {
            "aws": (Ask("aws:rds/parameterGroup:ParameterGroup", "parameters.name", "rds.logical_replication"),),
            "gcp": (Ask(_SQL, "settings.databaseFlags.name", "cloudsql.logical_decoding"),),
            "azure": (Ask("azure-native:dbforpostgresql:Configuration", "isDynamicConfig", True, "wal-level"),),
        },
    ),
    *_stores("media"),
    Promise(
        "media",
        "versioned",
        {
            "aws": (Ask("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status", "Enabled"),),
            "gcp": (Ask(_GCS, "versioning.enabled", True),),
            "azure": (Ask(_BLOB_SERVICE, "isVersioningEnabled", True),),
        },
    ),
    *_stores("control"),
    Promise(
        "control",
        "ledger retention cannot be shortened",
        {
            "aws": (
                Ask(
                    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
                    "rule.defaultRetention.mode",
                    "COMPLIANCE",
                ),
            ),
            "gcp": (Ask(_GCS, "retentionPolicy.isLocked", True, "ledger"),),
            "azure": (Ask(_BLOB, "immutableStorageWithVersioning.immutabilityPolicy.state", "Locked", "ledger"),),
        },
    ),
    Promise(
        "service",
        "reached through the edge alone",
        {
            "aws": (Ask("aws:lb/loadBalancer:LoadBalancer", "internal", True),),
            "gcp": (Ask(_RUN, "ingress", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"),),
            "azure": (Ask("azure-native:app:ManagedEnvironment", "vnetConfiguration.internal", True),),
        },
    ),
    *parity_ways.PROMISES,
)

AMOUNTS: tuple[Amount, ...] = (
    Amount(
        "database",
        "PostgreSQL version",
        {
            "aws": (Ask(_RDS, "engineVersion"),),
            "gcp": (Ask(_SQL, "databaseVersion"),),
            "azure": (Ask(_FLEX, "version"),),
        },
    ),
    Amount(
        "database",
        "storage in GiB",
        {
            "aws": (Ask(_RDS, "allocatedStorage"),),
            "gcp": (Ask(_SQL, "settings.diskSize"),),
            "azure": (Ask(_FLEX, "storage.storageSizeGB"),),
        },
    ),
    Amount(
        "database",
        "days of backups",
        {
            "aws": (Ask(_RDS, "backupRetentionPeriod"),),
            "gcp": (Ask(_SQL, "settings.backupConfiguration.backupRetentionSettings.retainedBackups"),),
            "azure": (Ask(_FLEX, "backup.backupRetentionDays"),),
        },
    ),
    Amount(
        "media",
        "days a deleted picture is kept",
        {
            "aws": (
                Ask(
                    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
                    "rules.noncurrentVersionExpiration.noncurrentDays",
                ),
            ),
            "gcp": (
                Ask(_GCS, "lifecycleRules.condition.daysSinceNoncurrentTime"),
                Ask(_GCS, "softDeletePolicy.retentionDurationSeconds", unit="seconds"),
            ),
            "azure": (Ask(_BLOB_SERVICE, "deleteRetentionPolicy.days"),),
        },
    ),
    Amount(
        "control",
        "days the ledger is retained",
        {
            "aws": (
                Ask("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", "rule.defaultRetention.days"),
            ),
            "gcp": (Ask(_GCS, "retentionPolicy.retentionPeriod", ending="ledger", unit="seconds"),),
            "azure": (
                Ask(
                    _BLOB,
                    "immutableStorageWithVersioning.immutabilityPolicy.immutabilityPeriodSinceCreationInDays",
                    ending="ledger",
                ),
            ),
        },
    ),
    Amount(
        "service",
        "copies of web kept running",
        {
            "aws": (Ask(_TARGET, "minCapacity"),),
            "gcp": (Ask(_RUN, "template.scaling.minInstanceCount"),),
            "azure": (Ask(_APP, "template.scale.minReplicas", ending="web"),),
        },
    ),
    Amount(
        "service",
        "copies of web at most",
        {
            "aws": (Ask(_TARGET, "maxCapacity"),),
            "gcp": (Ask(_RUN, "template.scaling.maxInstanceCount"),),
            "azure": (Ask(_APP, "template.scale.maxReplicas", ending="web"),),
        },
    ),
    Amount(
        "service",
        "memory of web in MiB",
        {
            "aws": (Ask("aws:ecs/taskDefinition:TaskDefinition", "memory", ending="web"),),
            "gcp": (Ask(_RUN, "template.containers.resources.limits.memory"),),
            "azure": (Ask(_APP, "template.containers.resources.memory", ending="web", unit="gibibytes"),),
        },
    ),
    *parity_ways.AMOUNTS,
)

EXCEPTIONS: Mapping[tuple[str, str, str], str] = {
    ("database", "replicates from its first start", "azure"): (
        "wal_level waits for one restart, which no resource does: `lifeboat acts restart`; readiness names what waits"
    ),
    ("control", "ledger retention cannot be shortened", "azure"): (
        "Azure locks an immutability policy by a call of its own, after which it can never be shortened: `lifeboat acts lock`"
    ),
    **parity_ways.EXCEPTIONS,
}
"""(capability, aspect, cloud) -> why that cloud may differ. Everything else that differs breaks parity."""
