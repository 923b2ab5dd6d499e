"""Rules for the database server: encrypted, private, TLS only, kept, spread over zones, and saying what it does."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.policy.estate import UNKNOWN, Estate, Resource
from infra.policy.kinds import DATABASES, DIAGNOSTICS, FLEXIBLE, FLEXIBLE_PARAMETER, RDS, RDS_PARAMETERS, SQL
from infra.policy.rule import (
    Finding,
    Findings,
    at_least,
    equals,
    fault,
    is_set,
    is_true,
    needs_one,
    number,
    refuses,
    rule,
    wants,
)

LOGGED = ("log_connections", "log_disconnections", "log_lock_waits")
OPEN = ("0.0.0.0/0", "::/0", "0.0.0.0")  # noqa: S104  (what must not be opened)  # nosec B104
SHORTEST_BACKUP_DAYS = 7


def setting(estate: Estate, server: Resource, name: str) -> Any:
    """Return what a server is given for a setting of PostgreSQL: None for nothing, UNKNOWN before `up`."""
    if server.type == SQL:
        return _in_pairs([server], "settings.databaseFlags", name)
    if server.type == RDS:
        return _in_pairs(estate.behind(server, "parameterGroupName", RDS_PARAMETERS), "parameters", name)
    own = estate.about(server, FLEXIBLE_PARAMETER, "serverName")
    return next((one.inputs.get("value") for one in own if one.inputs.get("configurationName") == name), None)


def _in_pairs(ones: Sequence[Resource], path: str, name: str) -> Any:
    found = [value for one in ones for value in one.at(path)]
    entries = [entry for value in found if isinstance(value, list) for entry in value if isinstance(entry, Mapping)]
    told = next((entry.get("value") for entry in entries if entry.get("name") == name), None)
    return UNKNOWN if told is None and UNKNOWN in found else told


def lacking(estate: Estate, kind: str, name: str, *accepted: str) -> Findings:
    """Find every server of a kind whose setting of PostgreSQL is none of the accepted ones."""
    for server in estate.of(kind):
        found = setting(estate, server, name)
        if found is not UNKNOWN and str(found).lower() not in accepted:
            yield fault(server, f"has {name} = {_or_nothing(found)}, not {' or '.join(accepted)}")


def too_low(estate: Estate, kind: str, name: str, least: int) -> Findings:
    """Find every server of a kind whose setting of PostgreSQL is below a number, or is not set."""
    for server in estate.of(kind):
        found = setting(estate, server, name)
        if found is not UNKNOWN and number(found) < least:
            yield fault(server, f"has {name} = {_or_nothing(found)}, not {least} or more")


def _or_nothing(value: Any) -> str:
    return "nothing" if value is None else str(value)


@rule(aws="3.2.1 CKV_AWS_16", azure="CKV2_AZURE_17")
def database_encrypted(estate: Estate) -> Findings:
    """The database is encrypted at rest with the site's own key."""
    sentence = "is not encrypted with a key of the site's own"
    yield from wants(estate.of(RDS), "storageEncrypted", is_true, "is not encrypted")
    yield from wants(estate.of(RDS), "kmsKeyId", is_set, sentence)
    yield from wants(estate.of(SQL), "encryptionKeyName", is_set, sentence)
    yield from wants(estate.of(FLEXIBLE), "dataEncryption.type", equals("AzureKeyVault"), sentence)


@rule(aws="3.2.3 CKV_AWS_17", gcp="6.5 6.7 CKV_GCP_11 CKV_GCP_60", azure="CKV2_AZURE_26 CKV2_AZURE_57")
def database_private(estate: Estate) -> Findings:
    """The database has no public address, and no rule lets the whole world in."""
    yield from wants(estate.of(RDS), "publiclyAccessible", equals(False), "has a public address")
    ip = "settings.ipConfiguration"
    yield from wants(estate.of(SQL), f"{ip}.ipv4Enabled", equals(False), "has a public address")
    yield from wants(estate.of(SQL), f"{ip}.privateNetwork", is_set, "is in no private network")
    yield from refuses(estate.of(SQL), f"{ip}.authorizedNetworks.value", equals(*OPEN), "lets the whole world in")
    yield from wants(estate.of(FLEXIBLE), "network.delegatedSubnetResourceId", is_set, "is in no private network")
    rules = estate.of("azure-native:dbforpostgresql:FirewallRule")
    yield from refuses(rules, "startIpAddress", equals(*OPEN), "lets the whole world, or all of Azure, in")


@rule(aws="CKV2_AWS_69", gcp="6.4 CKV_GCP_6")
def database_tls(estate: Estate) -> Findings:
    """The database refuses every connection without TLS."""
    yield from lacking(estate, RDS, "rds.force_ssl", "1", "on")
    modes = equals("ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED")
    yield from wants(estate.of(SQL), "settings.ipConfiguration.sslMode", modes, "takes connections without TLS")
    yield from lacking(estate, FLEXIBLE, "require_secure_transport", "on")


