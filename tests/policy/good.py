"""A small site of each cloud that keeps every rule, made by hand: a test changes one thing in it and sees who notices."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infra.policy.audit import SUBSCRIPTION_DIAGNOSTICS
from infra.policy.control import LIFECYCLE
from infra.policy.edge import DISTRIBUTION, DOMAIN, HTTP_PROXY, HTTPS_PROXY, LISTENER, ROUTE, SSL_POLICY, URL_MAP
from infra.policy.estate import Estate, Resource
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
from infra.policy.stores import BUCKET_POLICY, VERSIONING
from infra.policy.values import PASSWORD

IMAGE = "registry.example.org/lifeboat@sha256:" + "a" * 64
SETTINGS = {"max_replication_slots": "20", "max_wal_senders": "20", "log_lock_waits": "on"} | dict.fromkeys(
    ("log_connections", "log_disconnections"), "on"
)
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
OBJECT_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
CONTAINER, DEFINITION = "azure-native:storage:BlobContainer", "azure-native:authorization:RoleDefinition"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"


def made(kind: str, name: str, inputs: Mapping[str, Any], protect: bool = False, **needs: Resource) -> Resource:
    """Return a resource; `needs` says which input points to which other resource."""
    return Resource(kind, name, dict(inputs), protect, {key: (one.place,) for key, one in needs.items()})


WATCH = made("lifeboat:capability:Watch", "lifeboat-watch", {})


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
CONDITIONAL = {"Effect": "Deny", "Action": "s3:PutObject", "Condition": {"Null": {"s3:if-match": "true"}}}
NEVER_DELETED = {"Effect": "Deny", "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"]}
CI_TRUST = {
    "Effect": "Allow",
    "Principal": {"Federated": "arn:aws:iam::000000000000:oidc-provider/token.example.org"},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {"token.example.org:sub": "repo:we/lifeboat:environment:aws"}},
}


def _alarms(kind: str, named: str, told: Mapping[str, Any]) -> list[Resource]:
    return [made(kind, name.removeprefix("lifeboat-"), {named: name, **told}) for name in OF_SLOTS]


def _s3(name: str, *own: Mapping[str, Any]) -> list[Resource]:
    bucket = made(S3, name, {"forceDestroy": False}, protect=True)
    blocks = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    found = [
        bucket,
        made(BLOCK, name, dict.fromkeys(blocks, True), bucket=bucket),
        made(BUCKET_POLICY, name, {"policy": document(TLS_ONLY, *own)}, bucket=bucket),
        made(
            ENCRYPTION,
            name,
            {"rules": [{"applyServerSideEncryptionByDefault": {"kmsMasterKeyId": "key"}}]},
            bucket=bucket,
        ),
    ]
    versioned = made(VERSIONING, name, {"versioningConfiguration": {"status": "Enabled"}}, bucket=bucket)
    return found if name.endswith("-lease") else [*found, versioned]


def _aws() -> list[Resource]:
    settings = SETTINGS | {"rds.force_ssl": "1", "rds.logical_replication": "1", "max_slot_wal_keep_size": "16384"}
    settings |= {"shared_preload_libraries": "pg_stat_statements,pgaudit"}
    parameters = made(RDS_PARAMETERS, "parameters", {"parameters": [_pair(*one) for one in settings.items()]})
    server = {
        "storageEncrypted": True,
        "kmsKeyId": "key",
        "publiclyAccessible": False,
        "deletionProtection": True,
        "backupRetentionPeriod": 35,
        "multiAz": True,
        "autoMinorVersionUpgrade": True,
        "maintenanceWindow": "sun:03:30-sun:04:30",
        "enabledCloudwatchLogsExports": ["postgresql"],
        "iamDatabaseAuthenticationEnabled": True,
    }
    vpc = made("aws:ec2/vpc:Vpc", "vpc", {})
    ledger = _s3("control-ledger")
    lock = made(OBJECT_LOCK, "control-ledger", {"rule": {"defaultRetention": {"mode": "COMPLIANCE"}}}, bucket=ledger[0])
    port = {"cidrIpv4": "10.10.0.0/20", "fromPort": 5432, "toPort": 5432}
    return [
        *_alarms(METRIC_ALARM, "name", {"alarmActions": ["topic"]}),
        parameters,
        made(RDS, "server", server, protect=True, parameterGroupName=parameters),
        *_s3("media-pictures"),
        *_s3("control-lease", CONDITIONAL, NEVER_DELETED),
        *ledger,
        lock,
        made(LIFECYCLE, "media-pictures", {}),
        made(KMS, "key", {"enableKeyRotation": True, "deletionWindowInDays": 30}),
        made("aws:secretsmanager/secret:Secret", "secret", {"kmsKeyId": "key"}),
        vpc,
        made("aws:ec2/flowLog:FlowLog", "flows", {}, vpcId=vpc),
        made("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "default", {"ingress": []}, vpcId=vpc),
        made("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "to-database", port),
        made("aws:ecs/taskDefinition:TaskDefinition", "web", {"containerDefinitions": json.dumps([{"image": IMAGE}])}),
        made(
            DISTRIBUTION,
            "edge",
            {
                "viewerCertificate": {"minimumProtocolVersion": "TLSv1.2_2021"},
                "defaultCacheBehavior": {"viewerProtocolPolicy": "redirect-to-https"},
                "webAclId": "acl",
            },
        ),
        made(LISTENER, "listener", {"protocol": "HTTPS"}),
        made(
            "aws:cloudtrail/trail:Trail",
            "trail",
            {"isMultiRegionTrail": True, "enableLogFileValidation": True, "kmsKeyId": "key"},
        ),
        made(ROLE, "deploy", {"assumeRolePolicy": document(CI_TRUST)}),
        made(ROLE_POLICY, "agent", {"policy": document({"Effect": "Allow", "Action": ["s3:GetObject"]})}),
        WATCH,
    ]


def _pair(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _gcs(name: str, **more: Any) -> Resource:
    inputs = {
        "publicAccessPrevention": "enforced",
        "uniformBucketLevelAccess": True,
        "encryption": {"defaultKmsKeyName": "key"},
        "softDeletePolicy": {"retentionDurationSeconds": 604800},
    }
    return made(GCS, name, inputs | more, protect=True)


def _gcp() -> list[Resource]:
    flags = SETTINGS | {"cloudsql.logical_decoding": "on", "cloudsql.enable_pgaudit": "on"}
    flags |= {"cloudsql.iam_authentication": "on"}
    server = {
        "encryptionKeyName": "key",
        "settings": {
            "databaseFlags": [_pair(*one) for one in flags.items()],
            "ipConfiguration": {"ipv4Enabled": False, "privateNetwork": "vpc", "sslMode": "ENCRYPTED_ONLY"},
            "deletionProtectionEnabled": True,
            "backupConfiguration": {
                "enabled": True,
                "pointInTimeRecoveryEnabled": True,
                "transactionLogRetentionDays": 7,
            },
            "availabilityType": "REGIONAL",
            "maintenanceWindow": {"day": 7},
        },
    }
    lease = _gcs("control-lease", versioning={"enabled": False}, softDeletePolicy={"retentionDurationSeconds": 0})
    logs = _gcs("watch-logs", retentionPolicy={"isLocked": True, "retentionPeriod": "3024000"})
    redirect = made(URL_MAP, "redirect", {"defaultUrlRedirect": {"httpsRedirect": True}})
    policy = made(SSL_POLICY, "tls", {"minTlsVersion": "TLS_1_2"})
    everything = [{"logType": kind} for kind in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")]
    member = "gcp:storage/bucketIAMMember:BucketIAMMember"
    return [
        *_alarms(ALERT_POLICY, "displayName", {"notificationChannels": ["somebody"]}),
        made(SQL, "server", server, protect=True),
        _gcs("media-pictures", versioning={"enabled": True}),
        lease,
        _gcs("control-ledger", retentionPolicy={"isLocked": True, "retentionPeriod": "3024000"}),
        logs,
        made(member, "agent-lease", {"role": "roles/storage.objectUser"}, bucket=lease),
        made(CRYPTO, "key", {"rotationPeriod": "7776000s", "destroyScheduledDuration": "2592000s"}),
        made("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", "key-user", {"member": "serviceAccount:a@example.org"}),
        made("gcp:compute/network:Network", "vpc", {"autoCreateSubnetworks": False}),
        made("gcp:compute/subnetwork:Subnetwork", "services", {"logConfig": {"flowSampling": 1}}),
        made(
            "gcp:compute/firewall:Firewall",
            "from-site",
            {"direction": "INGRESS", "allows": [{"ports": ["5432"]}], "sourceRanges": ["10.30.0.0/20"]},
        ),
        made("gcp:cloudrunv2/service:Service", "web", {"template": {"containers": [{"image": IMAGE}]}}),
        policy,
        redirect,
        made(HTTPS_PROXY, "https", {"sslPolicy": "tls"}, sslPolicy=policy),
        made(HTTP_PROXY, "http", {}, urlMap=redirect),
        made("gcp:compute/backendService:BackendService", "origin", {"securityPolicy": "armor"}),
        made(
            "gcp:projects/iAMAuditConfig:IAMAuditConfig",
            "audit",
            {"service": "allServices", "auditLogConfigs": everything},
        ),
        made("gcp:logging/projectSink:ProjectSink", "sink", {"destination": "logs"}, destination=logs),
        made(
            "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
            "ci",
            {"attributeCondition": "assertion.sub == 'repo:we/lifeboat:environment:gcp'"},
        ),
        made("gcp:projects/iAMMember:IAMMember", "agent", {"role": "roles/logging.logWriter"}),
        WATCH,
    ]


def _account(name: str, versioned: bool = True, **more: Any) -> list[Resource]:
    inputs = {
        "allowBlobPublicAccess": False,
        "enableHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
        "encryption": {"keySource": "Microsoft.Keyvault"},
        "allowSharedKeyAccess": False,
    }
    inputs["accountName"] = name.replace("-", "")
    account = made(ACCOUNT, name, inputs | more, protect=True)
    kept = {"deleteRetentionPolicy": {"days": 35}, "containerDeleteRetentionPolicy": {"days": 35}}
    return [
        account,
        made(BLOBS, name, {"isVersioningEnabled": versioned, **(kept if versioned else {})}, accountName=account),
        made(CONTAINER, name, {"publicAccess": "None"}, accountName=account),
    ]


def _azure() -> list[Resource]:
    server = made(
        FLEXIBLE,
        "server",
        {
            "dataEncryption": {"type": "AzureKeyVault"},
            "network": {"delegatedSubnetResourceId": "subnet"},
            "backup": {"backupRetentionDays": 35},
            "highAvailability": {"mode": "ZoneRedundant"},
            "maintenanceWindow": {"customWindow": "Enabled"},
            "authConfig": {"activeDirectoryAuth": "Enabled"},
        },
        protect=True,
    )
    settings = SETTINGS | {"wal_level": "logical", "require_secure_transport": "on"}
    settings |= {"shared_preload_libraries": "pgaudit"}
    lease = _account("control-lease", versioned=False)
    logs = _account("watch-logs", immutableStorageWithVersioning={"enabled": True})
    role = made(DEFINITION, "keeper", {"permissions": [{"dataActions": ["Microsoft.Storage/x/read"]}]})
    network = made("azure-native:network:VirtualNetwork", "network", {})
    endpoint = made("azure-native:cdn:AFDEndpoint", "endpoint", {})
    activity = {
        "logs": [{"category": one} for one in ("Administrative", "Security", "Alert", "Policy")],
    }
    return [
        *_alarms(QUERY_RULE, "ruleName", {"actions": {"actionGroups": ["somebody"]}, "enabled": True}),
        server,
        *(
            made(FLEXIBLE_PARAMETER, name, {"configurationName": name, "value": value}, serverName=server)
            for name, value in settings.items()
        ),
        made("azure-native:authorization:ManagementLockByScope", "lock", {"level": "CanNotDelete"}, scope=server),
        made(DIAGNOSTICS, "logs", {"resourceUri": "server"}, resourceUri=server),
        *_account("media-pictures"),
        *lease,
        *_account("control-ledger", immutableStorageWithVersioning={"enabled": True}),
        *logs,
        role,
        made(ASSIGNMENT, "agent-lease", {"roleDefinitionId": "keeper"}, scope=lease[0], roleDefinitionId=role),
        made(
            VAULT_KEY, "key", {"properties": {"rotationPolicy": {"lifetimeActions": [{"action": {"type": "rotate"}}]}}}
        ),
        made(
            VAULT,
            "vault",
            {
                "properties": {
                    "enablePurgeProtection": True,
                    "enableRbacAuthorization": True,
                    "networkAcls": {"defaultAction": "Deny"},
                }
            },
        ),
        network,
        made("azure-native:network:FlowLog", "flows", {"enabled": True}, targetResourceId=network),
        made(
            "azure-native:network:Subnet", "services", {"subnetName": "services", "networkSecurityGroup": {"id": "x"}}
        ),
        made(
            "azure-native:network:SecurityRule",
            "to-database",
            {
                "access": "Allow",
                "direction": "Inbound",
                "sourceAddressPrefix": "10.20.0.0/20",
                "destinationPortRanges": ["5432"],
            },
        ),
        made("azure-native:app:ContainerApp", "web", {"template": {"containers": [{"image": IMAGE}]}}),
        made(DOMAIN, "domain", {"tlsSettings": {"minimumTlsVersion": "TLS12"}}),
        made(ROUTE, "route", {"httpsRedirect": "Enabled"}),
        endpoint,
        made("azure-native:cdn:SecurityPolicy", "guard", {}, parameters=endpoint),
        made(SUBSCRIPTION_DIAGNOSTICS, "activity", activity, storageAccountId=logs[0]),
        made(
            "azure-native:managedidentity:FederatedIdentityCredential",
            "ci",
            {"subject": "repo:we/lifeboat:environment:azure", "audiences": ["api://AzureADTokenExchange"]},
        ),
        WATCH,
    ]


_KINDS = {"minLower": 1, "minUpper": 1, "minNumeric": 1}
_PASSWORD = made(PASSWORD, "password", {"length": 40, "special": False, **_KINDS})
GOOD = {
    cloud: Estate((*resources, _PASSWORD))
    for cloud, resources in {"aws": _aws(), "gcp": _gcp(), "azure": _azure()}.items()
}

GONE = object()
"""Instead of a value: take the input, or with the path "" the whole resource, away."""


def spoiled(cloud: str, kind: str, name: str, path: str, value: Any) -> Estate:
    """Return a good site with one thing changed; path "protect" is Pulumi's own protection."""
    hit = [one for one in GOOD[cloud].resources if one.type == kind and one.name == name]
    assert len(hit) == 1, f"the good site of {cloud} has {len(hit)} {kind} {name}"
    kept = [one for one in GOOD[cloud].resources if one is not hit[0]]
    return Estate(tuple(kept if path == "" else [*kept, _changed(hit[0], path, value)]))


def _changed(one: Resource, path: str, value: Any) -> Resource:
    if path == "protect":
        return replace(one, protect=value)
    return replace(one, inputs=_with(one.inputs, path.split("."), value))


def _with(inputs: Any, path: list[str], value: Any) -> Any:
    first, rest = path[0], path[1:]
    if isinstance(inputs, list):
        return [_with(inner, path, value) if index == 0 else inner for index, inner in enumerate(inputs)]
    changed = dict(inputs)
    if not rest and value is GONE:
        changed.pop(first)
    else:
        changed[first] = _with(changed.get(first, {}), rest, value) if rest else value
    return changed
