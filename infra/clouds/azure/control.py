"""Control: two Blob Storage accounts, one that keeps nothing of what it overwrites, one that nobody can empty."""

from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.azure.keys import encryption_key
from infra.clouds.azure.network import Network
from infra.clouds.azure.stores import container, plain, private_account, store_url, versioned
from infra.spec import SiteSpec


class Control(Capability):
    """`lease` has no versions and no retention, which would pile up or refuse the renewals; `ledger` has both.

    Versions, soft deletion and retention are settings of a whole account, so there are two. Azure cannot refuse a
    write that has no condition; that the agent's role may delete nothing (service.py) is what it can.
    """

    def __init__(self, name: str, spec: SiteSpec, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.key = encryption_key(self, network.vault)
        account = private_account(self, "lease", self.key)
        self.lease = container(self, "lease", account, self.key, plain(self, "lease", account, self.key))
        self.lease_url = store_url(account, self.lease)
        account = private_account(self, "ledger", self.key, locked_days=spec.retention_days)
        self.ledger = container(self, "ledger", account, self.key, versioned(self, "ledger", account, self.key))
        self.ledger_url = store_url(account, self.ledger)
        self.register_outputs({"lease_url": self.lease_url, "ledger_url": self.ledger_url})
