"""Who may enter a site without a stored key: CI, and the processes of the other two sites. Imports no Pulumi.

Each tells who it is by a token that its own provider signs for it; the site that is entered knows the issuer and the
subject and nothing else, so there is no key to steal, to rotate, or to take back: a subject is struck off.
"""

from collections.abc import Mapping

from infra.spec import SiteSpec

CI_ISSUER = "https://token.actions.githubusercontent.com"
CI_ROLES = ("preview", "deploy")
"""`preview` reads what `pulumi preview` needs, and nothing of any user; `deploy` changes the site."""

STATE = "lifeboat-state"
"""How the state's own bucket (`lifeboat-state-...`), key and group are called; they are made by hand, before the stack."""

ENTRANTS: Mapping[str, tuple[str, ...]] = {"app": ("web", "worker"), "agent": ("agent",)}
"""The two ways into another site, and which processes take each: pictures alone, or the control stores too."""

AZURE_TOKENS = "api://AzureADTokenExchange"
AZURE_AUDIENCE = "fb60f99c-7a34-4190-8149-302f77469936"
"""What Azure's directory asks to be called by others, and what its own tokens for others then say (never tried)."""


def ci_subject(spec: SiteSpec, role: str) -> str:
    """Return whom CI's tokens name: one repository, and one environment, in which a person approves what runs.

    Form: GitHub's documentation, "OpenID Connect reference", subject of a job with an environment.
    """
    environment = spec.site if role == "deploy" else f"{spec.site}-{role}"
    return f"repo:{spec.ci_repository}:environment:{environment}"


def audience(entrant: str, entered: str) -> str:
    """Return for whom a site's token is made out, so that one site cannot use it to enter the third."""
    if entrant == "azure":
        return AZURE_AUDIENCE
    return AZURE_TOKENS if entered == "azure" else f"lifeboat-{entered}"


def writable(peer: str) -> tuple[str, ...]:
    """Return what a peer's agent may write in this site's lease store: the register, the requests, its own status."""
    return ("lease/", "requests/", f"status/{peer}.json")
