"""Which change replaces a resource instead of updating it, and what that destroys: data for the preview and the doubles.

What holds data is here; the rest, and where it was all read, is in replaced_parts.py. Paths are dotted and leave out
positions in lists. Any other property is "not known". `python -m tests.preview.replacement_words` holds the table against
the pages at the pinned versions.
`python -m infra.replacements` prints the table as JSON. Imports no Pulumi.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from infra import replaced_parts


@dataclass(frozen=True)
class Replacement:
    """What a change of one type's properties does: replace, update in place, or one of them under a condition.

    `assumed` are those of `replaces` that no page or schema was found to say.
    """

    page: str
    replaces: tuple[str, ...]
    assumed: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    sometimes: Mapping[str, str] = field(default_factory=dict)
    destroys: str = ""


def _page(package: str, path: str) -> str:
    return f"https://www.pulumi.com/registry/packages/{package}/api-docs/{path}/"


_AWS = {
    "aws:rds/instance:Instance": Replacement(
        page=_page("aws", "rds/instance"),
        replaces=(
            "availabilityZone",
            "backupTarget",
            "characterSetName",
            "customIamInstanceProfile",
            "dbName",
            "engine",
            "identifierPrefix",
            "kmsKeyId",
            "ncharCharacterSetName",
            "restoreToPointInTime",
            "snapshotIdentifier",
            "storageEncrypted",
            "timezone",
            "username",
        ),
        assumed=("identifierPrefix",),
        updates=(
            "allocatedStorage",
            "autoMinorVersionUpgrade",
            "backupRetentionPeriod",
            "backupWindow",
            "caCertIdentifier",
            "copyTagsToSnapshot",
            "deleteAutomatedBackups",
            "deletionProtection",
            "enabledCloudwatchLogsExports",
            "engineVersion",
            "finalSnapshotIdentifier",
            "instanceClass",
            "maintenanceWindow",
            "maxAllocatedStorage",
            "multiAz",
            "parameterGroupName",
            "publiclyAccessible",
            "skipFinalSnapshot",
            "storageType",
            "vpcSecurityGroupIds",
        ),
        destroys="every row of this site's database, its replication slots and its point-in-time history",
    ),
    "aws:s3/bucket:Bucket": Replacement(
        page=_page("aws", "s3/bucket"),
        replaces=("bucket", "bucketPrefix", "objectLockEnabled"),
        updates=("forceDestroy",),
        destroys="every object and every version in the bucket",
    ),
    "aws:kms/key:Key": Replacement(
        page=_page("aws", "kms/key"),
        replaces=("customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"),
        assumed=("customKeyStoreId", "xksKeyId"),
        updates=(
            "deletionWindowInDays",
            "description",
            "enableKeyRotation",
            "isEnabled",
            "policy",
            "rotationPeriodInDays",
        ),
        destroys="the key, and with it everything that is encrypted with it and not copied elsewhere",
    ),
    "aws:secretsmanager/secret:Secret": Replacement(
        page=_page("aws", "secretsmanager/secret"),
        replaces=("name", "namePrefix", "type"),
        updates=("description", "kmsKeyId", "recoveryWindowInDays", "policy"),
        destroys="the secret and its earlier versions",
    ),
    "aws:ec2/subnet:Subnet": Replacement(
        page=_page("aws", "ec2/subnet"),
        replaces=(
            "availabilityZone",
            "availabilityZoneId",
            "cidrBlock",
            "ipv4IpamPoolId",
            "ipv6Native",
            "outpostArn",
            "vpcId",
        ),
        updates=("assignIpv6AddressOnCreation", "enableDns64", "mapPublicIpOnLaunch"),
        sometimes={"ipv6CidrBlock": "replace if the subnet gave addresses of the old range on creation"},
        destroys="the subnet and every network interface in it",
    ),
}

_GCP = {
    "gcp:sql/databaseInstance:DatabaseInstance": Replacement(
        page=_page("gcp", "sql/databaseinstance"),
        replaces=("encryptionKeyName", "name", "project", "region", "settings.collation", "settings.diskType"),
        updates=(
            "databaseVersion",
            "deletionProtection",
            "settings.availabilityType",
            "settings.backupConfiguration",
            "settings.databaseFlags",
            "settings.deletionProtectionEnabled",
            "settings.diskAutoresize",
            "settings.diskAutoresizeLimit",
            "settings.edition",
            "settings.insightsConfig",
            "settings.maintenanceWindow",
            "settings.retainBackupsOnDelete",
            "settings.tier",
            "settings.userLabels",
        ),
        sometimes={
            "settings.diskSize": "replace if it shrinks, update if it grows",
            "settings.ipConfiguration.privateNetwork": "replace if it is taken away, update otherwise",
            "masterInstanceName": "replace unless this is the old primary of a switchover",
        },
        destroys="every row of this site's database, its replication slots and its point-in-time history",
    ),
    "gcp:sql/user:User": Replacement(
        page=_page("gcp", "sql/user"),
        replaces=("host", "instance", "name"),
        destroys="the database user",
    ),
    "gcp:storage/bucket:Bucket": Replacement(
        page=_page("gcp", "storage/bucket"),
        replaces=(
            "customPlacementConfig.dataLocations",
            "enableObjectRetention",
            "hierarchicalNamespace",
            "location",
            "name",
            "project",
        ),
        assumed=("enableObjectRetention", "hierarchicalNamespace"),
        updates=("encryption", "forceDestroy", "lifecycleRules", "storageClass", "versioning"),
        sometimes={"retentionPolicy.isLocked": "replace if a locked policy would be unlocked"},
        destroys="every object and every version in the bucket",
    ),
    "gcp:kms/cryptoKey:CryptoKey": Replacement(
        page=_page("gcp", "kms/cryptokey"),
        replaces=(
            "cryptoKeyBackend",
            "destroyScheduledDuration",
            "importOnly",
            "keyRing",
            "name",
            "purpose",
            "skipInitialVersionCreation",
            "versionTemplate.protectionLevel",
        ),
        assumed=("cryptoKeyBackend",),
        updates=("rotationPeriod", "versionTemplate.algorithm"),
        destroys="the versions of the key, and with them everything that is encrypted with it and not copied elsewhere",
    ),
    "gcp:secretmanager/secret:Secret": Replacement(
        page=_page("gcp", "secretmanager/secret"),
        replaces=("replication",),
        destroys="the secret and its earlier versions",
    ),
    "gcp:serviceaccount/account:Account": Replacement(
        page=_page("gcp", "serviceaccount/account"),
        replaces=("accountId",),
        destroys="the identity, and every grant to it",
    ),
    "gcp:compute/network:Network": Replacement(
        page=_page("gcp", "compute/network"),
        replaces=(
            "autoCreateSubnetworks",
            "description",
            "internalIpv6Range",
            "name",
            "networkProfile",
            "params",
            "project",
        ),
        assumed=("params",),
        updates=("bgpBestPathSelectionMode", "enableUlaInternalIpv6", "mtu", "routingMode"),
        destroys="the private network, and every address, route and tunnel in it",
    ),
    "gcp:compute/subnetwork:Subnetwork": Replacement(
        page=_page("gcp", "compute/subnetwork"),
        replaces=("description", "name", "network", "project", "purpose", "region", "reservedInternalRange"),
        updates=("logConfig", "privateIpGoogleAccess", "role", "stackType"),
        sometimes={"ipCidrRange": "replace unless the new range contains the old one"},
        destroys="the subnet and every address in it",
    ),
}

_AZURE_PLACE = ("resourceGroupName",)

_AZURE = {
    "azure-native:dbforpostgresql:Server": Replacement(
        page=_page("azure-native", "dbforpostgresql/server"),
        replaces=(
            *_AZURE_PLACE,
            "administratorLogin",
            "location",
            "pointInTimeUTC",
            "serverName",
            "sourceServerResourceId",
        ),
        assumed=("pointInTimeUTC", "sourceServerResourceId"),
        updates=("backup.backupRetentionDays", "highAvailability", "maintenanceWindow", "sku", "storage.autoGrow"),
        sometimes={
            "administratorLoginPassword": "update by the API; users saw a replace (pulumi-azure-native, issue 1911)",
            "backup.geoRedundantBackup": replaced_parts.NESTED,
            "createMode": "replace unless it becomes Update",
            "network.delegatedSubnetResourceId": replaced_parts.NESTED,
            "storage.storageSizeGB": "update if it grows; the provider refuses to shrink it",
            "version": "update only with createMode Update, replace otherwise",
        },
        destroys="every row of this site's database, its replication slots and its point-in-time history",
    ),
    "azure-native:storage:StorageAccount": Replacement(
        page=_page("azure-native", "storage/storageaccount"),
        replaces=(*_AZURE_PLACE, "accountName", "immutableStorageWithVersioning.enabled", "isHnsEnabled", "location"),
        sometimes={"kind": "update from Storage to StorageV2, replace otherwise"},
        destroys="every container and every object in the account",
    ),
    "azure-native:storage:BlobContainer": Replacement(
        page=_page("azure-native", "storage/blobcontainer"),
        replaces=(*_AZURE_PLACE, "accountName", "containerName"),
        destroys="every object in the container",
    ),
    "azure-native:keyvault:Key": Replacement(
        page=_page("azure-native", "keyvault/key"),
        replaces=(*_AZURE_PLACE, "keyName", "vaultName"),
        destroys="the key, and with it everything that is encrypted with it and not copied elsewhere",
    ),
    "azure-native:keyvault:Vault": Replacement(
        page=_page("azure-native", "keyvault/vault"),
        replaces=(*_AZURE_PLACE, "vaultName"),
        destroys="the vault with every key and secret in it",
    ),
    "azure-native:network:VirtualNetwork": Replacement(
        page=_page("azure-native", "network/virtualnetwork"),
        replaces=(*_AZURE_PLACE, "location", "virtualNetworkName"),
        destroys="the private network, and every subnet, address and tunnel in it",
    ),
    "azure-native:network:Subnet": Replacement(
        page=_page("azure-native", "network/subnet"),
        replaces=(*_AZURE_PLACE, "subnetName", "virtualNetworkName"),
        destroys="the subnet and every address in it",
    ),
    "azure-native:network:PublicIPAddress": Replacement(
        page=_page("azure-native", "network/publicipaddress"),
        replaces=(
            *_AZURE_PLACE,
            "location",
            "publicIPAddressVersion",
            "publicIPPrefix",
            "publicIpAddressName",
            "sku",
        ),
        destroys="the public address: peers and allow lists still name the old one",
    ),
    "azure-native:authorization:RoleAssignment": Replacement(
        page=_page("azure-native", "authorization/roleassignment"),
        replaces=("principalId", "roleAssignmentName", "scope"),
        destroys="the grant, until the new one stands",
    ),
    "azure-native:resources:ResourceGroup": Replacement(
        page=_page("azure-native", "resources/resourcegroup"),
        replaces=("location", "resourceGroupName"),
        destroys="the whole site: Azure deletes a group with everything in it",
    ),
}

_RANDOM = {
    "random:index/randomPassword:RandomPassword": Replacement(
        page=_page("random", "randompassword"),
        replaces=("keepers",),
        destroys="the password: whoever uses the old one is locked out",
    ),
    "random:index/randomId:RandomId": Replacement(
        page=_page("random", "randomid"),
        replaces=("keepers",),
        destroys="the ending that names are made with",
    ),
}


def _parts(package: str, lines: str) -> dict[str, Replacement]:
    """Read the lines of replaced_parts.py; a page's path is the type's own, in lower case."""
    found = {}
    for line in lines.strip().replace("\n ", " ").splitlines():
        kind, *replaces = line.split()
        module, _, name = kind.partition(":")
        token = f"{package}:{kind}"
        path = f"{module.partition('/')[0]}/{name}".lower()
        found[token] = Replacement(
            _page(package, path),
            tuple(name.rstrip("?") for name in replaces),
            tuple(name.rstrip("?") for name in replaces if name.endswith("?")),
            sometimes=replaced_parts.SOMETIMES.get(token, {}),
            destroys=replaced_parts.DESTROYS.get(token, ""),
        )
    return found


_PARTS = (
    _parts("aws", replaced_parts.AWS) | _parts("gcp", replaced_parts.GCP) | _parts("azure-native", replaced_parts.AZURE)
)

REPLACEMENTS: Mapping[str, Replacement] = _AWS | _GCP | _AZURE | _RANDOM | _PARTS


def main() -> None:
    print(json.dumps({kind: asdict(found) for kind, found in REPLACEMENTS.items()}, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
