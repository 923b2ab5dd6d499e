"""Media: pictures in S3, private, with every version kept for a while after its deletion."""

import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.aws.keys import encryption_key
from infra.clouds.aws.network import Network
from infra.clouds.aws.stores import private_bucket, store_url, versioned
from infra.spec import SiteSpec


class Media(Capability):
    """One bucket. `network` is taken as in every cloud; a bucket lies outside of it, reached through its endpoint."""

    def __init__(self, name: str, spec: SiteSpec, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.key = encryption_key(self)
        self.bucket = private_bucket(self, "pictures", self.key)
        self._forget_late(versioned(self, "pictures", self.bucket))
        self.url = store_url(self, self.bucket)
        self.register_outputs({"url": self.url})

    def _forget_late(self, versions: aws.s3.BucketVersioning) -> None:
        """A deleted picture can be had back for the retention time; pieces of broken uploads go after a week."""
        rule = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="forget-late",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=self.spec.retention_days
            ),
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True),
            abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=7
            ),
        )
        aws.s3.BucketLifecycleConfiguration(
            self.child("pictures"), bucket=self.bucket.id, rules=[rule], opts=self.inside(depends_on=[versions])
        )
