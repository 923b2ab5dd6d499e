"""Registry: this cloud's own copy of the image, in ECR, scanned when it arrives, no tag ever moved."""

import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.capability import Capability
from infra.clouds.aws.keys import encryption_key
from infra.clouds.aws.network import Network
from infra.spec import SiteSpec


class Registry(Capability):
    """One repository, named by the `repository` setting. `network` is taken as in every cloud; ECR lies outside of it."""

    def __init__(self, name: str, spec: SiteSpec, network: Network, opts: ResourceOptions) -> None:
        super().__init__(name, spec, opts)
        self.key = encryption_key(self)
        self.images = aws.ecr.Repository(
            self.child("images"),
            name=spec.service.repository.partition("/")[2],
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=self.key.arn)
            ],
            force_delete=False,
            tags=self.tags,
            opts=self.guarded(),
        )
        self.repository = self.images.repository_url
        self.register_outputs({"repository": self.repository})
