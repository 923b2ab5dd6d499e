"""AWS: which product stands for each capability.

network   VPC over two zones, NAT gateway with one Elastic IP, flow logs
link      virtual private gateway, a site-to-site VPN connection for each end of a peer's gateway, BGP
registry  ECR, tags that cannot be moved
database  RDS for PostgreSQL 17, Multi-AZ
vault     Secrets Manager
media     S3, versioned
control   S3: `lease` (conditional writes only), `ledger` (Object Lock)
service   ECS on Fargate behind an internal load balancer
edge      CloudFront with AWS WAF, by its own way into the network; ACM
watch     CloudWatch alarms, CloudTrail into a locked bucket
access    IAM roles for CI and for the peers, for tokens of their own providers; nobody has a key
"""

import pulumi_aws as aws

from infra.clouds.aws.access import Access
from infra.clouds.aws.control import Control
from infra.clouds.aws.database import Database
from infra.clouds.aws.edge import Edge
from infra.clouds.aws.link import Link
from infra.clouds.aws.media import Media
from infra.clouds.aws.network import Network
from infra.clouds.aws.registry import Registry
from infra.clouds.aws.service import Service
from infra.clouds.aws.vault import Vault
from infra.clouds.aws.watch import Watch
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


def provider(spec: SiteSpec) -> aws.Provider:
    """Return the provider of a site, tied to its region and account, so that wrong credentials change nothing."""
    return aws.Provider("lifeboat", region=spec.region, allowed_account_ids=[spec.account])
