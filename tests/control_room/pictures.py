"""Pictures of the platform for the tests: three healthy sites, with whatever a test changes about them."""

from dataclasses import replace
from typing import Any

from scripts.control_room.history import History
from scripts.control_room.sight import Sight
from scripts.control_room.sources import OutsideWord, Source, StoreWord
from scripts.control_room.standing import Moment, Standing, stand
from scripts.runbook.lease import LeaseRecord, LeaseSighting, Terms
from scripts.runbook.rule import Rule
from scripts.runbook.status import SiteStatus
from tests.runbook.invented_status import status_of

SITES = ("aws", "gcp", "azure")
TERMS = Terms(duration=15.0, renew_every=5.0, drift=0.01, guard=0.5)
RECORD = LeaseRecord.first("aws", Rule.of("gcp", "azure"), ("gcp", "azure"))
WALL = 1_900_000_001.0


async def nothing() -> None:
    """Stand for a source that no test asks."""


SOURCES = tuple(
    Source(key, title, 1, 1, nothing)
    for key, title in (
        ("register", "the register"),
        *((f"store-{site}", f"the control store of {site}") for site in SITES),
        *((f"ledger-{site}", f"the journals kept at {site}") for site in SITES),
        ("outside", "the app's own address"),
        ("readiness", "readiness"),
    )
)


def healthy(**statuses: SiteStatus) -> dict[str, Sight[Any]]:
    """Return what every source gives when all is well, at second 100 of the room's clock."""
    words = {site: statuses.get(site, in_step(site)) for site in SITES}
    return {
        "register": Sight().heard(LeaseSighting(RECORD, True), 100.0),
        **{f"store-{site}": Sight().heard(StoreWord(words), 100.0) for site in SITES},
        **{f"ledger-{site}": Sight().heard({}, 100.0) for site in SITES},
        "outside": Sight().heard(OutsideWord("aws", True, "primary"), 100.0),
        "readiness": Sight().heard([], 100.0),
    }


def in_step(site: str, **changes: Any) -> SiteStatus:
    """Return a site's word with both standbys at the end of the primary's log."""
    return status_of(site, **{"applied": 0 if site == "aws" else 9_000, **changes})


def picture(sights: dict[str, Sight[Any]], history: History | None = None, now: float = 100.5) -> Standing:
    """Draw what the sights show at a moment of the room's clock."""
    known = history or History()
    known.learn(sights, now)
    return stand(SITES, SOURCES, sights, known, TERMS, Moment(now, WALL + now - 100.5))


def held(**changes: Any) -> Sight[Any]:
    """Return the register's sight with another record."""
    return Sight().heard(LeaseSighting(replace(RECORD, **changes), True), 100.0)
