"""Azure: which product stands for each capability.

network   resource group, virtual network with delegated subnets, NAT gateway with one public address, flow log, vault
link      VPN gateway in both zones (active-active), a connection for each tunnel, BGP over addresses of our choice
registry  Container Registry
database  Database for PostgreSQL 17, Flexible Server in the virtual network, zone-redundant
vault     Key Vault (the vault itself comes with the network: it holds the encryption keys too)
media     Blob Storage, versioned
control   Blob Storage: `lease` (plain), `ledger` (versions that cannot be removed), an account each
service   Container Apps in an environment without a public address
edge      Front Door Premium with its firewall, by private link; a certificate from the vault
watch     Azure Monitor alerts, activity log into an account that nobody can empty
access    identities with federated credentials for CI and for the peers; nobody has a key
"""

import pulumi_azure_native as azure

from infra.clouds.azure.access import Access
from infra.clouds.azure.control import Control
from infra.clouds.azure.database import Database
from infra.clouds.azure.edge import Edge
from infra.clouds.azure.link import Link
from infra.clouds.azure.media import Media
from infra.clouds.azure.network import Network
from infra.clouds.azure.registry import Registry
from infra.clouds.azure.service import Service
from infra.clouds.azure.vault import Vault
from infra.clouds.azure.watch import Watch
from infra.spec import SiteSpec

__all__ = [
    "Access",
    "Control",
    "Database",
    "Edge",
    "Link",
    "Media",
    "Network",
    "Registry",
    "Service",
    "Vault",
    "Watch",
    "provider",
]


def provider(spec: SiteSpec) -> azure.Provider:
    """Return the provider of a site, tied to its region and subscription, so that wrong credentials change nothing."""
    return azure.Provider("lifeboat", location=spec.region, subscription_id=spec.account)
