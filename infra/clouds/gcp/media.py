"""Media: pictures in Cloud Storage, private, with every version kept for a while after its deletion."""

import pulumi_gcp as gcp
from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.gcp.keys import encryption_key
from infra.clouds.gcp.network import Network
from infra.clouds.gcp.stores import SOFT_DELETE_DAYS, private_bucket, store_url, versioned
from infra.spec import SiteSpec


class Media(Capability):
    """One bucket. `network` is taken as in every cloud; a bucket lies outside of it, reached by private access."""

    def __init__(self, name: str, spec: SiteSpec, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.key = encryption_key(self, network.project, storage=network.project.storage_agent)
        self.bucket = private_bucket(
            self, "pictures", self.key, versioning=versioned(True), lifecycle_rules=self._forget_late()
        )
        self.url = store_url(self.bucket)
        self.register_outputs({"url": self.url})

    def _forget_late(self) -> list[gcp.storage.BucketLifecycleRuleArgs]:
        """A deleted picture can be had back for the retention time; pieces of broken uploads go after a week.

        The soft delete comes after the version has gone and counts as the last week of that time.
        """
        as_version = max(self.spec.retention_days - SOFT_DELETE_DAYS, 1)
        return [
            gcp.storage.BucketLifecycleRuleArgs(
                action=gcp.storage.BucketLifecycleRuleActionArgs(type="Delete"),
                condition=gcp.storage.BucketLifecycleRuleConditionArgs(
                    days_since_noncurrent_time=as_version, with_state="ARCHIVED"
                ),
            ),
            gcp.storage.BucketLifecycleRuleArgs(
                action=gcp.storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
                condition=gcp.storage.BucketLifecycleRuleConditionArgs(age=7),
            ),
        ]
