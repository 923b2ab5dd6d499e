"""What each provider accepts as region, zone and account, and the sizes all three have: no SDK checks it before `up`.

Read in the providers' pages on names, sizes, quotas and gateways; none of it was tried in an account.
"""

import re
from dataclasses import dataclass

from infra import regions

CAPACITIES = ("standby", "warm", "full")
TAKEOVER_MODES = ("confirm", "auto")

DATABASE_MEMORY_MIB = (8192, 16384, 32768, 65536)
"""4 GiB a CPU: db.m7g on RDS, db-custom on Cloud SQL, General Purpose (needed for two zones) on Flexible Server."""

DATABASE_STORAGE_GIB = (32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
"""Flexible Server sells only these; RDS and Cloud SQL take any size."""

SERVICE_MEMORY_MIB = (2048, 4096, 8192)
"""2 GiB a CPU, 1 to 4 CPUs: the one ratio that Fargate, Cloud Run and the Container Apps consumption profile share."""

MAX_UPLOAD_MIB = 30
"""Cloud Run refuses HTTP/1 requests over 32 MiB; the form around a picture needs some of that."""

PRIVATE_ASNS = (64512, 65514)
"""Private 16-bit numbers, without 65515 to 65520, which Azure keeps for its own gateways."""

BACKUP_DAYS = (7, 35)
"""Flexible Server keeps backups for 7 to 35 days; RDS for at most 35."""


@dataclass(frozen=True)
class ProviderRules:
    """Which regions one provider has, and how it spells a zone, an account and a repository; examples go into refusals."""

    regions: frozenset[str]
    zone: str
    account: re.Pattern[str]
    account_meaning: str
    repository: str
    repository_example: str

    def zone_pattern(self, region: str) -> re.Pattern[str]:
        letters = regions.GCP_ZONES.get(region, "abc")
        return re.compile(self.zone.replace("REGION", re.escape(region)).replace("LETTERS", letters))

    def repository_pattern(self, region: str, account: str) -> re.Pattern[str]:
        known = self.repository.replace("REGION", re.escape(region)).replace("ACCOUNT", re.escape(account))
        return re.compile(known)


PROVIDERS = {
    "aws": ProviderRules(
        regions=regions.AWS,
        zone=r"REGION[a-f]",
        account=re.compile(r"\d{12}"),
        account_meaning="an AWS account number of 12 digits",
        repository=r"ACCOUNT\.dkr\.ecr\.REGION\.amazonaws\.com/(?=.{2,256}$)[a-z0-9]+([._/-][a-z0-9]+)*",
        repository_example="ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME",
    ),
    "gcp": ProviderRules(
        regions=regions.GCP,
        zone=r"REGION-[LETTERS]",
        account=re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]"),
        account_meaning="a Google Cloud project id of 6 to 30 lower-case letters, digits and hyphens",
        repository=r"REGION-docker\.pkg\.dev/ACCOUNT/[a-z]([a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9]+([._-][a-z0-9]+)*",
        repository_example="REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME",
    ),
    "azure": ProviderRules(
        regions=regions.AZURE,
        zone=r"[123]",
        account=re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        account_meaning="an Azure subscription id (8-4-4-4-12 hexadecimal digits)",
        repository=r"[a-z0-9]{5,50}\.azurecr\.io/[a-z0-9]+([._/-][a-z0-9]+)*",
        repository_example="REGISTRY.azurecr.io/NAME (5 to 50 lower-case letters and digits that all of Azure shares)",
    ),
}
