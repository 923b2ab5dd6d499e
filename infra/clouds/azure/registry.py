"""Registry: this cloud's own copy of the image, in Container Registry, opened by roles alone."""

import pulumi_azure_native as azure
from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.azure.network import Network
from infra.clouds.azure.place import keep_logs
from infra.spec import SiteSpec


class Registry(Capability):
    """One registry, named by the `repository` setting (a name that all of Azure shares).

    Azure has no setting against moving a tag; processes name the image by digest, which nobody can move. The image
    holds no secret, so Azure's own key will do.
    """

    def __init__(self, name: str, spec: SiteSpec, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.images = azure.containerregistry.Registry(
            self.child("images"),
            registry_name=spec.service.repository.partition(".")[0],
            resource_group_name=network.place.group.name,
            sku=azure.containerregistry.SkuArgs(name=azure.containerregistry.SkuName.PREMIUM),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            zone_redundancy=azure.containerregistry.ZoneRedundancy.ENABLED,
            tags=self.tags,
            opts=self.guarded(),
        )
        keep_logs(self, "images", self.images.id, network.place)
        self.repository = self.images.login_server
        self.register_outputs({"repository": self.repository})
