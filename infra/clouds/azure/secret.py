"""One secret in Key Vault, by neutral name, and the vault itself, which holds the encryption keys too."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_azure_native as azure
from pulumi import Input, Output

from infra.capability import Capability
from infra.clouds.azure.place import Place, keep_logs


@dataclass(frozen=True)
class SiteVault:
    """The vault of a site and where it lies."""

    vault: azure.keyvault.Vault
    place: Place

    @property
    def url(self) -> Output[str]:
        return Output.format("https://{0}.vault.azure.net/", self.vault.name)

    def url_of(self, secret: azure.keyvault.Secret) -> Output[str]:
        """Return where a secret's newest version is read; the address itself is no secret."""
        return Output.format("{0}secrets/{1}", self.url, secret.name)


def site_vault(owner: Capability, place: Place, tenant: Input[str], subnets: Sequence[Input[str]]) -> SiteVault:
    """Make the vault: opened by roles alone, from some subnets alone, and not to be emptied for 90 days.

    Purge protection cannot be undone, and a deleted vault's name stays taken for those 90 days.
    """
    vault = azure.keyvault.Vault(
        owner.child("vault"),
        vault_name=Output.format("lifeboat-{0}", place.ending),
        resource_group_name=place.group.name,
        properties=azure.keyvault.VaultPropertiesArgs(
            sku=azure.keyvault.SkuArgs(family="A", name=azure.keyvault.SkuName.STANDARD),
            tenant_id=tenant,
            enable_rbac_authorization=True,
            enable_soft_delete=True,
            soft_delete_retention_in_days=90,
            enable_purge_protection=True,
            network_acls=_reached_from(subnets),
        ),
        tags=owner.tags,
        opts=owner.guarded(),
    )
    keep_logs(owner, "vault", vault.id, place)
    return SiteVault(vault, place)


def _reached_from(subnets: Sequence[Input[str]]) -> azure.keyvault.NetworkRuleSetArgs:
    """Storage and the database fetch their keys as services that Azure trusts; a deploy goes through its manager."""
    return azure.keyvault.NetworkRuleSetArgs(
        default_action="Deny",
        bypass="AzureServices",
        virtual_network_rules=[azure.keyvault.VirtualNetworkRuleArgs(id=subnet) for subnet in subnets],
    )


def keep(owner: Capability, name: str, value: Output[str], vault: SiteVault) -> azure.keyvault.Secret:
    """Keep a secret under its neutral name (`[a-z0-9-]{1,100}`); a deleted one can be had back for 90 days."""
    return azure.keyvault.Secret(
        name,
        secret_name=name,
        vault_name=vault.vault.name,
        resource_group_name=vault.place.group.name,
        properties=azure.keyvault.SecretPropertiesArgs(value=Output.secret(value)),
        tags=owner.tags,
        opts=owner.inside(),
    )
