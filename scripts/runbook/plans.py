"""What a preflight finds, and what is decided from it: plain data that an operator reads and signs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scripts.runbook.lease_record import LeaseRecord
from scripts.runbook.rule import Rule
from scripts.runbook.signing import Body
from scripts.runbook.status import SiteStatus

# A site writes its status each second; one that has been silent for this long is not counted on.
SILENT_AFTER_SECONDS = 5.0


@dataclass(frozen=True)
class Facts:
    """What a preflight found: the register's record, each site's last word and its age in seconds."""

    record: LeaseRecord | None
    statuses: Mapping[str, SiteStatus]
    ages: Mapping[str, float]

    def answers(self, site: str) -> bool:
        """Say whether a site spoke of itself just now; an agent whose database does not answer says nothing."""
        return site in self.statuses and self.ages[site] <= SILENT_AFTER_SECONDS

    def went_back(self, site: str) -> str:
        """Return why a site's database may lack what it confirmed, or ""."""
        health = self.statuses[site].health if site in self.statuses else None
        return health.went_back if health else ""

    def stands_by(self, site: str) -> bool:
        """Say whether a site answers and holds what it confirmed."""
        return self.answers(site) and not self.went_back(site)

    def follows(self, site: str, primary: str) -> bool:
        """Say whether a site that stands by follows the primary."""
        return self.stands_by(site) and self.statuses[site].following == primary


class Plan(Protocol):
    """What an operator reads and signs, and an agent carries out: of one verb.

    `epoch` is the one that the runbook's records carry. `resumes`: the runbook it goes on with, if there is one.
    """

    @property
    def epoch(self) -> int: ...

    @property
    def resumes(self) -> str | None: ...

    def to_body(self) -> Body:
        """Return it as plain JSON; `evidence` is the only part that may differ from one look to the next."""
        ...

    def rows(self) -> dict[str, object]:
        """Return what a person reads before anything is done."""
        ...


@dataclass(frozen=True)
class FailoverPlan:
    """One failover, decided: from whom, to whom, under which epoch and rule, and who will follow.

    `hears`: the standbys besides the candidate whose position is asked for. `at_risk_bytes`: how much of the old
    primary's log may hold acknowledged writes that no site heard here has; 0 unless a person accepted more.
    `resumes`: the runbook that won the epoch already and did not end. `over_migration`: the migration in whose middle the
    old primary fell silent.
    """

    old: str
    new: str
    from_epoch: int
    rule: Rule
    hears: tuple[str, ...]
    followers: tuple[str, ...]
    at_risk_bytes: int
    evidence: tuple[str, ...]
    resumes: str | None = None
    over_migration: str | None = None

    @property
    def epoch(self) -> int:
        return self.from_epoch + 1

    def to_body(self) -> Body:
        lists = {name: list(getattr(self, name)) for name in ("hears", "followers", "evidence")}
        return {**vars(self), **lists, "rule": self.rule.to_value(), "epoch": self.epoch}

    @classmethod
    def from_body(cls, body: Body) -> "FailoverPlan":
        parts: dict[str, Any] = {name: part for name, part in body.items() if name != "epoch"}
        parts |= {name: tuple(body[name]) for name in ("hears", "followers", "evidence")}
        parts["rule"] = Rule.from_json(body["rule"])
        return cls(**parts)

    def rows(self) -> dict[str, object]:
        lost = f"{self.at_risk_bytes} bytes of log, accepted" if self.at_risk_bytes else "nothing that was acknowledged"
        return {
            "from": f"{self.old} (epoch {self.from_epoch})",
            "to": f"{self.new} (epoch {self.epoch})",
            **{f"evidence {number}": line for number, line in enumerate(self.evidence, 1)},
            "followed by": ", ".join(self.followers) or "nobody: a single copy until another site follows",
            "may be lost": lost,
            **self._interrupted(),
        }

    def _interrupted(self) -> dict[str, object]:
        if self.over_migration is None:
            return {}
        return {"interrupts": f"{self.over_migration}: run `lifeboat migrate` afterwards, or a site may not follow"}
