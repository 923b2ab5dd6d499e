"""Control: two Cloud Storage buckets, one that is overwritten all the time, one that nobody can empty."""

import pulumi_gcp as gcp
from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.gcp.keys import DAY, encryption_key
from infra.clouds.gcp.network import Network
from infra.clouds.gcp.stores import private_bucket, store_url, versioned
from infra.spec import SiteSpec


class Control(Capability):
    """`lease` keeps nothing that was replaced, which would pile up or refuse the renewals; `ledger` keeps everything.

    Cloud Storage has no rule that asks for a condition on a write: here the agents alone see to it. And it takes
    versions or Bucket Lock, not both: the ledger has the lock, under which nothing is ever replaced, so that a second
    version cannot come to be.
    """

    def __init__(self, name: str, spec: SiteSpec, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.key = encryption_key(self, network.project, storage=network.project.storage_agent)
        self.lease = private_bucket(self, "lease", self.key, soft_delete_days=0, versioning=versioned(False))
        self.ledger = private_bucket(self, "ledger", self.key, retention_policy=self._retention())
        self.lease_url, self.ledger_url = store_url(self.lease), store_url(self.ledger)
        self.register_outputs({"lease_url": self.lease_url, "ledger_url": self.ledger_url})

    def _retention(self) -> gcp.storage.BucketRetentionPolicyArgs:
        """Locked: not even the project's owner can shorten it."""
        return gcp.storage.BucketRetentionPolicyArgs(
            retention_period=str(self.spec.retention_days * DAY), is_locked=True
        )
