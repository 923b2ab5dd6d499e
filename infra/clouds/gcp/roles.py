"""Service accounts, and what each may do, one grant a resource on the thing itself; none on the whole project."""

import pulumi_gcp as gcp
from pulumi import Resource

from infra.capability import Capability
from infra.clouds.gcp.project import Project

USE = ("objectUser",)
"""Read, list, create, replace and delete. Cloud Storage counts replacing as deleting, so a lease needs both."""

APPEND = ("objectViewer", "objectCreator")
"""Read, list and create, but neither replace nor delete."""


class Role:
    """The service account of one process; `grants` are what the process may not start without."""

    def __init__(self, owner: Capability, part: str, project: Project) -> None:
        self.owner, self.part = owner, part
        self.account = gcp.serviceaccount.Account(
            owner.child(part),
            account_id=f"lifeboat-{part}",
            display_name=f"Lifeboat {part}",
            opts=owner.inside(depends_on=project.apis),
        )
        self.grants: list[Resource] = []

    def let_read(self, name: str, secret: gcp.secretmanager.SecretVersion) -> None:
        """Let the process read one secret, by its neutral name."""
        grant = gcp.secretmanager.SecretIamMember(
            self.owner.child(f"{self.part}-reads-{name}"),
            secret_id=secret.secret,
            role="roles/secretmanager.secretAccessor",
            member=self.account.member,
            opts=self.owner.inside(),
        )
        self.grants.append(grant)

    def let_use(self, what: str, bucket: gcp.storage.Bucket, rights: tuple[str, ...]) -> None:
        """Let the process use a bucket as `USE` or `APPEND` say."""
        for right in rights:
            grant = gcp.storage.BucketIAMMember(
                self.owner.child(f"{self.part}-{what}-{right}".lower()),
                bucket=bucket.name,
                role=f"roles/storage.{right}",
                member=self.account.member,
                opts=self.owner.inside(),
            )
            self.grants.append(grant)
