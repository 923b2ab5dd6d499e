"""Database: PostgreSQL 17 on Flexible Server with logical replication, in two zones, reached from inside alone."""

from collections.abc import Sequence

import pulumi_azure_native as azure
import pulumi_random as random
from pulumi import Output, Resource, ResourceOptions

from infra.capability import Capability
from infra.clouds.azure.keys import encryption_key
from infra.clouds.azure.names import resolved_inside
from infra.clouds.azure.network import HTTPS, Network
from infra.clouds.azure.place import keep_logs
from infra.clouds.azure.secret import keep
from infra.contract import Secrets
from infra.environment import database_url
from infra.spec import DATABASE_NAME, DATABASE_PORT, DATABASE_ROLES, DATABASE_VERSION, SiteSpec

CLASSES = {8192: "Standard_D2ds_v5", 16384: "Standard_D4ds_v5", 32768: "Standard_D8ds_v5", 65536: "Standard_D16ds_v5"}

ZONE = "lifeboat.private.postgres.database.azure.com"
"""Must end so; seen from the linked network alone, so it need not be unique."""

AT_BOOT = {
    "wal_level": "logical",
    "max_worker_processes": "24",
    "max_replication_slots": "20",
    "max_wal_senders": "20",
    "max_logical_replication_workers": "16",
    "shared_preload_libraries": "pg_stat_statements,pgaudit",
}
"""Static. No resource restarts a server: after the first `up` somebody must, and `pending_restart` shows it."""

AT_ONCE = {
    "azure.extensions": "pg_stat_statements,pgaudit",
    "hot_standby_feedback": "on",
    "sync_replication_slots": "on",
    "require_secure_transport": "on",
    "ssl_min_protocol_version": "TLSv1.2",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_lock_waits": "on",
    "log_min_error_statement": "panic",
    "wal_sender_timeout": "30000",
    "wal_receiver_timeout": "30000",
}
"""The second and third carry the slots over to the copy in the other zone; without them its failover loses them.

`max_slot_wal_keep_size` is missing: Azure fixes it at -1, so the agent bounds what a slot holds back."""

CHANGED_BY_AZURE = ["storage.storageSizeGB", "availabilityZone", "highAvailability.standbyAvailabilityZone"]
"""The storage grows by itself, and a failover between the zones swaps them; `up` must not undo either."""


