"""Pure: how a site that does not follow gets back behind the primary, from what both say of themselves."""

from dataclasses import dataclass
from typing import Any

from scripts.runbook.errors import CopyNeeded, MoveUnderWay, NothingToReturn, RegisterUnreachable, SiteSilent
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.plan import Facts
from scripts.runbook.same_tables import must_not_migrate, must_stand_alike
from scripts.runbook.signing import Body
from scripts.runbook.status import SiteStatus, SlotStatus


@dataclass(frozen=True)
class ReturnPlan:
    """One site's way back behind the primary.

    copy: everything is read anew, because of `reason`; otherwise it gives up what it alone has, and goes on from its
    slot. `old`: the site that the primary took over from, which is `site` itself or the one that it followed.
    `position`: how far the primary had that one's log. `alone_bytes`: how much log this site has beyond that.
    `copy_bytes`: what a copy would read. Both are evidence: they change from one look to the next.
    """

    site: str
    primary: str
    epoch: int
    copy: bool
    reason: str
    old: str
    position: int
    alone_bytes: int
    copy_bytes: int
    lines: tuple[str, ...]
    resumes: str | None = None

    @property
    def was_primary(self) -> bool:
        return self.old == self.site

    @property
    def copy_size(self) -> str:
        return f"{self.copy_bytes / 2**20:,.1f} MiB"

    def to_body(self) -> Body:
        evidence = {"lines": list(self.lines), "alone_bytes": self.alone_bytes, "copy_bytes": self.copy_bytes}
        decided = {name: part for name, part in vars(self).items() if name not in evidence}
        return {**decided, "evidence": evidence}

    @classmethod
    def from_body(cls, body: Body) -> "ReturnPlan":
        parts: dict[str, Any] = {**body, **body["evidence"], "lines": tuple(body["evidence"]["lines"])}
        del parts["evidence"]
        return cls(**parts)

    def rows(self) -> dict[str, object]:
        alone = f"at most {self.alone_bytes:,} bytes of log" if self.alone_bytes else "nothing"
        how = {"how": "from its slot, without a copy; what it alone has is reported first, row by row"}
        if self.copy:
            how = {"how": f"a full copy of {self.copy_size}", "because": self.reason}
            alone += "; it is removed without a report"
        return {
            "site": self.site,
            "follows then": f"{self.primary} (epoch {self.epoch})",
            **how,
            "it alone has": alone,
            **{f"evidence {number}": line for number, line in enumerate(self.lines, 1)},
        }


def plan_return(facts: Facts, site: str, sites: tuple[str, ...], *, copy: bool = False) -> ReturnPlan:
    """Decide how a site gets back. `copy`: a person allows a full copy where nothing less will do, or wants one.

    Raises RegisterUnreachable, NothingToReturn, MoveUnderWay, SiteSilent or CopyNeeded with the reason and the size.
    """
    record = _settled(facts, site, sites)
    must_not_migrate(record)
    here, primary = _heard(facts, site), _heard(facts, record.holder)
    must_stand_alike(here, primary)
    if _follows(here, primary, record) and not (copy and here.health and here.health.trouble):
        raise NothingToReturn(f"{site} follows {record.holder} already; there is nothing to do.")
    reason = _why_copy(here, primary) or ("it was asked for" if copy else "")
    if reason and not copy:
        raise CopyNeeded(site, reason, f"{primary.table_bytes / 2**20:,.1f} MiB")
    old, position = (primary.took_over.site, primary.took_over.position) if primary.took_over else (record.holder, 0)
    came = here.log if old == site else here.applied
    alone = max(came - position, 0)
    lines = (
        f"{record.holder} holds epoch {record.epoch}, last heard {facts.ages[record.holder]:.1f} s ago",
        f"{record.holder} took over from {old} at {position:,} bytes of its log; {site} has come to {came:,}",
    )
    return ReturnPlan(site, record.holder, record.epoch, copy, reason, old, position, alone, primary.table_bytes, lines)


def astray(facts: Facts, sites: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sites that answer and do not follow the primary."""
    record = facts.record
    if record is None:
        raise RegisterUnreachable(sites)
    return tuple(
        site for site in sites
        if site != record.holder and facts.answers(site)
        and not _follows(facts.statuses[site], _heard(facts, record.holder), record)
    )  # fmt: skip


def _follows(here: SiteStatus, primary: SiteStatus, record: LeaseRecord) -> bool:
    """Say whether a site follows the primary, from a slot that the primary still holds, and lacks nothing it confirmed."""
    if here.health and here.health.went_back:
        return False
    slot = primary.slots.get(here.site)
    return (here.following, here.following_epoch) == (record.holder, record.epoch) and not _is_lost(slot)


def _is_lost(slot: SlotStatus | None) -> bool:
    return slot is None or slot.wal_status == "lost"


def _settled(facts: Facts, site: str, sites: tuple[str, ...]) -> LeaseRecord:
    record = facts.record
    if record is None:
        raise RegisterUnreachable(sites)
    if record.holder == site:
        raise NothingToReturn(f"{site} holds the lease of epoch {record.epoch}: a primary follows nobody.")
    if record.state != "held":
        raise MoveUnderWay(record.candidate or record.holder, record.epoch, record.runbook_id)
    return record


def _heard(facts: Facts, site: str) -> SiteStatus:
    if not facts.answers(site):
        age = f"{facts.ages[site]:.1f} s" if site in facts.ages else "longer than anybody remembers"
        raise SiteSilent(site, f"its agent has said nothing for {age}")
    return facts.statuses[site]


def _why_copy(here: SiteStatus, primary: SiteStatus) -> str:
    """Return why only a copy will do, or nothing."""
    if here.health and here.health.went_back:
        return f"{here.site} says that {here.health.went_back}"
    took = primary.took_over
    if took is None or took.site not in (here.site, here.following):
        with_whom = f"from {took.site}" if took else "from nobody"
        follower = f"followed {here.following}" if here.following else "follows nobody"
        return f"{primary.site} took over {with_whom}, and {here.site} {follower}: they share no history since then"
    for reader, holder in ((here.site, primary), (primary.site, here)):
        slot = holder.slots.get(reader)
        if _is_lost(slot):
            return f"the slot for {reader} on {holder.site} is {'lost' if slot else 'not there'}"
    return ""
