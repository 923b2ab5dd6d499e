"""Every verb that an operator can ask for: how it is planned, which steps it takes, and whose agent takes them.

A new verb is one more entry: a planner from facts and wish to a plan, a run over that plan, and a tuple of steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from scripts.runbook.copy_steps import COPY
from scripts.runbook.errors import JournalFull, LifeboatError, RegisterUnreachable, StepBroke
from scripts.runbook.failover import FailoverRun, Run
from scripts.runbook.join_steps import JOIN, JoinPlan, JoinRun, plan_join
from scripts.runbook.migrate_plan import MigratePlan, plan_migrate
from scripts.runbook.migrate_steps import MIGRATE, TAKE_PART, MigrateRun, PartRun
from scripts.runbook.plan import Facts, FailoverPlan, Plan, plan_failover, plan_switchover, plan_to_resume
from scripts.runbook.rehearsal_steps import REHEARSAL
from scripts.runbook.rejoin_steps import REJOIN
from scripts.runbook.requests import Wish
from scripts.runbook.returning import ReturnRun
from scripts.runbook.runner import Step
from scripts.runbook.signing import Body
from scripts.runbook.single_copy import SINGLE_COPY, AlonePlan, AloneRun, plan_alone
from scripts.runbook.steps import FAILOVER
from scripts.runbook.switchover_steps import HAND_OVER, SWITCHOVER
from scripts.runbook.way_back import ReturnPlan, plan_return


class PlanKind(Protocol):
    """A type of plan that can be rebuilt from what was signed and stored."""

    def from_body(self, body: Body, /) -> Plan: ...


@dataclass(frozen=True)
class Verb:
    """One verb. The agent of the site that the wish is about runs `steps`.

    takes_epoch: it is to win the epoch, so the register's promise is asked for early. partner: what other agents do on the
    same request, once the chosen site has taken it on: the primary's, or with `asks_all` that of every other site.
    retries: after which refusals it goes on by itself.
    may_skip: the steps that a drill may leave out, because no acknowledged write rests on them.
    """

    name: str
    plan: Callable[[Facts, Wish, tuple[str, ...]], Plan]
    plan_kind: PlanKind
    run_type: type[Run[Any]]
    steps: tuple[Step[Any], ...]
    takes_epoch: bool = False
    partner: "Verb | None" = None
    retries: tuple[type[LifeboatError], ...] = ()
    may_skip: tuple[str, ...] = ()
    asks_all: bool = False

    @property
    def changes_primary(self) -> bool:
        return self.plan_kind is FailoverPlan


def _failover(facts: Facts, wish: Wish, sites: tuple[str, ...]) -> FailoverPlan:
    """Plan the failover that was begun and not finished, or a new one."""
    return plan_to_resume(facts, wish.to, wish.accept_data_loss) or plan_failover(
        facts, wish.to, sites, single_copy=wish.single_copy, accept_data_loss=wish.accept_data_loss
    )


def _switchover(facts: Facts, wish: Wish, sites: tuple[str, ...]) -> FailoverPlan:
    """Plan the move that was begun and not finished, or a new switchover."""
    return plan_to_resume(facts, wish.to) or plan_switchover(facts, wish.to, sites)


def _rejoin(facts: Facts, wish: Wish, sites: tuple[str, ...]) -> ReturnPlan:
    return plan_return(facts, wish.to, sites)


def _copy(facts: Facts, wish: Wish, sites: tuple[str, ...]) -> ReturnPlan:
    return plan_return(facts, wish.to, sites, copy=True)


def _rehearse(facts: Facts, wish: Wish, sites: tuple[str, ...]) -> FailoverPlan:
    """Plan a failover as if the primary were gone; nothing of it will be done."""
    return plan_failover(facts, wish.to, sites)


def _single_copy(facts: Facts, wish: Wish, sites: tuple[str, ...]) -> AlonePlan:
    return plan_alone(facts, wish.to, sites)


# A primary that has drained its writes goes on until it knows whether it is still primary.
_HAND_OVER = Verb("hand_over", _switchover, FailoverPlan, FailoverRun, HAND_OVER,
                  retries=(RegisterUnreachable, StepBroke, JournalFull))  # fmt: skip

_TAKE_PART = Verb("take_part", plan_migrate, MigratePlan, PartRun, TAKE_PART)

_OUTSIDE = ("point_dns", "verify_outside")

VERBS = {
    verb.name: verb
    for verb in (
        Verb("failover", _failover, FailoverPlan, FailoverRun, FAILOVER, takes_epoch=True, may_skip=_OUTSIDE),
        Verb("switchover", _switchover, FailoverPlan, FailoverRun, SWITCHOVER, partner=_HAND_OVER, may_skip=_OUTSIDE),
        Verb("rehearse", _rehearse, FailoverPlan, FailoverRun, REHEARSAL),
        Verb("join", plan_join, JoinPlan, JoinRun, JOIN),
        Verb("rejoin", _rejoin, ReturnPlan, ReturnRun, REJOIN),
        Verb("copy", _copy, ReturnPlan, ReturnRun, COPY),
        Verb("migrate", plan_migrate, MigratePlan, MigrateRun, MIGRATE, partner=_TAKE_PART, asks_all=True),
        Verb("single_copy", _single_copy, AlonePlan, AloneRun, SINGLE_COPY),
    )
}


def verb_of(name: str) -> Verb | None:
    """Return a verb or a partner by its name, or None where this version knows none."""
    partners = {verb.partner.name: verb.partner for verb in VERBS.values() if verb.partner}
    return VERBS.get(name) or partners.get(name)
