"""Google Cloud: which product stands for each capability.

network   VPC with one subnet over the region's zones, Cloud NAT with one static address, private services access
link      HA VPN, a tunnel for each end of a peer's gateway, Cloud Router with BGP
registry  Artifact Registry, tags that cannot be moved
database  Cloud SQL for PostgreSQL 17, regional
vault     Secret Manager
media     Cloud Storage, versioned
control   Cloud Storage: `lease` (plain), `ledger` (Bucket Lock)
service   Cloud Run: a service for web, worker pools for worker and agent
edge      application load balancer with Cloud CDN and Cloud Armor; Certificate Manager
watch     Cloud Monitoring alerts, audit logs into a locked bucket
access    Workload Identity Federation for CI and for the peers; nobody has a key
"""

import pulumi_gcp as gcp

from infra.clouds.gcp.access import Access
from infra.clouds.gcp.control import Control
from infra.clouds.gcp.database import Database
from infra.clouds.gcp.edge import Edge
from infra.clouds.gcp.link import Link
from infra.clouds.gcp.media import Media
from infra.clouds.gcp.network import Network
from infra.clouds.gcp.registry import Registry
from infra.clouds.gcp.service import Service
from infra.clouds.gcp.vault import Vault
from infra.clouds.gcp.watch import Watch
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


def provider(spec: SiteSpec) -> gcp.Provider:
    """Return the provider of a site, tied to its project and region, so that nothing lands in another by default."""
    return gcp.Provider("lifeboat", project=spec.account, region=spec.region)