@rule(aws="CKV_AWS_293", gcp="6.9", azure="6.2")
def database_kept(estate: Estate) -> Findings:
    """The database cannot be deleted by one command: Pulumi and the provider both refuse."""
    for server in estate.of(*DATABASES):
        if not server.protect:
            yield fault(server, "is not protected by Pulumi")
    sentence = "is not protected by the provider"
    yield from wants(estate.of(RDS), "deletionProtection", is_true, sentence)
    yield from wants(estate.of(SQL), "settings.deletionProtectionEnabled", is_true, sentence)
    lock = "azure-native:authorization:ManagementLockByScope"
    yield from needs_one(estate.of(FLEXIBLE), lambda one: estate.about(one, lock, "scope"), "has no delete lock")


@rule(aws="CKV_AWS_133", gcp="6.8 CKV_GCP_14")
def database_backed_up(estate: Estate) -> Findings:
    """The database can be put back to any moment of the last seven days."""
    enough, sentence = at_least(SHORTEST_BACKUP_DAYS), f"keeps backups for less than {SHORTEST_BACKUP_DAYS} days"
    yield from wants(estate.of(RDS), "backupRetentionPeriod", enough, sentence)
    backup = "settings.backupConfiguration"
    yield from wants(estate.of(SQL), f"{backup}.enabled", is_true, "makes no backups")
    yield from wants(estate.of(SQL), f"{backup}.pointInTimeRecoveryEnabled", is_true, "cannot go back to a moment")
    yield from wants(estate.of(SQL), f"{backup}.transactionLogRetentionDays", enough, sentence)
    yield from wants(estate.of(FLEXIBLE), "backup.backupRetentionDays", enough, sentence)


@rule(aws="3.2.4 CKV_AWS_157")
def database_in_two_zones(estate: Estate) -> Findings:
    """The database survives the loss of a zone by itself."""
    sentence = "stands in one zone"
    yield from wants(estate.of(RDS), "multiAz", is_true, sentence)
    yield from wants(estate.of(SQL), "settings.availabilityType", equals("REGIONAL"), sentence)
    yield from wants(estate.of(FLEXIBLE), "highAvailability.mode", equals("ZoneRedundant"), sentence)


@rule(aws="3.2.2 CKV_AWS_226")
def database_updated(estate: Estate) -> Findings:
    """The database gets its minor versions by itself, at an hour that was chosen."""
    yield from wants(estate.of(RDS), "autoMinorVersionUpgrade", is_true, "gets no minor version by itself")
    yield from wants(estate.of(RDS), "maintenanceWindow", is_set, "is updated at an hour that nobody chose")
    window = "is updated at an hour that nobody chose"
    yield from wants(estate.of(SQL), "settings.maintenanceWindow.day", is_set, window)
    yield from wants(estate.of(FLEXIBLE), "maintenanceWindow.customWindow", equals("Enabled"), window)


@rule(
    aws="CKV_AWS_129 CKV2_AWS_30",
    gcp="6.2.2 6.2.3 6.2.8 CKV_GCP_52 CKV_GCP_53 CKV_GCP_54 CKV_GCP_110",
)
def database_logs(estate: Estate) -> Findings:
    """The database logs connections, disconnections, waits for locks and, by pgaudit, acts; the logs leave the server."""
    for kind in DATABASES:
        for name in LOGGED:
            yield from lacking(estate, kind, name, "1", "on")
    yield from lacking(estate, SQL, "cloudsql.enable_pgaudit", "on")
    yield from _without_pgaudit(estate)
    yield from wants(estate.of(RDS), "enabledCloudwatchLogsExports", _has("postgresql"), "keeps its log to itself")
    yield from needs_one(
        estate.of(FLEXIBLE), lambda one: estate.about(one, DIAGNOSTICS, "resourceUri"), "keeps its log to itself"
    )


def _has(word: str) -> Any:
    return lambda value: value == word or (isinstance(value, list) and word in value)


def _without_pgaudit(estate: Estate) -> Iterator[Finding]:
    for server in estate.of(RDS, FLEXIBLE):
        loaded = setting(estate, server, "shared_preload_libraries")
        if loaded is not UNKNOWN and "pgaudit" not in str(loaded):
            yield fault(server, "does not load pgaudit")


@rule(aws="CKV_AWS_161", gcp="6.6")
def database_login_by_identity(estate: Estate) -> Findings:
    """People log in to the database with their identity at the provider, not with a password."""
    sentence = "takes passwords only"
    yield from wants(estate.of(RDS), "iamDatabaseAuthenticationEnabled", is_true, sentence)
    yield from lacking(estate, SQL, "cloudsql.iam_authentication", "on")
    yield from wants(estate.of(FLEXIBLE), "authConfig.activeDirectoryAuth", equals("Enabled"), sentence)
