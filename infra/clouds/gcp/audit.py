"""The audit log: every administrative act in the project, and who read a secret, in a bucket that nobody can empty."""

import pulumi_gcp as gcp
from pulumi import Output

from infra.capability import Capability
from infra.clouds.gcp.keys import DAY, encryption_key
from infra.clouds.gcp.project import Project
from infra.clouds.gcp.stores import private_bucket
from infra.spec import AUDIT_DAYS

READ_IS_TOLD = ("cloudkms.googleapis.com", "iam.googleapis.com", "secretmanager.googleapis.com")
"""Services whose readers are logged too. Not Cloud Storage: the register is read several times a second, on purpose."""

AUDITED = " OR ".join(
    f'log_id("cloudaudit.googleapis.com/{kind}")' for kind in ("activity", "data_access", "policy", "system_event")
)


def audit_log(owner: Capability, project: Project) -> gcp.storage.Bucket:
    """Make the sink and its bucket, and return the bucket; its retention is locked for good."""
    for service in READ_IS_TOLD:
        gcp.projects.IAMAuditConfig(
            owner.child(service.partition(".")[0]),
            project=owner.spec.account,
            service=service,
            audit_log_configs=[
                gcp.projects.IAMAuditConfigAuditLogConfigArgs(log_type=kind)
                for kind in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")
            ],
            opts=owner.inside(depends_on=project.apis),
        )
    locked = gcp.storage.BucketRetentionPolicyArgs(retention_period=str(AUDIT_DAYS * DAY), is_locked=True)
    key = encryption_key(owner, project, storage=project.storage_agent)
    bucket = private_bucket(owner, "audit", key, retention_policy=locked)
    sink = gcp.logging.ProjectSink(
        owner.child("audit"),
        name="lifeboat-audit",
        destination=Output.format("storage.googleapis.com/{0}", bucket.name),
        filter=AUDITED,
        unique_writer_identity=True,
        opts=owner.guarded(),
    )
    gcp.storage.BucketIAMMember(
        owner.child("audit-writer"),
        bucket=bucket.name,
        role="roles/storage.objectCreator",
        member=sink.writer_identity,
        opts=owner.inside(),
    )
    return bucket
