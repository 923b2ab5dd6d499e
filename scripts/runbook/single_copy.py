"""Going on with one copy alone, by a person's word: what is planned, and the two steps that the primary's agent takes."""

from dataclasses import dataclass
from typing import Any

from scripts.runbook import alone, fence
from scripts.runbook.confirmations import NOBODY_CONFIRMS
from scripts.runbook.errors import MoveUnderWay, NotAlone, PrimarySilent, RegisterUnreachable, StepTimedOut
from scripts.runbook.failover import Run
from scripts.runbook.plan import Facts
from scripts.runbook.replication import wait_until
from scripts.runbook.runner import Step
from scripts.runbook.signing import Body

Evidence = dict[str, Any]

DECIDED_SECONDS = 30


@dataclass(frozen=True)
class AlonePlan:
    """The primary acknowledges alone until a standby is back in step; `lines` say what was seen."""

    site: str
    epoch: int
    lines: tuple[str, ...]
    resumes: str | None = None

    def to_body(self) -> Body:
        return {"site": self.site, "epoch": self.epoch, "resumes": self.resumes, "evidence": list(self.lines)}

    @classmethod
    def from_body(cls, body: Body) -> "AlonePlan":
        return cls(body["site"], body["epoch"], tuple(body["evidence"]), body["resumes"])

    def rows(self) -> dict[str, object]:
        return {
            "site": f"{self.site} (epoch {self.epoch}) acknowledges alone",
            "what it means": "what users are told is saved is in one cloud; if that one ends now, it is lost",
            "until": "a standby is back in step: then it ends by itself, and every status says so until then",
            **{f"evidence {number}": line for number, line in enumerate(self.lines, 1)},
        }


@dataclass
class AloneRun(Run[AlonePlan]):
    """The decision under way at the primary."""


def plan_alone(facts: Facts, site: str, sites: tuple[str, ...]) -> AlonePlan:
    """Decide to go on with one copy at the primary.

    Raises RegisterUnreachable, MoveUnderWay, PrimarySilent, or NotAlone while a standby confirms or `site` is no primary.
    """
    record = facts.record
    if record is None:
        raise RegisterUnreachable(sites)
    if record.state != "held":
        raise MoveUnderWay(record.holder, record.epoch, record.runbook_id)
    if record.holder != site:
        raise NotAlone(f"{record.holder} is the primary, not {site}")
    if not facts.answers(site):
        raise PrimarySilent(site, "another site")
    if record.rule.is_single_copy:
        raise NotAlone(
            f"{site} goes on with one copy already, by the word of {record.approved_by or 'an earlier plan'}"
        )
    if NOBODY_CONFIRMS not in facts.statuses[site].alarms:
        raise NotAlone(f"{' or '.join(record.rule.sites)} confirms what {site} writes, so there is more than one copy")
    lines = (NOBODY_CONFIRMS, *(alarm for alarm in facts.statuses[site].alarms if alarm != NOBODY_CONFIRMS))
    return AlonePlan(site, record.epoch, lines)


def decide(run: AloneRun) -> Evidence:
    """The decision is noted at the primary, with the name of who took it."""
    alone.decide(run.database, run.commission.approved_by or "", run.epoch)
    return {"operator": alone.who_decided(run.database, run.epoch)}


def acknowledge_alone(run: AloneRun) -> Evidence:
    """The register and the fence say that one copy is enough, or a standby came back first."""
    wait_until(lambda: _is_over(run), "neither the register nor a standby answered", DECIDED_SECONDS)
    rule = fence.read(run.database).rule
    return {"single_copy": rule.is_single_copy, "rule": rule.to_json()}


def _is_over(run: AloneRun) -> bool:
    stands = fence.read(run.database)
    if not stands.open or stands.epoch != run.epoch:
        raise StepTimedOut(f"{run.site} takes no writes any more under epoch {run.epoch}: look at `lifeboat readiness`")
    return stands.rule.is_single_copy or alone.who_decided(run.database, run.epoch) is None


SINGLE_COPY = (Step("decide", decide), Step("acknowledge_alone", acknowledge_alone))
