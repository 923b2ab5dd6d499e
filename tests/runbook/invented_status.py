"""What three healthy sites say of themselves, for the tests that change one thing about it."""

from typing import Any

from scripts.runbook.status import SiteStatus, SlotStatus

LOG = {"aws": 9_000, "gcp": 5_200, "azure": 5_100}
APPLIED = {"aws": 0, "gcp": 8_000, "azure": 8_600}


def status_of(site: str, **changes: Any) -> SiteStatus:
    """Return a site's word under epoch 1: aws is primary, gcp has applied 8,000 bytes of its log, azure 8,600."""
    primary = site == "aws"
    parts: dict[str, Any] = {
        "site": site, "started": "2030-01-01T00:00:00+00:00-abc", "sequence": 7, "at": 1_900_000_000.5, "epoch": 1,
        "holder": "aws", "role": "primary" if primary else "standby", "writable": primary, "applying": not primary,
        "following": None if primary else "aws", "following_epoch": 0 if primary else 1, "applied": APPLIED[site],
        "log": LOG[site], "database_host": "127.0.0.1", "database_port": 5432, "prepared": (),
        "slots": {"azure": SlotStatus(True, 8_600, 512, "reserved")},
    }  # fmt: skip
    return SiteStatus(**{**parts, **changes})
