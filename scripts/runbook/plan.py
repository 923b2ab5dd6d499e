"""Pure: from what is known to what will be done, or to a refusal with the numbers in it."""

from scripts.runbook.errors import (
    AlreadyPrimary,
    DataMayBeLost,
    MoveUnderWay,
    NobodyFollows,
    PrimarySilent,
    PrimaryWentBack,
    RegisterUnreachable,
    SiteSilent,
)
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.plans import SILENT_AFTER_SECONDS, Facts, FailoverPlan, Plan
from scripts.runbook.rule import Rule
from scripts.runbook.same_tables import difference, must_have_the_tables, must_not_migrate

__all__ = [
    "SILENT_AFTER_SECONDS",
    "Facts",
    "FailoverPlan",
    "Plan",
    "new_rule",
    "plan_failover",
    "plan_switchover",
    "plan_to_resume",
]  # fmt: skip


def plan_failover(
    facts: Facts, to: str, sites: tuple[str, ...], *, single_copy: bool = False, accept_data_loss: int | None = None
) -> FailoverPlan:
    """Decide a failover to `to`.

    Raises RegisterUnreachable, AlreadyPrimary, MoveUnderWay, SiteSilent, OtherTables, DataMayBeLost (with the number that
    --accept-data-loss must state) or NobodyFollows (for which --single-copy is the only way round).
    """
    record = facts.record
    if record is None:
        raise RegisterUnreachable(sites)
    if record.holder == to and record.state == "held":
        raise AlreadyPrimary(to, record.epoch)
    if record.state == "switching" and facts.answers(record.holder):
        raise MoveUnderWay(record.holder, record.epoch, record.runbook_id, record.approved_by)
    if facts.answers(record.holder):
        must_not_migrate(record)
    _must_answer(facts, to)
    old = _followed(facts, record, to)
    if not record.migration:
        must_have_the_tables(facts, to, old, in_haste=True)
    others = tuple(site for site in sites if site not in (to, record.holder, old))
    heard = tuple(site for site in others if facts.follows(site, old))
    at_risk = _accepted_loss(facts, record.rule_to_hear(), record.holder, to, heard, accept_data_loss)
    followers = () if single_copy else heard
    if not followers and not single_copy:
        raise NobodyFollows(to, others or tuple(site for site in sites if site != to))
    return FailoverPlan(
        old,
        to,
        record.epoch,
        new_rule(followers),
        heard,
        followers,
        at_risk,
        _evidence(facts, record, to, heard),
        over_migration=record.migration,
    )


def plan_switchover(facts: Facts, to: str, sites: tuple[str, ...]) -> FailoverPlan:
    """Decide a planned move to `to`: nothing can be lost, and the old primary follows the new one.

    Raises RegisterUnreachable, AlreadyPrimary, MoveUnderWay, PrimarySilent, PrimaryWentBack, SiteSilent or OtherTables.
    """
    record = facts.record
    if record is None:
        raise RegisterUnreachable(sites)
    if record.holder == to and record.state != "released":
        raise AlreadyPrimary(to, record.epoch)
    if record.state == "switching":
        raise MoveUnderWay(record.holder, record.epoch, record.runbook_id, record.approved_by)
    if record.state == "released" and record.candidate != to:
        raise MoveUnderWay(record.candidate or record.holder, record.epoch + 1, None)
    if not facts.answers(record.holder):
        raise PrimarySilent(record.holder, to)
    if went_back := facts.went_back(record.holder):
        raise PrimaryWentBack(record.holder, went_back, to)
    must_not_migrate(record)
    _must_answer(facts, to)
    old = _followed(facts, record, to)
    must_have_the_tables(facts, to, old)
    others = tuple(site for site in sites if site not in (to, old))
    heard = tuple(site for site in others if facts.follows(site, old))
    followers = (*heard, old)
    return FailoverPlan(
        old, to, record.epoch, new_rule(followers), heard, followers, 0, _evidence(facts, record, to, heard)
    )


