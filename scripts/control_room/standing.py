"""Pure: from sights and history to one picture of the platform, which the page draws and the sentence tells."""

from dataclasses import dataclass
from typing import Any

from scripts.control_room.history import History
from scripts.control_room.journals import RunbookCopy
from scripts.control_room.sight import STALE_SECONDS, Sight
from scripts.control_room.sources import OutsideWord, Source, StoreWord
from scripts.runbook.errors import DataMayBeLost, LifeboatError, NobodyFollows
from scripts.runbook.lease import LeaseRecord, Terms
from scripts.runbook.nameserver import Answer
from scripts.runbook.plan import Facts, plan_failover
from scripts.runbook.readiness import Line, State, worst
from scripts.runbook.status import SiteStatus


@dataclass(frozen=True)
class SiteStanding:
    """One site: its newest word, how old that is, and what the room makes of it.

    `lag_bytes`, `lag_seconds`: behind the primary's log; None where it cannot be known. `retained_bytes`: the most log
    that any slot there holds back. `could_take_over`: empty when it could, and lose nothing; else why not. `only_alone`:
    it could, but nobody would follow it.
    """

    name: str
    status: SiteStatus | None
    age: float | None
    is_fresh: bool
    is_primary: bool
    counts: bool
    lag_bytes: int | None
    lag_seconds: float | None
    retained_bytes: int
    bytes_a_second: float
    could_take_over: str
    at_risk_bytes: int
    only_alone: bool

    @property
    def role(self) -> str:
        """What it is now; a site whose word is old is silent, whatever it last said."""
        if self.status is None:
            return "never heard"
        return self.status.role if self.is_fresh else "silent"


@dataclass(frozen=True)
class LeaseStanding:
    """The lease: its record, how long ago its last renewal was seen, and when the term is over at the latest (seconds)."""

    record: LeaseRecord
    is_committed: bool
    seen_ago: float
    over_in: float


@dataclass(frozen=True)
class SourceStanding:
    """One source: what it last said and how long ago, and its trouble with how long it has lasted (seconds)."""

    key: str
    title: str
    says: str
    age: float | None
    trouble: str
    trouble_for: float | None


@dataclass(frozen=True)
class ReadinessStanding:
    """The readiness page as last judged: its lines, how old they are (seconds), and why there are none or no newer ones."""

    lines: tuple[Line, ...]
    age: float | None
    trouble: str

    @property
    def worst(self) -> str:
        return worst(list(self.lines)).word

    @property
    def open(self) -> tuple[Line, ...]:
        """The lines that ask for something."""
        return tuple(line for line in self.lines if line.state is not State.GREEN)

    @property
    def green(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.state is State.GREEN)


@dataclass(frozen=True)
class Standing:
    """The whole picture at one moment."""

    sites: tuple[SiteStanding, ...]
    lease: LeaseStanding | None
    outside: Sight[OutsideWord]
    outside_age: float | None
    sources: tuple[SourceStanding, ...]
    runbooks: tuple[RunbookCopy, ...]
    readiness: ReadinessStanding
    acknowledged_a_second: float | None
    facts: Facts

    @property
    def record(self) -> LeaseRecord | None:
        return self.lease.record if self.lease else None

    @property
    def primary(self) -> SiteStanding | None:
        """The site that holds the lease, whatever it says of itself."""
        return next((site for site in self.sites if site.is_primary), None)

    @property
    def standbys(self) -> tuple[SiteStanding, ...]:
        return tuple(site for site in self.sites if not site.is_primary)


@dataclass(frozen=True)
class Moment:
    """When the picture is taken: seconds on the room's monotonic clock, and seconds since 1970."""

    now: float
    wall: float


def stand(
    names: tuple[str, ...], sources: tuple[Source, ...], sights: dict[str, Sight[Any]], history: History, terms: Terms,
    moment: Moment,
) -> Standing:  # fmt: skip
    """Draw the picture. What is old stays in it, marked as old."""
    now = moment.now
    lease = _lease(sights["register"], history, terms, now)
    ages = {site: age for site in names if (age := history.age(site, now, moment.wall)) is not None}
    statuses = {site: history.heard[site].status for site in ages}
    facts = Facts(lease.record if lease else None, statuses, ages)
    return Standing(
        sites=tuple(_site(name, facts, history, names, now) for name in names),
        lease=lease,
        outside=sights["outside"],
        outside_age=sights["outside"].age(now),
        sources=tuple(_source(source, sights[source.key], now) for source in sources),
        runbooks=_runbooks(sights),
        readiness=_readiness(sights["readiness"], now),
        acknowledged_a_second=history.counted.a_second(now),
        facts=facts,
    )


