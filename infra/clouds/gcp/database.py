"""Database: Cloud SQL for PostgreSQL 17 with logical replication, in two zones, reached from inside alone."""

import pulumi_gcp as gcp
import pulumi_random as random
from pulumi import Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.gcp.keys import encryption_key
from infra.clouds.gcp.names import own_name
from infra.clouds.gcp.network import Network
from infra.clouds.gcp.secret import keep, stamp
from infra.contract import Secrets
from infra.environment import CERTIFICATES, database_url
from infra.spec import DATABASE_NAME, DATABASE_PORT, DATABASE_ROLES, DATABASE_VERSION, SiteSpec

ADMIN = "lifeboat_admin"

FLAGS = {
    "cloudsql.logical_decoding": "on",
    "max_replication_slots": "20",
    "max_wal_senders": "20",
    "max_logical_replication_workers": "16",
    "max_worker_processes": "24",
    "cloudsql.enable_pgaudit": "on",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_lock_waits": "on",
    "log_min_error_statement": "panic",
    "wal_sender_timeout": "30000",
    "wal_receiver_timeout": "30000",
}
"""In force from the first boot; changing one of the first six restarts the instance at once.

Cloud SQL has no `max_slot_wal_keep_size`: what a slot holds back is bounded by the agent alone.
"""

LOG_DAYS = 7
"""The most that the ENTERPRISE edition keeps for going back to a point in time; older states come from backups."""


class Database(Capability):
    """One instance with a copy in the second zone; the roles' passwords lie in the vault by their neutral names.

    It stands in Google's network, where no firewall rule of ours applies: who reaches it is decided by the routes (own
    network, and a peer's range once linked) and, on the other side, by the rules that let the peers' databases out.
    """

    def __init__(self, name: str, spec: SiteSpec, secrets: Secrets, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        project = network.project
        self.key = encryption_key(self, project, database=project.database_agent, vault=project.vault_agent)
        self.instance = self._instance(network)
        self.host, self.port = self.instance.private_ip_address, Output.from_input(DATABASE_PORT)
        self.certified_name = own_name(self, self.instance, network.vpc.id)
        self._content()
        self.passwords = {role: self._password(role, secrets) for role in DATABASE_ROLES}
        self.register_outputs({"host": self.host, "port": self.port})

    def url(self, role: str) -> Output[str]:
        """Return the connection URL of a role, as a secret; by name, since the certificate holds no address."""
        return database_url(role, self.passwords[role], self.certified_name, f"{CERTIFICATES}/gcp.pem")

    def _password(self, role: str, secrets: Secrets) -> Output[str]:
        """Make a role's password and keep it; the replication role's comes from outside, and the service keeps it."""
        if role == "replication":
            return secrets.replication_password
        password = random.RandomPassword(self.child(role), length=40, special=False, opts=self.inside()).result
        keep(self, f"lifeboat-database-password-{role}", password, self.key)
        return password

    def _content(self) -> None:
        """Make the database and its admin, who makes the roles; both are left alone when Pulumi forgets them."""
        gcp.sql.Database(
            self.child("database"),
            name=DATABASE_NAME,
            instance=self.instance.name,
            deletion_policy="ABANDON",
            opts=self.guarded(),
        )
        password = random.RandomPassword(self.child("admin"), length=40, special=False, opts=self.inside()).result
        keep(self, "lifeboat-database-password-admin", password, self.key)
        gcp.sql.User(
            self.child("admin"),
            name=ADMIN,
            instance=self.instance.name,
            password_wo=password,
            password_wo_version=stamp(password),
            deletion_policy="ABANDON",
            opts=self.inside(),
        )

    def _instance(self, network: Network) -> gcp.sql.DatabaseInstance:
        return gcp.sql.DatabaseInstance(
            self.child("instance"),
            region=self.spec.region,
            database_version=f"POSTGRES_{DATABASE_VERSION}",
            encryption_key_name=self.key,
            settings=self._settings(network),
            deletion_protection=True,
            # The service grows the storage by itself; without this, the next `up` would try to replace the instance.
            opts=self.guarded(ignore_changes=["settings.diskSize"], depends_on=[network.database_peering]),
        )

    def _settings(self, network: Network) -> gcp.sql.DatabaseInstanceSettingsArgs:
        first, second = self.spec.zones
        storage = self.spec.database.storage_gib
        return gcp.sql.DatabaseInstanceSettingsArgs(
            # Without it, 17 takes ENTERPRISE_PLUS, which has none of the custom sizes.
            edition="ENTERPRISE",
            tier=f"db-custom-{self.spec.database.cpus}-{self.spec.database.memory_mib}",
            availability_type="REGIONAL",
            location_preference=gcp.sql.DatabaseInstanceSettingsLocationPreferenceArgs(
                zone=first, secondary_zone=second
            ),
            disk_type="PD_SSD",
            disk_size=storage,
            disk_autoresize=True,
            disk_autoresize_limit=storage * 4,
            database_flags=[
                gcp.sql.DatabaseInstanceSettingsDatabaseFlagArgs(name=name, value=value)
                for name, value in FLAGS.items()
            ],
            ip_configuration=self._reach(network),
            backup_configuration=self._backups(),
            retain_backups_on_delete=True,
            final_backup_config=gcp.sql.DatabaseInstanceSettingsFinalBackupConfigArgs(
                enabled=True, retention_days=self.spec.retention_days
            ),
            deletion_protection_enabled=True,
            maintenance_window=gcp.sql.DatabaseInstanceSettingsMaintenanceWindowArgs(
                day=7, hour=3, update_track="stable"
            ),
            insights_config=gcp.sql.DatabaseInstanceSettingsInsightsConfigArgs(
                query_insights_enabled=True, record_application_tags=True, record_client_address=True
            ),
            user_labels=self.tags,
        )

    def _reach(self, network: Network) -> gcp.sql.DatabaseInstanceSettingsIpConfigurationArgs:
        """The region's shared authority, not one of the instance's own, puts the instance's name in its certificate."""
        return gcp.sql.DatabaseInstanceSettingsIpConfigurationArgs(
            ipv4_enabled=False,
            private_network=network.vpc.id,
            allocated_ip_range=network.database_range.name,
            ssl_mode="ENCRYPTED_ONLY",
            server_ca_mode="GOOGLE_MANAGED_CAS_CA",
            server_certificate_rotation_mode="AUTOMATIC_ROTATION_DURING_MAINTENANCE",
        )

    def _backups(self) -> gcp.sql.DatabaseInstanceSettingsBackupConfigurationArgs:
        """One backup a day, so that their count is their age in days."""
        return gcp.sql.DatabaseInstanceSettingsBackupConfigurationArgs(
            enabled=True,
            start_time="02:00",
            location=self.spec.region,
            point_in_time_recovery_enabled=True,
            transaction_log_retention_days=LOG_DAYS,
            backup_retention_settings=gcp.sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
                retained_backups=self.spec.database.backup_days, retention_unit="COUNT"
            ),
        )
