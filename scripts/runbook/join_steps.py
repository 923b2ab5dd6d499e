"""The steps by which an empty site becomes a standby: all of them in its own agent, on its own database."""

from dataclasses import dataclass
from typing import Any

from scripts.runbook import continuity, join, replication, understudies
from scripts.runbook.errors import CannotJoin, RegisterUnreachable
from scripts.runbook.failover import Run
from scripts.runbook.plan import Facts
from scripts.runbook.replication import Following
from scripts.runbook.requests import Wish
from scripts.runbook.runner import Step
from scripts.runbook.same_tables import must_not_migrate, must_stand_alike
from scripts.runbook.signing import Body

Evidence = dict[str, Any]


@dataclass(frozen=True)
class JoinPlan:
    """Which empty site copies which primary, under which epoch, and who else follows it."""

    site: str
    primary: str
    epoch: int
    others: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    resumes: str | None = None

    def to_body(self) -> Body:
        return {**vars(self), "others": list(self.others), "evidence": list(self.evidence)}

    @classmethod
    def from_body(cls, body: Body) -> "JoinPlan":
        parts: dict[str, Any] = {**body, "others": tuple(body["others"]), "evidence": tuple(body["evidence"])}
        return cls(**parts)

    def rows(self) -> dict[str, object]:
        return {
            "site": self.site,
            "primary": f"{self.primary} (epoch {self.epoch})",
            "standbys then": ", ".join((*self.others, self.site)),
            "evidence": "\n".join(self.evidence),
        }


class JoinRun(Run[JoinPlan]):
    """One site's joining, in its own agent."""


def plan_join(facts: Facts, wish: Wish, sites: tuple[str, ...]) -> JoinPlan:
    """Decide that an empty site follows the primary.

    Raises RegisterUnreachable, or CannotJoin: it is the primary, follows already, has been here
    before, or one of the two does not answer.
    """
    record, site = facts.record, wish.to
    if record is None:
        raise RegisterUnreachable(sites)
    if site == record.holder:
        raise CannotJoin(f"{site} is the primary; it cannot follow itself.")
    must_not_migrate(record)
    for needed, why in ((site, "its agent must do it"), (record.holder, f"{site} would have nobody to copy from")):
        if not facts.answers(needed):
            raise CannotJoin(f"{needed} does not answer, and {why}: bring it back first.")
    must_stand_alike(facts.statuses[site], facts.statuses[record.holder])
    if (primary := facts.statuses[site].following) is not None:
        raise CannotJoin(f"{site} follows {primary} already; there is nothing to do.")
    if site in facts.statuses[record.holder].slots:
        raise CannotJoin(
            f"{record.holder} keeps a slot for {site} from before: let it return with `lifeboat rejoin {site} --copy`."
        )
    others = tuple(name for name in sites if name in facts.statuses and facts.statuses[name].following == record.holder)
    evidence = (f"{record.holder} has a log of {facts.statuses[record.holder].log:,} bytes",)
    return JoinPlan(site, record.holder, record.epoch, others, evidence)


def must_be_empty(run: JoinRun) -> Evidence:
    """The site's tables are there and hold nothing that a copy would collide with."""
    tables = replication.published_tables(run.database)
    if replication.following(run.database) is None:
        filled = [name for name in tables if replication.has_rows(run.database, name)]
        if filled:
            raise CannotJoin(
                f"{run.site} is not empty ({', '.join(filled)} hold rows): a copy would collide. "
                "Start it from an empty database."
            )
        continuity.begin_anew(run.database)
    return {"tables": len(tables)}


def copy_tables(run: JoinRun) -> Evidence:
    """Every table is copied from the primary, and what changes meanwhile follows."""
    primary = run.plan.primary
    # Where the primary itself says that its database is: the name in its outputs means nothing in another cloud.
    said = run.wait_to_hear(primary, lambda heard: True, f"{primary} says nothing under epoch {run.epoch}")
    conninfo = run.platform.conninfo(said, run.site)
    join.copy_tables(run.database, run.site, Following(primary, run.plan.epoch), conninfo)
    return {"follows": run.plan.primary}


def keep_way_back(run: JoinRun) -> Evidence:
    """A slot stands ready here for every other standby; their agents make theirs as soon as they hear of this one."""
    for other in run.plan.others:
        understudies.ensure_slot(run.database, other)
    return {"slots": sorted(understudies.slots(run.database))}


JOIN = tuple(Step(act.__name__, act) for act in (must_be_empty, copy_tables, keep_way_back))
