"""Where one site stands and under which name: region, zones, account, registry, hostname. Imports no Pulumi."""

import re
from typing import Any

from infra import rules
from infra.settings import Settings

_HOSTNAME = re.compile(r"(?=.{6,64}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.){2,}[a-z]{2,}")


def read_hostname(settings: Settings) -> str:
    """The app's name; ACM takes 64 characters (docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html)."""
    return settings.text(
        "hostname",
        _HOSTNAME,
        "a lower-case name of up to 64 characters (a certificate's common name) below your domain, such as www.example.org"
        " (an apex cannot be a CNAME)",
    )


def read_retention(settings: Settings, cloud: str) -> bool:
    """Whether nobody can shorten the retention of ledger and audit log: Azure alone makes it open and locks it later.

    learn.microsoft.com/azure/storage/blobs/immutable-time-based-retention-policy-overview.
    """
    locked = settings.choice("retention_locked", ("true", "false"))
    if locked == "false" and cloud in rules.PROVIDERS and cloud != "azure":
        settings.blame("retention_locked", f"is false; {cloud} locks as it makes the stores, so it must be true.")
    return locked == "true"


def read_place(settings: Settings, cloud: str) -> dict[str, Any]:
    found = rules.PROVIDERS.get(cloud)
    zones = tuple(str(zone) for zone in settings.list("zones"))
    if found is None:
        return {"region": "", "account": "", "zones": zones}
    region = settings.known("region", found.regions, f"region of {cloud}", "infra/regions.py")
    account = settings.text("account", found.account, found.account_meaning)
    if region in found.regions and not _are_two_zones(zones, found.zone_pattern(region)):
        settings.blame("zones", f"is {list(zones)}; it must name two different zones of {region}.")
    return {"region": region, "account": account, "zones": zones}


def _are_two_zones(zones: tuple[str, ...], pattern: re.Pattern[str]) -> bool:
    return len(zones) == len(set(zones)) == 2 and all(map(pattern.fullmatch, zones))


def read_repository(settings: Settings, cloud: str) -> str:
    """The registry of the site's own account and region: the description makes it under exactly this name."""
    found = rules.PROVIDERS.get(cloud)
    if found is None:
        return ""
    region, account = (settings.values.get(key, "") for key in ("region", "account"))
    if not (region in found.regions and found.account.fullmatch(account)):
        return ""  # blamed already; the repository follows from them
    return settings.text(
        "repository",
        found.repository_pattern(region, account),
        f"this site's own, without a tag: {found.repository_example}",
    )
