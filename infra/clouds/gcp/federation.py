"""How the processes of another site enter this one: a provider for each, for tokens of that site's provider alone.

No service account stands between: the rights are given to the foreign subject itself, on this site's buckets.
"""

from collections.abc import Sequence

import pulumi_gcp as gcp
from pulumi import Output

from infra.capability import Capability
from infra.clouds.gcp.control import Control
from infra.clouds.gcp.media import Media
from infra.clouds.gcp.project import Project
from infra.clouds.gcp.roles import APPEND
from infra.identities import ENTRANTS, audience, writable
from infra.spec import Peer


def pool(owner: Capability, part: str, name: str, project: Project) -> gcp.iam.WorkloadIdentityPool:
    """Make a pool of foreign identities; its name stays taken for 30 days after its deletion."""
    return gcp.iam.WorkloadIdentityPool(
        owner.child(part),
        workload_identity_pool_id=name,
        display_name=name,
        opts=owner.inside(depends_on=project.apis),
    )


def entry_of(sites: gcp.iam.WorkloadIdentityPool, peer: str) -> Output[str]:
    """Return the provider to which a peer's processes show their tokens; it is known before the provider is made."""
    return Output.format("//iam.googleapis.com/{0}/providers/{1}", sites.name, _name(peer))


def _name(peer: str) -> str:
    return f"from-{peer}"


def federate(
    owner: Capability, peer: Peer, sites: gcp.iam.WorkloadIdentityPool, media: Media, control: Control
) -> None:
    """Let a peer's processes in: its app to the pictures, its agent to the control stores too."""
    subjects = [f"'{subject}'" for subject in peer.subjects.values()]
    gcp.iam.WorkloadIdentityPoolProvider(
        owner.child(_name(peer.site)),
        workload_identity_pool_id=sites.workload_identity_pool_id,
        workload_identity_pool_provider_id=_name(peer.site),
        oidc=gcp.iam.WorkloadIdentityPoolProviderOidcArgs(
            issuer_uri=peer.issuer, allowed_audiences=[audience(peer.site, owner.spec.site)]
        ),
        # Two issuers could name the same subject; within the pool each has its site before it.
        attribute_mapping={"google.subject": f"'{peer.site}:' + assertion.sub"},
        attribute_condition=f"assertion.sub in [{', '.join(subjects)}]",
        opts=owner.inside(),
    )
    for part, processes in ENTRANTS.items():
        for process in processes:
            entrant = Entrant(owner, peer, process, sites)
            entrant.let_use("media", media.bucket, ("media/",))
            if part == "agent":
                entrant.let_use("lease", control.lease, writable(peer.site))
                entrant.let_append("ledger", control.ledger)


class Entrant:
    """One process of another site, and what it is granted here."""

    def __init__(self, owner: Capability, peer: Peer, process: str, sites: gcp.iam.WorkloadIdentityPool) -> None:
        self.owner, self.part = owner, f"{_name(peer.site)}-{process}"
        self.member = Output.format(
            "principal://iam.googleapis.com/{0}/subject/{1}:{2}", sites.name, peer.site, peer.subjects[process]
        )

    def let_use(self, what: str, bucket: gcp.storage.Bucket, prefixes: Sequence[str]) -> None:
        """Let it read the bucket, and write what is named by some prefixes."""
        self._grant(f"{what}-read", bucket, "objectViewer")
        self._grant(f"{what}-write", bucket, "objectUser", prefixes)

    def let_append(self, what: str, bucket: gcp.storage.Bucket) -> None:
        """Let it read and create, but neither replace nor delete."""
        for right in APPEND:
            self._grant(f"{what}-{right}".lower(), bucket, right)

    def _grant(self, part: str, bucket: gcp.storage.Bucket, right: str, prefixes: Sequence[str] = ()) -> None:
        gcp.storage.BucketIAMMember(
            self.owner.child(f"{self.part}-{part}"),
            bucket=bucket.name,
            role=f"roles/storage.{right}",
            member=self.member,
            condition=_only_below(bucket, prefixes) if prefixes else None,
            opts=self.owner.inside(),
        )


def _only_below(bucket: gcp.storage.Bucket, prefixes: Sequence[str]) -> gcp.storage.BucketIAMMemberConditionArgs:
    below = bucket.name.apply(
        lambda name: " || ".join(
            f'resource.name.startsWith("projects/_/buckets/{name}/objects/{prefix}")' for prefix in prefixes
        )
    )
    return gcp.storage.BucketIAMMemberConditionArgs(title="by-prefix", expression=below)