class Database(Capability):
    """One server with a copy in the second zone; the roles' passwords lie in the vault by their neutral names."""

    def __init__(self, name: str, spec: SiteSpec, secrets: Secrets, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.network, self.place = network, network.place
        self.key = encryption_key(self, network.vault)
        self.server = self._server(self._firewall())
        self._lock()
        azure.dbforpostgresql.Database(
            self.child("database"),
            database_name=DATABASE_NAME,
            server_name=self.server.name,
            resource_group_name=self.place.group.name,
            charset="UTF8",
            collation="en_US.utf8",
            opts=self.guarded(),
        )
        self._settings()
        keep_logs(self, "logs", self.server.id, self.place)
        self.host, self.port = self.server.fully_qualified_domain_name, Output.from_input(DATABASE_PORT)
        self.passwords = {role: self._password(role, secrets) for role in DATABASE_ROLES}
        self.register_outputs({"host": self.host, "port": self.port})

    def url(self, role: str) -> Output[str]:
        """Return the connection URL of a role, as a secret; Azure's certificates come from public roots."""
        return database_url(role, self.passwords[role], self.host, "system")

    def _password(self, role: str, secrets: Secrets) -> Output[str]:
        """Make a role's password and keep it; the replication role's comes from outside, and the service keeps it."""
        return secrets.replication_password if role == "replication" else self._new_password(role)

    def _new_password(self, role: str) -> Output[str]:
        # Azure refuses an administrator's password of one kind of character alone.
        password = random.RandomPassword(
            self.child(role),
            length=40,
            special=False,
            min_lower=1,
            min_upper=1,
            min_numeric=1,
            opts=self.inside(),
        ).result
        keep(self, f"lifeboat-database-password-{role}", password, self.network.vault)
        return Output.secret(password)

    def _firewall(self) -> list[Resource]:
        """Open the subnet; return the rules without which the server's two halves cannot start."""
        network, firewall = self.spec.network, self.network.database_firewall
        port = [str(DATABASE_PORT)]
        needed: list[Resource] = [
            firewall.let_in(self, "services", port, network.services_cidr, 100),
            firewall.let_in(self, "database", port, network.database_cidr, 110),
            firewall.let_out(self, "database", port, network.database_cidr, 100),
            firewall.let_out(self, "storage", [HTTPS], "Storage", 110),
        ]
        for peer in self.spec.linked:
            rank = 200 + self.spec.networks.index(peer.network)
            firewall.let_in(self, peer.site, port, peer.network.database_cidr, rank)
            firewall.let_out(self, peer.site, port, peer.network.database_cidr, rank)
        return needed

    def _server(self, after: Sequence[Resource]) -> azure.dbforpostgresql.Server:
        zone, link = resolved_inside(self, "names", ZONE, self.network)
        return azure.dbforpostgresql.Server(
            self.child("server"),
            resource_group_name=self.place.group.name,
            version=DATABASE_VERSION,
            create_mode=azure.dbforpostgresql.CreateMode.DEFAULT,
            sku=azure.dbforpostgresql.SkuArgs(
                name=CLASSES[self.spec.database.memory_mib], tier=azure.dbforpostgresql.SkuTier.GENERAL_PURPOSE
            ),
            storage=azure.dbforpostgresql.StorageArgs(
                storage_size_gb=self.spec.database.storage_gib,
                auto_grow=azure.dbforpostgresql.StorageAutoGrow.ENABLED,
            ),
            availability_zone=self.spec.zones[0],
            high_availability=azure.dbforpostgresql.HighAvailabilityArgs(
                mode=azure.dbforpostgresql.PostgreSqlFlexibleServerHighAvailabilityMode.ZONE_REDUNDANT,
                standby_availability_zone=self.spec.zones[1],
            ),
            network=azure.dbforpostgresql.NetworkArgs(
                delegated_subnet_resource_id=self.network.database_subnet.id,
                private_dns_zone_arm_resource_id=zone.id,
            ),
            administrator_login="lifeboat_admin",
            administrator_login_password=self._new_password("admin"),
            auth_config=azure.dbforpostgresql.AuthConfigArgs(
                password_auth=azure.dbforpostgresql.PasswordBasedAuth.ENABLED,
                active_directory_auth=azure.dbforpostgresql.MicrosoftEntraAuth.DISABLED,
            ),
            identity=azure.dbforpostgresql.UserAssignedIdentityArgs(
                type=azure.dbforpostgresql.IdentityType.USER_ASSIGNED,
                user_assigned_identities=self.key.user.id.apply(
                    lambda user: {user: azure.dbforpostgresql.UserIdentityArgs()}
                ),
            ),
            # Only possible at creation; without a version in it, the server follows the key's newest one by itself.
            data_encryption=azure.dbforpostgresql.DataEncryptionArgs(
                type=azure.dbforpostgresql.DataEncryptionType.AZURE_KEY_VAULT,
                primary_key_uri=self.key.key.key_uri,
                primary_user_assigned_identity_id=self.key.user.id,
            ),
            backup=azure.dbforpostgresql.BackupArgs(
                backup_retention_days=self.spec.database.backup_days,
                geo_redundant_backup=azure.dbforpostgresql.GeographicallyRedundantBackup.DISABLED,
            ),
            maintenance_window=azure.dbforpostgresql.MaintenanceWindowArgs(
                custom_window="Enabled", day_of_week=0, start_hour=3, start_minute=30
            ),
            tags=self.tags,
            opts=self.guarded(
                ignore_changes=CHANGED_BY_AZURE,
                depends_on=[link, self.key.grant, *after],
            ),
        )

    def _lock(self) -> None:
        """Put Azure's own lock on the server alone: one on the group would reach the name zone and break failover.

        A `destroy` leaves it where it is, else it would be the first thing to go; a person takes it off.
        """
        azure.authorization.ManagementLockByScope(
            self.child("lock"),
            lock_name="lifeboat",
            scope=self.server.id,
            level=azure.authorization.LockLevel.CAN_NOT_DELETE,
            notes="Holds the only copy of this site's database.",
            opts=self.inside(retain_on_delete=True),
        )

    def _settings(self) -> None:
        """One after the other: a server that is being configured refuses the next setting."""
        before: list[Resource] = []
        for name, value in (AT_BOOT | AT_ONCE).items():
            setting = azure.dbforpostgresql.Configuration(
                self.child(name.replace("_", "-").replace(".", "-")),
                configuration_name=name,
                server_name=self.server.name,
                resource_group_name=self.place.group.name,
                value=value,
                source="user-override",
                opts=self.inside(depends_on=before),
            )
            before = [setting]
