"""What each provider takes for a number: data alone, read by values.py; each line names the provider's own page."""

from infra.policy.taken import Taken, among, between, inside_range, nothing_or, private_asn

AWS = "https://docs.aws.amazon.com"
GOOGLE = "https://cloud.google.com"
AZURE = "https://learn.microsoft.com/azure"
REST = "https://learn.microsoft.com/rest/api"
DAY = 24 * 3600

LIMITS: dict[str, dict[str, tuple[Taken, str]]] = {
    "aws:rds/instance:Instance": {
        "backupRetentionPeriod": (between(1, 35), f"{AWS}/AmazonRDS/latest/APIReference/API_CreateDBInstance.html"),
        "allocatedStorage": (between(20, 65536), f"{AWS}/AmazonRDS/latest/UserGuide/CHAP_Storage.html"),
    },
    "aws:kms/key:Key": {
        "deletionWindowInDays": (between(7, 30), f"{AWS}/kms/latest/APIReference/API_ScheduleKeyDeletion.html"),
    },
    "aws:secretsmanager/secret:Secret": {
        "recoveryWindowInDays": (between(7, 30), f"{AWS}/secretsmanager/latest/apireference/API_DeleteSecret.html"),
    },
    "aws:cloudwatch/logGroup:LogGroup": {
        "retentionInDays": (
            among(
                1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
            ),
            f"{AWS}/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html",
        ),
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        "period": (
            among(10, 20, 30, *range(60, 86401, 60)),
            f"{AWS}/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
        ),
    },
    "aws:ec2/flowLog:FlowLog": {
        "maxAggregationInterval": (among(60, 600), f"{AWS}/AWSEC2/latest/APIReference/API_CreateFlowLogs.html"),
    },
    "aws:ec2/vpnGateway:VpnGateway": {
        "amazonSideAsn": (private_asn(), f"{AWS}/AWSEC2/latest/APIReference/API_CreateVpnGateway.html"),
    },
    "aws:ec2/vpnConnection:VpnConnection": {
        "tunnel1InsideCidr": (inside_range(), f"{AWS}/vpn/latest/s2svpn/VPNTunnels.html"),
        "tunnel2InsideCidr": (inside_range(), f"{AWS}/vpn/latest/s2svpn/VPNTunnels.html"),
    },
    "aws:ecs/taskDefinition:TaskDefinition": {
        "cpu": (
            among(256, 512, 1024, 2048, 4096, 8192, 16384),
            f"{AWS}/AmazonECS/latest/developerguide/task-cpu-memory-error.html",
        ),
    },
    "aws:iam/role:Role": {
        "maxSessionDuration": (between(3600, 43200), f"{AWS}/IAM/latest/APIReference/API_CreateRole.html"),
    },
    "aws:lb/loadBalancer:LoadBalancer": {
        "idleTimeout": (
            between(1, 4000),
            f"{AWS}/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html",
        ),
    },
    "aws:lb/targetGroup:TargetGroup": {
        "deregistrationDelay": (
            between(0, 3600),
            f"{AWS}/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html",
        ),
        "healthCheck.interval": (
            between(5, 300),
            f"{AWS}/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html",
        ),
        "healthCheck.timeout": (
            between(2, 120),
            f"{AWS}/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html",
        ),
        "healthCheck.unhealthyThreshold": (
            between(2, 10),
            f"{AWS}/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html",
        ),
    },
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": {
        "rule.defaultRetention.days": (between(1, 36500), f"{AWS}/AmazonS3/latest/userguide/object-lock.html"),
    },
    "aws:wafv2/webAcl:WebAcl": {
        "rules.statement.rateBasedStatement.limit": (
            between(10, 2000000000),
            f"{AWS}/waf/latest/APIReference/API_RateBasedStatement.html",
        ),
        "rules.statement.rateBasedStatement.evaluationWindowSec": (
            among(60, 120, 300, 600),
            f"{AWS}/waf/latest/APIReference/API_RateBasedStatement.html",
        ),
    },
    "gcp:sql/databaseInstance:DatabaseInstance": {
        "settings.backupConfiguration.backupRetentionSettings.retainedBackups": (
            between(1, 365),
            f"{GOOGLE}/sql/docs/postgres/backup-recovery/backups",
        ),
        "settings.backupConfiguration.transactionLogRetentionDays": (
            between(1, 7),
            f"{GOOGLE}/sql/docs/postgres/backup-recovery/pitr",
        ),
        "settings.diskSize": (between(10, 65536), f"{GOOGLE}/sql/docs/postgres/instance-settings"),
        "settings.maintenanceWindow.day": (between(1, 7), f"{GOOGLE}/sql/docs/postgres/set-maintenance-window"),
    },
    "gcp:storage/bucket:Bucket": {
        "softDeletePolicy.retentionDurationSeconds": (
            nothing_or(7 * DAY, 90 * DAY),
            f"{GOOGLE}/storage/docs/soft-delete",
        ),
        "retentionPolicy.retentionPeriod": (between(1, 3155760000), f"{GOOGLE}/storage/docs/bucket-lock"),
    },
    "gcp:kms/cryptoKey:CryptoKey": {
        "rotationPeriod": (between(DAY, 100 * 365 * DAY), f"{GOOGLE}/kms/docs/rotate-key"),
        "destroyScheduledDuration": (between(DAY, 120 * DAY), f"{GOOGLE}/kms/docs/destroy-restore"),
    },
    "gcp:compute/securityPolicy:SecurityPolicy": {
        "rules.rateLimitOptions.rateLimitThreshold.count": (
            between(1, 10000),
            f"{GOOGLE}/armor/docs/rate-limiting-overview",
        ),
        "rules.rateLimitOptions.rateLimitThreshold.intervalSec": (
            among(10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700, 3600),
            f"{GOOGLE}/armor/docs/rate-limiting-overview",
        ),
    },
    "gcp:compute/router:Router": {
        "bgp.asn": (private_asn(), f"{GOOGLE}/network-connectivity/docs/router/concepts/overview"),
    },
    "gcp:compute/firewall:Firewall": {
        "priority": (between(0, 65535), f"{GOOGLE}/firewall/docs/firewalls"),
    },
    "gcp:cloudrunv2/service:Service": {
        "template.maxInstanceRequestConcurrency": (between(1, 1000), f"{GOOGLE}/run/docs/about-concurrency"),
        "template.containers.startupProbe.periodSeconds": (
            between(1, 240),
            f"{GOOGLE}/run/docs/configuring/healthchecks",
        ),
    },
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": {
        "retentionDays": (between(1, 3650), f"{GOOGLE}/logging/quotas"),
    },
    "azure-native:dbforpostgresql:Server": {
        "backup.backupRetentionDays": (between(7, 35), f"{AZURE}/postgresql/backup-restore/concepts-backup-restore"),
        "storage.storageSizeGB": (
            among(32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16384, 32767),
            f"{AZURE}/postgresql/compute-storage/concepts-storage-premium-ssd",
        ),
        "maintenanceWindow.dayOfWeek": (between(0, 6), f"{AZURE}/postgresql/configure-maintain/concepts-maintenance"),
    },
    "azure-native:storage:BlobServiceProperties": {
        "deleteRetentionPolicy.days": (between(1, 365), f"{AZURE}/storage/blobs/soft-delete-blob-overview"),
        "containerDeleteRetentionPolicy.days": (
            between(1, 365),
            f"{AZURE}/storage/blobs/soft-delete-container-overview",
        ),
    },
    "azure-native:storage:StorageAccount": {
        "immutableStorageWithVersioning.immutabilityPolicy.immutabilityPeriodSinceCreationInDays": (
            between(1, 146000),
            f"{AZURE}/storage/blobs/immutable-time-based-retention-policy-overview",
        ),
    },
    "azure-native:keyvault:Vault": {
        "properties.softDeleteRetentionInDays": (between(7, 90), f"{AZURE}/key-vault/general/soft-delete-overview"),
    },
    "azure-native:keyvault:Key": {
        "properties.keySize": (among(2048, 3072, 4096), f"{AZURE}/key-vault/keys/about-keys"),
    },
    "azure-native:frontdoor:Policy": {
        "customRules.rules.rateLimitDurationInMinutes": (
            among(1, 5),
            f"{AZURE}/web-application-firewall/afds/waf-front-door-rate-limit",
        ),
    },
    "azure-native:cdn:Profile": {
        "originResponseTimeoutSeconds": (between(16, 240), f"{AZURE}/frontdoor/troubleshoot-issues"),
    },
    "azure-native:app:ContainerApp": {
        "template.containers.probes.failureThreshold": (
            between(1, 10),
            f"{REST}/resource-manager/containerapps/container-apps/create-or-update",
        ),
        "template.containers.probes.periodSeconds": (
            between(1, 240),
            f"{REST}/resource-manager/containerapps/container-apps/create-or-update",
        ),
        "template.scale.maxReplicas": (between(1, 1000), f"{AZURE}/container-apps/scale-app"),
    },
    "azure-native:operationalinsights:Workspace": {
        "retentionInDays": (between(30, 730), f"{AZURE}/azure-monitor/logs/data-retention-configure"),
    },
    "azure-native:network:SecurityRule": {
        "priority": (between(100, 4096), f"{AZURE}/virtual-network/network-security-groups-overview"),
    },
    "azure-native:network:VirtualNetworkGateway": {
        "bgpSettings.asn": (private_asn(), f"{AZURE}/vpn-gateway/vpn-gateway-bgp-overview"),
    },
    "azure-native:network:VirtualNetworkGatewayConnection": {
        "ipsecPolicies.saLifeTimeSeconds": (between(300, 172799), f"{AZURE}/vpn-gateway/ipsec-ike-policy-howto"),
        "dpdTimeoutSeconds": (between(9, 3600), f"{AZURE}/vpn-gateway/ipsec-ike-policy-howto"),
    },
}
"""By type and by the dotted path of an input."""
