"""Pure: from what is known to what will be done, or to a refusal with the numbers in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from scripts.runbook.errors import (
    AlreadyPrimary,
    DataMayBeLost,
    MoveUnderWay,
    NobodyFollows,
    RegisterUnreachable,
    SiteSilent,
)
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.rule import Rule
from scripts.runbook.status import SiteStatus

# A site writes its status each second; one that has been silent for this long is not counted on.
SILENT_AFTER_SECONDS = 5.0


@dataclass(frozen=True)
class Facts:
    """What a preflight found: the register's record, each site's last word and its age, and who answers right now.

    `ages`: seconds since each site's status was written. `database_answers`: whether the candidate's database does.
    """

    record: LeaseRecord | None
    statuses: Mapping[str, SiteStatus]
    ages: Mapping[str, float]
    database_answers: bool

    def answers(self, site: str) -> bool:
        return site in self.statuses and self.ages[site] <= SILENT_AFTER_SECONDS


@dataclass(frozen=True)
class FailoverPlan:
    """One failover, decided: from whom, to whom, under which epoch and rule, and who will follow.

    `hears`: the standbys besides the candidate whose position is asked for. `at_risk_bytes`: how much of the old
    primary's log may hold acknowledged writes that no site heard here has; 0 unless a person accepted more.
    """

    old: str
    new: str
    from_epoch: int
    rule: Rule
    hears: tuple[str, ...]
    followers: tuple[str, ...]
    at_risk_bytes: int
    evidence: tuple[str, ...]

    @property
    def epoch(self) -> int:
        return self.from_epoch + 1


def plan_failover(
    facts: Facts, to: str, sites: tuple[str, ...], *, single_copy: bool = False, accept_data_loss: int | None = None
) -> FailoverPlan:
    """Decide a failover to `to`.

    Raises RegisterUnreachable, AlreadyPrimary, MoveUnderWay, SiteSilent, DataMayBeLost (with the number that --accept-data-loss
    must state) or NobodyFollows (for which --single-copy is the only way round).
    """
    record = facts.record
    if record is None:
        raise RegisterUnreachable(sites)
    if record.holder == to and record.state == "held":
        raise AlreadyPrimary(to, record.epoch)
    if record.state == "switching" and facts.answers(record.holder):
        raise MoveUnderWay(record.holder, record.epoch, record.runbook_id)
    if not facts.database_answers:
        raise SiteSilent(to, "its database does not answer")
    if not facts.answers(to):
        raise SiteSilent(to, f"its agent has said nothing for {_age(facts, to)}")
    others = tuple(site for site in sites if site not in (to, record.holder))
    heard = tuple(site for site in others if facts.answers(site))
    at_risk = _bytes_at_risk(facts, record, to, heard)
    if at_risk and accept_data_loss != at_risk:
        raise DataMayBeLost(at_risk, _unheard(facts, record, to, heard))
    followers = () if single_copy else heard
    if not followers and not single_copy:
        raise NobodyFollows(to, others)
    return FailoverPlan(
        record.holder,
        to,
        record.epoch,
        new_rule(followers),
        heard,
        followers,
        at_risk,
        _evidence(facts, record, to, heard),
    )


def plan_to_resume(facts: Facts, to: str) -> tuple[FailoverPlan, str] | None:
    """Return the plan and the name of a failover to `to` that won its epoch and did not end, or None.

    What it decided is in the register: the rule names the followers, the previous rule whom it has to hear.
    """
    record = facts.record
    if (
        record is None
        or record.holder != to
        or record.state != "switching"
        or record.runbook_id is None
        or record.previous_rule is None
    ):
        return None
    hears = tuple(site for site in record.previous_rule.sites if site != to and facts.answers(site))
    old = facts.statuses[to].following or next(
        site for site in facts.statuses if site != to and site not in record.previous_rule.sites
    )
    evidence = (f"{to} won epoch {record.epoch} by {record.runbook_id}, which did not end",)
    plan = FailoverPlan(old, to, record.epoch - 1, record.rule, hears, record.rule.sites, 0, evidence)
    return plan, record.runbook_id


def new_rule(followers: tuple[str, ...]) -> Rule:
    """Return the rule a new primary starts with: any one of those who follow it, or the single copy a person chose."""
    return Rule.of(*followers) if followers else Rule.single_copy()


def _unheard(facts: Facts, record: LeaseRecord, to: str, heard: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sites whose confirmation may have counted for an acknowledgement and who do not answer now."""
    refusal = record.rule_to_hear().promotable({to, *heard})
    return refusal.silent if refusal else ()


def _bytes_at_risk(facts: Facts, record: LeaseRecord, to: str, heard: tuple[str, ...]) -> int:
    """Return 0 when every acknowledging set meets the sites heard; else how far the unheard were ahead, at least 1."""
    if record.rule_to_hear().promotable({to, *heard}) is None:
        return 0
    best = max(facts.statuses[site].applied for site in (to, *heard))
    silent = [facts.statuses[site] for site in _unheard(facts, record, to, heard) if site in facts.statuses]
    old = facts.statuses.get(record.holder)
    ends = [status.applied for status in silent] + ([old.log] if old else [])
    return max(max(ends, default=0) - best, 1)


def _evidence(facts: Facts, record: LeaseRecord, to: str, heard: tuple[str, ...]) -> tuple[str, ...]:
    lines = [f"{record.holder} holds epoch {record.epoch}, {_liveness(facts, record.holder)}"]
    for site in (to, *heard):
        lines.append(f"{site} has applied {facts.statuses[site].applied:,} bytes of its log, {_liveness(facts, site)}")
    return tuple(lines)


def _liveness(facts: Facts, site: str) -> str:
    return f"last heard {_age(facts, site)} ago"


def _age(facts: Facts, site: str) -> str:
    return f"{facts.ages[site]:.1f} s" if site in facts.ages else "longer than anybody remembers"
