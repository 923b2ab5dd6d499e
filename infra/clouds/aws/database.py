"""Database: RDS for PostgreSQL 17 with logical replication, in two zones, reached from inside alone."""

import pulumi_aws as aws
import pulumi_random as random
from pulumi import Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.aws.firewall import SecurityGroup
from infra.clouds.aws.keys import encryption_key
from infra.clouds.aws.network import LOG_DAYS, Network
from infra.clouds.aws.secret import keep
from infra.contract import Secrets
from infra.environment import CERTIFICATES, database_url
from infra.spec import DATABASE_NAME, DATABASE_PORT, DATABASE_ROLES, DATABASE_VERSION, SiteSpec

CLASSES = {8192: "db.m7g.large", 16384: "db.m7g.xlarge", 32768: "db.m7g.2xlarge", 65536: "db.m7g.4xlarge"}

IDENTIFIER = "lifeboat"

AT_BOOT = {
    "rds.logical_replication": "1",
    "max_replication_slots": "20",
    "max_wal_senders": "20",
    "max_logical_replication_workers": "16",
    "max_worker_processes": "24",
    "shared_preload_libraries": "pg_stat_statements,pgaudit",
}
"""Static: in force from the first boot, since the group is attached at creation; a later change waits for a restart."""

AT_ONCE = {
    "rds.force_ssl": "1",
    "log_connections": "1",
    "log_disconnections": "1",
    "log_lock_waits": "1",
    "log_min_error_statement": "panic",
    "wal_sender_timeout": "30000",
    "wal_receiver_timeout": "30000",
}


class Database(Capability):
    """One instance with a copy in the second zone; the roles' passwords lie in the vault by their neutral names."""

    def __init__(self, name: str, spec: SiteSpec, secrets: Secrets, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.key = encryption_key(self, for_logs=True)
        self.firewall = self._firewall(network)
        self.instance = self._instance(network, self._logs())
        self.host, self.port = self.instance.address, Output.from_input(DATABASE_PORT)
        self.passwords = {role: self._password(role, secrets) for role in DATABASE_ROLES}
        self.register_outputs({"host": self.host, "port": self.port})

    def url(self, role: str) -> Output[str]:
        """Return the connection URL of a role, as a secret."""
        return database_url(role, self.passwords[role], self.host, f"{CERTIFICATES}/aws.pem")

    def _password(self, role: str, secrets: Secrets) -> Output[str]:
        """Make a role's password and keep it; the replication role's comes from outside, and the service keeps it."""
        if role == "replication":
            return secrets.replication_password
        password = random.RandomPassword(self.child(role), length=40, special=False, opts=self.inside()).result
        keep(self, f"lifeboat-database-password-{role}", password, self.key)
        return password

    def _firewall(self, network: Network) -> SecurityGroup:
        firewall = SecurityGroup(
            self, "firewall", "PostgreSQL from this site's services and from the peers' databases", network.vpc.id
        )
        firewall.let_in("services", DATABASE_PORT, {"cidr_ipv4": self.spec.network.services_cidr})
        for peer in self.spec.linked:
            firewall.let_in(peer.site, DATABASE_PORT, {"cidr_ipv4": peer.network.database_cidr})
            firewall.let_out(peer.site, DATABASE_PORT, {"cidr_ipv4": peer.network.database_cidr})
        return firewall

    def _logs(self) -> list[aws.cloudwatch.LogGroup]:
        """Made before the instance, which would otherwise make them itself, unencrypted and kept for ever."""
        return [
            aws.cloudwatch.LogGroup(
                self.child(kind),
                name=f"/aws/rds/instance/{IDENTIFIER}/{kind}",
                retention_in_days=LOG_DAYS,
                kms_key_id=self.key.arn,
                tags=self.tags,
                opts=self.inside(),
            )
            for kind in ("postgresql", "upgrade")
        ]

    def _parameters(self) -> aws.rds.ParameterGroup:
        # A second belt: the agent bounds what a slot holds back on every cloud; RDS can do it itself too (in MB).
        kept = {"max_slot_wal_keep_size": str(self.spec.database.storage_gib * 1024 // 4)}
        methods = [(AT_BOOT, "pending-reboot"), (AT_ONCE | kept, "immediate")]
        return aws.rds.ParameterGroup(
            self.child("parameters"),
            family=f"postgres{DATABASE_VERSION}",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(name=name, value=value, apply_method=method)
                for parameters, method in methods
                for name, value in parameters.items()
            ],
            tags=self.tags,
            opts=self.inside(),
        )

    def _instance(self, network: Network, logs: list[aws.cloudwatch.LogGroup]) -> aws.rds.Instance:
        subnets = aws.rds.SubnetGroup(
            self.child("subnets"),
            subnet_ids=[subnet.id for subnet in network.database_subnets],
            tags=self.tags,
            opts=self.inside(),
        )
        storage = self.spec.database.storage_gib
        return aws.rds.Instance(
            self.child("instance"),
            identifier=IDENTIFIER,
            engine="postgres",
            engine_version=DATABASE_VERSION,
            instance_class=CLASSES[self.spec.database.memory_mib],
            db_name=DATABASE_NAME,
            port=DATABASE_PORT,
            multi_az=True,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[self.firewall.id],
            publicly_accessible=False,
            parameter_group_name=self._parameters().name,
            ca_cert_identifier="rds-ca-rsa2048-g1",
            username="lifeboat_admin",
            manage_master_user_password=True,
            master_user_secret_kms_key_id=self.key.key_id,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=self.key.arn,
            allocated_storage=storage,
            max_allocated_storage=storage * 4,
            backup_retention_period=self.spec.database.backup_days,
            backup_window="02:00-03:00",
            maintenance_window="sun:03:30-sun:04:30",
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            skip_final_snapshot=False,
            final_snapshot_identifier=f"{IDENTIFIER}-final",
            deletion_protection=True,
            auto_minor_version_upgrade=True,
            enabled_cloudwatch_logs_exports=["postgresql", "upgrade"],
            performance_insights_enabled=True,
            performance_insights_kms_key_id=self.key.arn,
            tags=self.tags,
            # The service grows the storage by itself; without this, the next `up` would try to shrink it.
            opts=self.guarded(ignore_changes=["allocatedStorage"], depends_on=logs),
        )
