"""Media: pictures in Blob Storage, private, with every version kept for a while after its deletion."""

import pulumi_azure_native as azure
from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.azure.keys import encryption_key
from infra.clouds.azure.network import Network
from infra.clouds.azure.stores import container, forget, private_account, store_url, versioned
from infra.spec import SiteSpec


class Media(Capability):
    """One account with one container, reached from this site's services by their subnet's way to Storage."""

    def __init__(self, name: str, spec: SiteSpec, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.key = encryption_key(self, network.vault)
        self.account = private_account(self, "pictures", self.key)
        versions = versioned(self, "pictures", self.account, self.key)
        self.pictures = container(self, "pictures", self.account, self.key, versions)
        self._forget_late()
        self.url = store_url(self.account, self.pictures)
        self.register_outputs({"url": self.url})

    def _forget_late(self) -> None:
        """A deleted picture can be had back for the retention time.

        Azure counts a version's age from its upload, so an old picture's last version goes on the day it is deleted;
        the soft deletion of versions (see stores.py) is what keeps it from then on.
        """
        age = azure.storage.DateAfterCreationArgs(days_after_creation_greater_than=self.spec.retention_days)
        version = azure.storage.ManagementPolicyVersionArgs(delete=age)
        actions = azure.storage.ManagementPolicyActionArgs(version=version)
        forget(self, "pictures", self.account, self.key, actions)
