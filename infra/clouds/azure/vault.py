"""Vault: what the processes are told in secret, in Key Vault, by neutral name."""

from collections.abc import Mapping

from pulumi import Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.azure.database import Database
from infra.clouds.azure.network import Network
from infra.clouds.azure.secret import keep
from infra.contract import Secrets
from infra.environment import secret_values
from infra.spec import SiteSpec


class Vault(Capability):
    """One secret for each neutral name, in the site's one vault; which process reads which is the service's matter."""

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
        self.vault = network.vault
        self.secrets = {
            neutral: keep(self, neutral, value, self.vault)
            for neutral, value in secret_values(secrets, database).items()
        }
        self.where: Mapping[str, Output[str]] = {neutral: secret.id for neutral, secret in self.secrets.items()}
        self.register_outputs({"where": self.where})
