"""Access: who may enter without a stored key. CI in two roles, and the processes of the other two sites."""

import pulumi_gcp as gcp
from pulumi import Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.gcp.control import Control
from infra.clouds.gcp.federation import entry_of, federate, pool
from infra.clouds.gcp.media import Media
from infra.clouds.gcp.network import Network
from infra.clouds.gcp.service import Service
from infra.identities import CI_ISSUER, CI_ROLES, ENTRANTS, STATE, ci_subject
from infra.spec import SiteSpec

ISSUER = "https://accounts.google.com"
CI = "lifeboat-ci"
READ = ("viewer", "iam.securityReviewer")
"""Google's own roles that show settings; with uniform access to every bucket, neither shows an object."""

DEPLOYED = (
    "artifactregistry.admin", "certificatemanager.owner", "cloudkms.admin", "cloudsql.admin", "compute.admin",
    "dns.admin", "iam.serviceAccountAdmin", "iam.serviceAccountUser", "iam.workloadIdentityPoolAdmin",
    "logging.admin", "monitoring.admin", "networkmanagement.admin", "resourcemanager.projectIamAdmin", "run.admin",
    "secretmanager.admin", "servicenetworking.networksAdmin", "serviceusage.serviceUsageAdmin", "storage.admin",
)  # fmt: skip
"""What a deploy needs for the services of which this description makes something."""


class Access(Capability):
    """`identity` is what the peers must know to let this site in; `entries` is by which way each of them comes in here."""

    def __init__(
        self,
        name: str,
        spec: SiteSpec,
        network: Network,
        media: Media,
        control: Control,
        service: Service,
        opts: ResourceOptions,
    ) -> None:
        super().__init__(name, spec, opts)
        self.project = network.project
        self.ci_pool = pool(self, "ci", CI, self.project)
        self.sites_pool = pool(self, "sites", "lifeboat-sites", self.project)
        github = self._github()
        ci = {role: self._ci(role) for role in CI_ROLES}
        for peer in spec.trusted:
            federate(self, peer, self.sites_pool, media, control)
        self.identity = Output.from_input({"issuer": ISSUER, "subjects": service.subjects})
        ways = {other: dict.fromkeys(ENTRANTS, entry_of(self.sites_pool, other)) for other in spec.others}
        self.entries = Output.from_input({**ways, "ci": {**ci, "provider": github.name}})
        self.register_outputs({"identity": self.identity, "entries": self.entries})

    def _github(self) -> gcp.iam.WorkloadIdentityPoolProvider:
        subjects = [f"'{ci_subject(self.spec, role)}'" for role in CI_ROLES]
        return gcp.iam.WorkloadIdentityPoolProvider(
            self.child("ci"),
            workload_identity_pool_id=self.ci_pool.workload_identity_pool_id,
            workload_identity_pool_provider_id=CI,
            oidc=gcp.iam.WorkloadIdentityPoolProviderOidcArgs(issuer_uri=CI_ISSUER),
            attribute_mapping={"google.subject": "assertion.sub"},
            attribute_condition=f"assertion.sub in [{', '.join(subjects)}]",
            opts=self.inside(),
        )

    def _ci(self, role: str) -> Output[str]:
        account = gcp.serviceaccount.Account(
            self.child(role),
            account_id=f"{CI}-{role}",
            display_name=f"Lifeboat CI {role}",
            opts=self.inside(depends_on=self.project.apis),
        )
        gcp.serviceaccount.IAMMember(
            self.child(role),
            service_account_id=account.name,
            role="roles/iam.workloadIdentityUser",
            member=Output.format(
                "principal://iam.googleapis.com/{0}/subject/{1}", self.ci_pool.name, ci_subject(self.spec, role)
            ),
            opts=self.inside(),
        )
        for right in READ if role == "preview" else DEPLOYED:
            self._grant(f"{role}-{right}", f"roles/{right}", account)
        if role == "preview":
            self._let_read_the_state(account)
        return account.email

    def _let_read_the_state(self, account: gcp.serviceaccount.Account) -> None:
        place = f"projects/{self.spec.account}/locations/{self.spec.region}/keyRings/{STATE}/"
        self._grant("preview-state", "roles/storage.objectViewer", account, f"projects/_/buckets/{STATE}-")
        self._grant("preview-state-key", "roles/cloudkms.cryptoKeyDecrypter", account, place)

    def _grant(self, part: str, role: str, account: gcp.serviceaccount.Account, below: str = "") -> None:
        """Grant a role in the project, or with `below` only for what is named so from its beginning."""
        only = gcp.projects.IAMMemberConditionArgs(title="state", expression=f'resource.name.startsWith("{below}")')
        gcp.projects.IAMMember(
            self.child(part.replace(".", "-").lower()),
            project=self.spec.account,
            role=role,
            member=account.member,
            condition=only if below else None,
            opts=self.inside(),
        )
