"""What the project itself must have: the services it may use, and the identities these services act under."""

import pulumi_gcp as gcp
from pulumi import Output

from infra.capability import Capability

APIS = (
    "artifactregistry",
    "certificatemanager",
    "cloudkms",
    "compute",
    "dns",
    "iam",
    "iamcredentials",
    "logging",
    "monitoring",
    "networkmanagement",
    "run",
    "secretmanager",
    "servicenetworking",
    "sqladmin",
    "storage",
    "sts",
)


class Project:
    """The project's switched-on services, and the members to whom keys are granted: `database`, `vault`, `registry`, `storage`."""

    def __init__(self, owner: Capability) -> None:
        self.owner = owner
        self.apis = [self._switch_on(api) for api in APIS]
        database = self._identity("sqladmin")
        self.database_agent = database.member
        self.vault_agent = self._identity("secretmanager").member
        self.registry_agent = self._identity("artifactregistry").member
        self.storage_agent = Output.all(database.email, self._identity("storage").id).apply(
            lambda found: _storage_agent(found[0])
        )

    def _switch_on(self, api: str) -> gcp.projects.Service:
        """Left on when the site goes: something else in the project may use it too."""
        return gcp.projects.Service(
            self.owner.child(api),
            service=f"{api}.googleapis.com",
            disable_on_destroy=False,
            opts=self.owner.inside(),
        )

    def _identity(self, api: str) -> gcp.projects.ServiceIdentity:
        return gcp.projects.ServiceIdentity(
            self.owner.child(f"{api}-agent"),
            service=f"{api}.googleapis.com",
            opts=self.owner.inside(depends_on=self.apis),
        )


def _storage_agent(sibling: str) -> str:
    """Cloud Storage's agent is made like the others but not told; it bears their name in a domain of its own.

    Names: "Service agents" in Google's IAM documentation, service-NUMBER@gs-project-accounts.iam.gserviceaccount.com.
    """
    return f"serviceAccount:{sibling.partition('@')[0]}@gs-project-accounts.iam.gserviceaccount.com"
