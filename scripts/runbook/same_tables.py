"""Pure: whether the sites of a move have the same tables, and nobody is changing them meanwhile."""

from scripts.runbook.errors import MigrationUnderWay, NotMigrated, OtherTables
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.plans import Facts
from scripts.runbook.status import SiteStatus


def must_not_migrate(record: LeaseRecord) -> None:
    """Raise MigrationUnderWay while the tables of all sites are being changed."""
    if record.migration:
        raise MigrationUnderWay(record.holder, record.migration)


def must_stand_alike(here: SiteStatus, primary: SiteStatus) -> None:
    """Raise NotMigrated for a site that has other revisions than the primary: it could not apply what comes."""
    if here.health and primary.health and here.health.revision != primary.health.revision:
        raise NotMigrated(here.site, here.health.revision, primary.site, primary.health.revision)


def must_have_the_tables(facts: Facts, to: str, primary: str, *, in_haste: bool = False) -> None:
    """Raise OtherTables for a candidate whose tables are not those of the primary.

    In haste, only while another standby has them: where none has, the platform goes on with what there is, and the plan says so.
    """
    if not (found := difference(facts, to, primary)):
        return
    better = tuple(
        site for site in facts.statuses
        if site not in (to, primary) and facts.follows(site, primary) and not difference(facts, site, primary)
    )  # fmt: skip
    if better or not in_haste:
        raise OtherTables(to, primary, found, better)


def difference(facts: Facts, site: str, primary: str) -> str:
    """Return how a site's tables differ from the primary's by their last words; nothing where one of them did not measure."""
    here, there = (facts.statuses[each].health if each in facts.statuses else None for each in (site, primary))
    if here is None or there is None:
        return ""
    if here.revision != there.revision:
        return f"revision {here.revision or 'none'}, not {there.revision or 'none'}"
    if here.schema != there.schema:
        return f"other columns or keys: {here.schema[:8]}, not {there.schema[:8]}"
    return ""
