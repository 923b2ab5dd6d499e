"""Control: two S3 buckets, one that is overwritten by condition alone, one that nobody can empty."""

from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.aws.keys import encryption_key
from infra.clouds.aws.network import Network
from infra.clouds.aws.stores import private_bucket, retained, store_url, versioned
from infra.spec import SiteSpec

CONDITIONAL_ONLY = {
    "Sid": "ConditionalWritesOnly",
    "Action": "s3:PutObject",
    "NotResource": ["status/*", "requests/*"],
    "Condition": {"Null": {"s3:if-match": "true", "s3:if-none-match": "true"}},
}
"""The register may not be overwritten blindly, whatever program tries; a site's status is its own and may be."""

NEVER_DELETED = {
    "Sid": "NeverDeleted",
    "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
    "NotResource": ["status/*", "requests/*"],
}
"""A missing register counts as a store that does not answer, so nobody may make it missing."""


class Control(Capability):
    """`lease` has no versions and no retention, which would pile up or refuse the renewals; `ledger` has both."""

    def __init__(self, name: str, spec: SiteSpec, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.key = encryption_key(self)
        self.lease = private_bucket(self, "lease", self.key, refusals=[CONDITIONAL_ONLY, NEVER_DELETED])
        self.ledger = private_bucket(self, "ledger", self.key, locked=True)
        retained(self, "ledger", self.ledger, versioned(self, "ledger", self.ledger), spec.retention_days)
        self.lease_url, self.ledger_url = store_url(self, self.lease), store_url(self, self.ledger)
        self.register_outputs({"lease_url": self.lease_url, "ledger_url": self.ledger_url})
