"""Pure: which migrations go to which sites, in which order, or why none may."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.migration import Kind, Migration
from scripts.runbook.errors import CannotMigrate, MoveUnderWay, RegisterUnreachable
from scripts.runbook.lease_record import LeaseRecord
from scripts.runbook.migration_bodies import bodies_of, migrations_of
from scripts.runbook.plans import Facts
from scripts.runbook.requests import Wish
from scripts.runbook.signing import Body

_ORDER = {"expand": "they only add: standbys first, then the primary", "contract": "they drop: the primary first"}


@dataclass(frozen=True)
class MigratePlan:
    """One migration of all sites that answer, decided.

    others: the sites besides the primary that take part. left_out: those that answer nothing and that no acknowledgement
    needs. later: revisions that wait for the next run, because they drop what this one's releases still use.
    """

    primary: str
    epoch: int
    others: tuple[str, ...]
    kind: Kind
    migrations: tuple[Migration, ...]
    left_out: tuple[str, ...]
    later: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    resumes: str | None = None

    def to_body(self) -> Body:
        lists = {name: list(getattr(self, name)) for name in ("others", "left_out", "later", "evidence")}
        return {**vars(self), **lists, "migrations": bodies_of(self.migrations)}

    @classmethod
    def from_body(cls, body: Body) -> "MigratePlan":
        lists = {name: tuple(body[name]) for name in ("others", "left_out", "later", "evidence")}
        parts: dict[str, Any] = {**body, **lists, "migrations": migrations_of(body["migrations"])}
        return cls(**parts)

    def rows(self) -> dict[str, object]:
        revisions = [f"{one.revision} {one.title}" for one in self.migrations]
        statements = [" ".join(statement.split()) for one in self.migrations for statement in one.statements]
        rows: dict[str, object] = {
            "revisions": "\n".join(revisions) or "none: what an earlier run left half done is finished",
            "statements": "\n".join(statements),
            "order": _ORDER[self.kind],
            "sites": ", ".join((*self.others, self.primary) if self.kind == "expand" else (self.primary, *self.others)),
            "meanwhile": "no site takes over while the primary answers; the app goes on writing",
            **{f"evidence {number}": line for number, line in enumerate(self.evidence, 1)},
        }
        if self.left_out:
            rows["left out"] = f"{', '.join(self.left_out)}: migrate again when it answers, before it returns"
        if self.later:
            rows["later"] = f"{', '.join(self.later)}: run this again when no release uses what is dropped"
        return rows


def plan_migrate(facts: Facts, wish: Wish, sites: tuple[str, ...]) -> MigratePlan:
    """Decide a migration under the primary `wish.to`.

    Raises RegisterUnreachable, MoveUnderWay, NotExpandContract, or CannotMigrate: a site that must take part does not
    answer, stands at an unknown revision, or there is nothing to do.
    """
    record = facts.record
    if record is None:
        raise RegisterUnreachable(sites)
    if record.state != "held":
        raise MoveUnderWay(record.candidate or record.holder, record.epoch, record.runbook_id, record.approved_by)
    if record.holder != wish.to:
        raise CannotMigrate(f"{record.holder} is the primary now, not {wish.to}: look at the plan again.")
    others = tuple(site for site in sites if site != record.holder and facts.answers(site))
    left_out = tuple(site for site in sites if site != record.holder and site not in others)
    _must_take_part(facts, record, left_out)
    stands = revisions_of(facts, (record.holder, *others))
    pending = _pending(wish.migrations, stands)
    kind, now = _first_batch(pending)
    if not now and not record.migration and not _half_done(facts, (record.holder, *others)):
        raise CannotMigrate(
            f"Every site that answers stands at revision {stands[record.holder]}: there is nothing to do."
        )
    later = tuple(one.revision for one in pending[len(now) :])
    evidence = tuple(f"{site} stands at revision {revision}" for site, revision in stands.items())
    return MigratePlan(record.holder, record.epoch, others, kind, now, left_out, later, evidence, record.migration)


def revisions_of(facts: Facts, sites: tuple[str, ...]) -> dict[str, str]:
    """Return the revision that each site stands at by its own word. Raises CannotMigrate where one has not said it."""
    stands = {}
    for site in sites:
        health = facts.statuses[site].health
        if health is None or not health.revision:
            raise CannotMigrate(f"{site} has not said yet at which revision it stands: ask again in a few seconds.")
        stands[site] = health.revision
    return stands


def _must_take_part(facts: Facts, record: LeaseRecord, left_out: tuple[str, ...]) -> None:
    needed = {record.holder, *record.live, *record.rule.sites}
    silent = [site for site in needed if site in left_out or not facts.answers(site)]
    if silent:
        raise CannotMigrate(
            f"{' and '.join(sorted(silent))} does not answer and is counted on: bring it back, or wait until it has left "
            "the rule; a site that is migrated later could not apply what comes meanwhile."
        )


def _pending(migrations: tuple[Migration, ...], stands: Mapping[str, str]) -> tuple[Migration, ...]:
    """Return the migrations from the first that any site lacks. Raises CannotMigrate for a revision that is not in line."""
    for earlier, one in itertools.pairwise(migrations):
        if one.after != earlier.revision:
            raise CannotMigrate(
                f"Revision {one.revision} follows {one.after}, not {earlier.revision}: they are no chain."
            )
    line = (
        [migrations[0].after, *(one.revision for one in migrations)] if migrations else sorted(set(stands.values()))[:1]
    )
    for site, revision in stands.items():
        if revision not in line:
            raise CannotMigrate(f"{site} stands at revision {revision}, which this checkout does not have in line.")
    return migrations[min(line.index(revision) for revision in stands.values()) :]


def _first_batch(pending: tuple[Migration, ...]) -> tuple[Kind, tuple[Migration, ...]]:
    """Return the migrations of one kind with which the pending ones begin. Raises NotExpandContract for any of them."""
    # Only here: reading SQL takes a library that every command would load, also the one of a bad night.
    from scripts.runbook.expand_contract import judge

    kinds = [judge(migration) for migration in pending]
    if not kinds:
        return "expand", ()
    batch = pending[: len(list(itertools.takewhile(lambda kind: kind == kinds[0], kinds)))]
    for migration in batch:
        _must_be_released(migration, pending)
    return kinds[0], batch


def _must_be_released(migration: Migration, pending: tuple[Migration, ...]) -> None:
    """Raise CannotMigrate for a drop whose releasing revision runs only now, or later."""
    if migration.contracts in [one.revision for one in pending]:
        raise CannotMigrate(
            f"Revision {migration.revision} drops what {migration.contracts} released, which not every site has yet: "
            "run the earlier one first, and this one when no release uses any more what it drops."
        )


def _half_done(facts: Facts, sites: tuple[str, ...]) -> bool:
    return any((health := facts.statuses[site].health) is not None and health.closed for site in sites)
