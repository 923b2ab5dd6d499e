"""Registry: this cloud's own copy of the image, in Artifact Registry, scanned when it arrives, no tag ever moved."""

import pulumi_gcp as gcp
from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.gcp.keys import encryption_key
from infra.clouds.gcp.network import Network
from infra.spec import SiteSpec


class Registry(Capability):
    """One repository, named by the `repository` setting; Cloud Run's own agent may read it, being of the same project."""

    def __init__(self, name: str, spec: SiteSpec, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.key = encryption_key(self, network.project, registry=network.project.registry_agent)
        self.images = gcp.artifactregistry.Repository(
            self.child("images"),
            repository_id=spec.service.repository.split("/")[2],
            location=spec.region,
            format="DOCKER",
            docker_config=gcp.artifactregistry.RepositoryDockerConfigArgs(immutable_tags=True),
            vulnerability_scanning_config=gcp.artifactregistry.RepositoryVulnerabilityScanningConfigArgs(
                enablement_config="INHERITED"
            ),
            kms_key_name=self.key,
            labels=self.tags,
            opts=self.guarded(),
        )
        self.repository = self.images.registry_uri
        self.register_outputs({"repository": self.repository})
