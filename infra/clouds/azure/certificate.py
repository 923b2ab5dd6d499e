"""The certificate for the app's name: from the vault, where ACME by DNS-01 puts it and renews it while the site waits.

Front Door's own certificates renew only while the name points at Front Door, which a standby's never does.
"""

import pulumi_azure_native as azure
from pulumi import Output

from infra.capability import Capability
from infra.clouds.azure.roles import SECRET_READER, allow, built_in, own_role
from infra.clouds.azure.secret import SiteVault
from infra.spec import SiteSpec

CERTIFICATE = "lifeboat-certificate"
"""The vault's certificate object. RSA, its common name the app's: Front Door then takes the name as proved."""

_CERTIFICATES = "Microsoft.KeyVault/vaults/certificates"
"""Data actions: learn.microsoft.com/azure/role-based-access-control/permissions/security, Microsoft.KeyVault."""


def custom_domain(
    owner: Capability,
    profile: azure.cdn.Profile,
    vault: SiteVault,
    reader: azure.managedidentity.UserAssignedIdentity,
) -> azure.cdn.AFDCustomDomain:
    """Make the edge answer to the app's name with the newest version of the vault's certificate, which must be there."""
    secret = azure.cdn.Secret(
        owner.child("certificate"),
        profile_name=profile.name,
        resource_group_name=vault.place.group.name,
        parameters=azure.cdn.CustomerCertificateParametersArgs(
            type="CustomerCertificate",
            secret_source=azure.cdn.ResourceReferenceArgs(id=_where(vault)),
            use_latest_version=True,
        ),
        opts=owner.inside(depends_on=[_let_read(owner, vault, reader)]),
    )
    return azure.cdn.AFDCustomDomain(
        owner.child("name"),
        profile_name=profile.name,
        resource_group_name=vault.place.group.name,
        host_name=owner.spec.hostname,
        tls_settings=azure.cdn.AFDDomainHttpsParametersArgs(
            certificate_type=azure.cdn.AfdCertificateType.CUSTOMER_CERTIFICATE,
            minimum_tls_version=azure.cdn.AfdMinimumTlsVersion.TLS12,
            secret=azure.cdn.ResourceReferenceArgs(id=secret.id),
        ),
        opts=owner.guarded(),
    )


def let_renew(
    owner: Capability, vault: SiteVault, agent: azure.managedidentity.UserAssignedIdentity
) -> azure.authorization.RoleAssignment:
    """Let the agent see this one certificate and put a newer one in its place, and touch nothing else of the vault."""
    actions = [f"{_CERTIFICATES}/read", f"{_CERTIFICATES}/import/action"]
    role = own_role(owner, "renewer", "See and import the edge's certificate", actions, vault.place)
    scope = Output.format("{0}/certificates/{1}", vault.vault.id, CERTIFICATE)
    return allow(owner, "agent-certificate", agent, role, scope)


def told_to_agent(spec: SiteSpec, vault: SiteVault) -> dict[str, Output[str]]:
    """Return what the agent must know to renew it: AWS and Google renew theirs without being asked."""
    return {
        "CERTIFICATE_VAULT": vault.url,
        "ACME_DIRECTORY": Output.from_input(spec.agent.acme_directory),
        "ACME_CONTACT": Output.from_input(spec.alarm_email),
    }


def _where(vault: SiteVault) -> Output[str]:
    return Output.format("{0}/secrets/{1}", vault.vault.id, CERTIFICATE)


def _let_read(
    owner: Capability, vault: SiteVault, reader: azure.managedidentity.UserAssignedIdentity
) -> azure.authorization.RoleAssignment:
    return allow(owner, "certificate", reader, built_in(owner, SECRET_READER), _where(vault))