def _lease(sight: Sight[Any], history: History, terms: Terms, now: float) -> LeaseStanding | None:
    """Return the lease, or None while the register cannot be read: an old record says nothing of who is primary now."""
    if sight.value is None or not sight.is_fresh(now):
        return None
    seen_ago = now - history.lease_seen
    return LeaseStanding(
        sight.value.record, sight.value.committed, seen_ago, max(terms.challenger_seconds - seen_ago, 0.0)
    )


def _site(name: str, facts: Facts, history: History, names: tuple[str, ...], now: float) -> SiteStanding:
    record, status, age = facts.record, facts.statuses.get(name), facts.ages.get(name)
    holder = record.holder if record else None
    refusal = _refusal(name, facts, names)
    lag_bytes, lag_seconds = _lag(status, holder, facts, history, now)
    points = history.logs.get(name)
    return SiteStanding(
        name=name, status=status, age=age, is_fresh=age is not None and age <= STALE_SECONDS,
        is_primary=name == holder, counts=record is not None and name in record.rule.sites,
        lag_bytes=lag_bytes, lag_seconds=lag_seconds,
        retained_bytes=max((slot.retained_bytes for slot in status.slots.values()), default=0) if status else 0,
        bytes_a_second=points.bytes_a_second(now) if points else 0.0,
        could_take_over=str(refusal or ""), only_alone=isinstance(refusal, NobodyFollows),
        at_risk_bytes=refusal.at_risk_bytes if isinstance(refusal, DataMayBeLost) else 0,
    )  # fmt: skip


def _refusal(name: str, facts: Facts, names: tuple[str, ...]) -> LifeboatError | None:
    """Ask the plan that the command would make why it would refuse; None when it would not."""
    try:
        plan_failover(facts, name, names)
    except LifeboatError as refusal:
        return refusal
    return None


def _lag(
    status: SiteStatus | None, holder: str | None, facts: Facts, history: History, now: float
) -> tuple[int | None, float | None]:
    primary = facts.statuses.get(holder or "")
    if status is None or primary is None or holder is None or status.following != holder:
        return None, None
    points = history.logs.get(holder)
    behind = max(primary.log - status.applied, 0)
    return behind, points.seconds_behind(status.applied, now) if points and behind else 0.0


def _source(source: Source, sight: Sight[Any], now: float) -> SourceStanding:
    since = None if sight.since is None else now - sight.since
    trouble = sight.trouble
    if not trouble and isinstance(sight.value, StoreWord) and sight.value.refused:
        trouble = "; ".join(sight.value.refused.values())
    return SourceStanding(source.key, source.title, _says(sight.value), sight.age(now), trouble, since)


def _says(value: object) -> str:
    """Return what a source said, where it is short enough to stand in a table."""
    if isinstance(value, Answer):
        return f"{value.target or 'nobody'}, epoch {value.epoch if value.epoch is not None else 'unknown'}"
    if isinstance(value, OutsideWord):
        return f"{value.site}, {'takes writes' if value.writable else 'read-only'}"
    if isinstance(value, StoreWord):
        return f"{len(value.statuses)} sites' words"
    return f"{len(value)} runbooks" if isinstance(value, dict) else ""


def _readiness(sight: Sight[Any], now: float) -> ReadinessStanding:
    asked = sight.at is not None or sight.since is not None
    return ReadinessStanding(tuple(sight.value or ()), sight.age(now), sight.trouble if asked else "")


def _runbooks(sights: dict[str, Sight[Any]]) -> tuple[RunbookCopy, ...]:
    """Return each runbook's longest copy, the newest first; a copy that cannot be trusted counts only by what it proves."""
    best: dict[str, RunbookCopy] = {}
    for key, sight in sights.items():
        if key.startswith("ledger-") and sight.value is not None:
            for runbook, copy in sight.value.items():
                known = best.get(runbook)
                if known is None or len(copy.records) > len(known.records):
                    best[runbook] = copy
    return tuple(sorted(best.values(), key=lambda copy: copy.began, reverse=True))