def plan_to_resume(facts: Facts, to: str, accept_data_loss: int | None = None) -> FailoverPlan | None:
    """Return the plan of a failover to `to` that won its epoch and did not end, or None.

    What it decided is in the register: the rule names the followers, the previous rule whom it has to hear.
    Raises SiteSilent when `to` itself fell silent, and DataMayBeLost when a site fell silent that it had to hear.
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
    _must_answer(facts, to)
    followers, old = record.rule.sites, facts.statuses[to].following
    # Once it follows nobody it is promoted, and has taken what there was to take.
    asked = record.previous_rule.sites if old else ()
    heard = tuple(site for site in asked if site != to and facts.stands_by(site))
    at_risk = _accepted_loss(facts, record.previous_rule, old, to, heard, accept_data_loss) if old else 0
    evidence = (f"{to} won epoch {record.epoch} by {record.runbook_id}, which did not end",)
    hears = tuple(dict.fromkeys((*heard, *followers)))
    old = old or _primary_before(facts, record, to)
    return FailoverPlan(
        old, to, record.epoch - 1, record.rule, hears, followers, at_risk, evidence, resumes=record.runbook_id
    )


def new_rule(followers: tuple[str, ...]) -> Rule:
    """Return the rule a new primary starts with: any one of those who follow it, or the single copy a person chose."""
    return Rule.of(*followers) if followers else Rule.single_copy()


def _must_answer(facts: Facts, to: str) -> None:
    if not facts.answers(to):
        raise SiteSilent(to, f"its agent has said nothing for {_age(facts, to)}")
    if went_back := facts.went_back(to):
        raise SiteSilent(to, went_back)


def _followed(facts: Facts, record: LeaseRecord, to: str) -> str:
    """Return the primary whose log `to` has been applying: the holder, or who was before one that died on its way."""
    followed = facts.statuses[to].following
    if followed is None or (record.state != "switching" and followed != record.holder):
        raise SiteSilent(to, f"it follows {followed or 'nobody'}, and {record.holder} holds the lease")
    return followed


def _primary_before(facts: Facts, record: LeaseRecord, to: str) -> str:
    """Return who was primary before a site that is promoted already: by its last word, else outside its own rule."""
    held_before = [
        site for site, said in facts.statuses.items() if said.role == "primary" and said.epoch == record.epoch - 1
    ]
    heard_by = record.previous_rule.sites if record.previous_rule else ()
    outside_rule = [site for site in facts.statuses if site not in (to, *heard_by)]
    if not (found := held_before + outside_rule):
        raise SiteSilent(to, f"nobody remembers who was primary before epoch {record.epoch}")
    return found[0]


def _accepted_loss(facts: Facts, rule: Rule, holder: str, to: str, heard: tuple[str, ...], accepted: int | None) -> int:
    """Return how many bytes may be lost, which is 0 or what a person accepted. Raises DataMayBeLost for another number."""
    refusal = rule.promotable({to, *heard})
    if refusal is None:
        return 0
    at_risk = _bytes_at_risk(facts, to, heard)
    if accepted != at_risk:
        # Nobody's confirmation counted where the holder acknowledged alone: only it can have what is missing.
        if gone_back := tuple(site for site in refusal.silent if facts.went_back(site)):
            why = "went back to an earlier state of its database and may have been the only one that held"
            raise DataMayBeLost(at_risk, gone_back, why)
        raise DataMayBeLost(at_risk, refusal.silent or (holder,))
    return at_risk


def _bytes_at_risk(facts: Facts, to: str, heard: tuple[str, ...]) -> int:
    """Return how far anybody's last word was ahead of the sites heard, at least 1.

    Only positions in the one log that `to` has been applying can be compared: its followers', and its own end.
    """
    primary = facts.statuses[to].following
    best = max(facts.statuses[site].applied for site in (to, *heard) if facts.statuses[site].following == primary)
    ends = [said.log if site == primary else said.applied for site, said in facts.statuses.items()
            if primary in (site, said.following)]  # fmt: skip
    return max(max(ends) - best, 1)


def _evidence(facts: Facts, record: LeaseRecord, to: str, heard: tuple[str, ...]) -> tuple[str, ...]:
    lines = [f"{record.holder} holds epoch {record.epoch}, {_liveness(facts, record.holder)}"]
    for site in (to, *heard):
        lines.append(f"{site} has applied {facts.statuses[site].applied:,} bytes of its log, {_liveness(facts, site)}")
    if others := difference(facts, to, record.holder):
        lines.append(f"{to}'s tables are not those of {record.holder}: {others}")
    return tuple(lines)


def _liveness(facts: Facts, site: str) -> str:
    return f"last heard {_age(facts, site)} ago"


def _age(facts: Facts, site: str) -> str:
    return f"{facts.ages[site]:.1f} s" if site in facts.ages else "longer than anybody remembers"
