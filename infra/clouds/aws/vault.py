"""Vault: what the processes are told in secret, in Secrets Manager, by neutral name."""

from collections.abc import Mapping

from pulumi import Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.aws.database import Database
from infra.clouds.aws.keys import encryption_key
from infra.clouds.aws.network import Network
from infra.clouds.aws.secret import keep
from infra.contract import Secrets
from infra.environment import secret_values
from infra.spec import SiteSpec


class Vault(Capability):
    """One secret for each neutral name, under a key of their own; which process reads which is the service's matter."""

    def __init__(
        self,
        name: str,
        spec: SiteSpec,
        secrets: Secrets,
        network: Network,
        database: Database,
        opts: ResourceOptions,
    ) -> None:
        super().__init__(name, spec, opts)
        self.key = encryption_key(self)
        self.secrets = {
            neutral: keep(self, neutral, value, self.key) for neutral, value in secret_values(secrets, database).items()
        }
        self.where: Mapping[str, Output[str]] = {neutral: secret.arn for neutral, secret in self.secrets.items()}
        self.register_outputs({"where": self.where})
