"""The steps of a migration: `MIGRATE` is what the primary's agent does, `TAKE_PART` what that of every other site does.

What only adds goes to the standbys first, so that they can apply what the primary then writes; what drops goes to the primary
first, so that nothing of it is under way when the standbys drop it. A new table takes no writes before all follow it.
"""

import time
from collections.abc import Callable
from typing import Any

from scripts.runbook import answers, fence, health, migrating, replication, understudies
from scripts.runbook.answers import Answer
from scripts.runbook.errors import CannotMigrate, LifeboatError, RegisterUnreachable, StepTimedOut
from scripts.runbook.failover import POLL_SECONDS, Run
from scripts.runbook.lease import LeaseAnswer, begin_migration, end_migration
from scripts.runbook.migrate_plan import MigratePlan
from scripts.runbook.runner import Step
from scripts.runbook.status import SiteStatus

Evidence = dict[str, Any]

# An agent takes a request on within seconds; one that does not is away, or knows no migrations.
TAKEN_ON_SECONDS = 45.0
# How long a large index may take on another site.
PART_SECONDS = 3600.0
COMPARE_SECONDS = 60.0
REGISTER_TRIES = 8


class PartRun(Run[MigratePlan]):
    """One site's part of a migration, in its own agent."""


class MigrateRun(Run[MigratePlan]):
    """The migration as the primary's agent leads it; however it ends but by death, it lets the register go."""

    def __exit__(self, *raised: object) -> None:
        try:
            if isinstance(raised[1], Exception):
                _write_register(self, end_migration(self.register, self.site, self.epoch, self.platform.terms,
                                                    fence.clock(self.database)))  # fmt: skip
        except LifeboatError as reason:
            self.warn(f"the register still says that a migration is under way: {reason}")
        finally:
            super().__exit__(*raised)


# -- the primary


def take_register(run: MigrateRun) -> Evidence:
    """The register says that a migration is under way, so no other site takes over while this one answers."""
    _until_written(run, lambda: begin_migration(
        run.register, run.site, run.epoch, run.platform.terms, fence.clock(run.database), run.runbook))  # fmt: skip
    return {"epoch": run.epoch}


def await_standbys(run: MigrateRun) -> Evidence:
    """The other sites have what is added before the primary writes it."""
    if run.plan.kind == "contract":
        return {"primary first": True}
    for site in run.plan.others:
        _await_answer(run, site, "ready")
    return {"ready": list(run.plan.others)}


def migrate_primary(run: MigrateRun) -> Evidence:
    """The primary's own tables are changed, each revision whole or not at all."""
    if run.plan.kind == "contract":
        migrating.must_be_droppable(run.database, run.plan.migrations)
    done = migrating.bring_to(run.database, run.plan.migrations)
    _say_ready(run)
    return {"revisions": done}


def await_parts(run: MigrateRun) -> Evidence:
    """Every other site has the same tables and follows all that the primary publishes."""
    for site in run.plan.others:
        _await_answer(run, site, "ended")
    return {"done": list(run.plan.others)}


def open_tables(run: MigrateRun | PartRun) -> Evidence:
    """The app may write the new tables."""
    return {"opened": migrating.open_tables(run.database)}


def compare_schemas(run: MigrateRun) -> Evidence:
    """Every site says the same revision, and the same digest of its tables."""
    revision, digest = health.revision(run.database), health.schema_digest(run.database)
    for site in run.plan.others:
        run.wait_to_hear(
            site,
            lambda heard: _stands_at(heard, revision, digest),
            f"{site} does not say that its tables are those of {run.site} ({revision}, {digest[:8]})",
            COMPARE_SECONDS,
        )
    return {"revision": revision, "schema": digest, "sites": [run.site, *run.plan.others]}


def give_register_back(run: MigrateRun) -> Evidence:
    """The register says that the migration is over."""
    _until_written(run, lambda: end_migration(
        run.register, run.site, run.epoch, run.platform.terms, fence.clock(run.database)))  # fmt: skip
    return {"epoch": run.epoch}


# -- every other site


def migrate_standby(run: PartRun) -> Evidence:
    """This site's tables are changed: before the primary's where something is added, after them where it is dropped."""
    if run.plan.kind == "contract":
        _apply_all_before(run)
    done = migrating.bring_to(run.database, run.plan.migrations)
    _say_ready(run)
    return {"revisions": done}


def follow_tables(run: PartRun) -> Evidence:
    """This site follows every table that the primary publishes."""
    following = replication.following(run.database)
    if following is None or following.primary != run.plan.primary:
        return {"follows": following.primary if following else None}
    return {"follows": following.primary, "tables": len(migrating.follow_tables(run.database, following.primary))}


def _apply_all_before(run: PartRun) -> None:
    """Wait until this site has applied everything that the primary wrote before it dropped anything."""
    log = _await_answer(run, run.plan.primary, "ready").log
    following = replication.following(run.database)
    if following is not None and following.primary == run.plan.primary:
        replication.wait_until(
            lambda: understudies.applied_position(run.database, run.plan.primary) >= log,
            f"{run.site} does not apply what {run.plan.primary} wrote before it dropped anything",
            COMPARE_SECONDS,
        )


# -- what both say to each other


def _say_ready(run: Run[MigratePlan]) -> None:
    """Tell the others, under the operator's request, that this site's own tables are changed."""
    log = understudies.view(run.database).log
    answer = Answer(run.site, run.commission.nonce, "ready", done=True, runbook=run.runbook, log=log)
    run.wait_for(answers.publish(run.reach.stores, run.platform.signer(run.site), answer))


def _await_answer(run: Run[MigratePlan], site: str, kind: answers.Kind) -> Answer:
    """Wait for another site's word on the same request. Raises CannotMigrate with its sentence, or StepTimedOut."""
    began = time.monotonic()
    while True:
        ended, ready, taken = (_hear(run, site, one) for one in ("ended", "ready", "accepted"))
        if ended is not None and not ended.done:
            raise CannotMigrate(f"{site} stopped: {ended.sentence} Mend it, then run `lifeboat migrate --yes` again.")
        found = {"ended": ended, "ready": ready, "accepted": taken}[kind]
        if found is not None:
            return found
        waited = time.monotonic() - began
        if waited > (TAKEN_ON_SECONDS if taken is None else PART_SECONDS):
            raise StepTimedOut(f"the agent of {site} has not done its part after {waited:.0f} s: look at its log")
        time.sleep(POLL_SECONDS * 3)


def _hear(run: Run[MigratePlan], site: str, kind: answers.Kind) -> Answer | None:
    hearing = answers.hear(run.reach.stores, run.platform.public_keys, run.commission.nonce, site, kind)
    return run.wait_for(hearing)


def _stands_at(heard: SiteStatus, revision: str, digest: str) -> bool:
    return heard.health is not None and (heard.health.revision, heard.health.schema) == (revision, digest)


def _until_written(run: MigrateRun, write: Callable[[], Any]) -> None:
    """Write into the register, again while nobody can know whether it was; Cloud Storage takes one write a second."""
    for attempt in range(REGISTER_TRIES):
        try:
            _write_register(run, write())
            return
        except RegisterUnreachable:
            if attempt + 1 == REGISTER_TRIES:
                raise
            time.sleep(1.0)


def _write_register(run: MigrateRun, writing: Any) -> None:
    answer: LeaseAnswer = run.wait_for(writing)
    if answer.kind == "unknown":
        raise RegisterUnreachable(run.platform.sites, dict(run.register.faults))
    if answer.kind != "renewed":
        raise CannotMigrate(f"{run.site} is no longer the primary of epoch {run.epoch}: {answer.reason}")


MIGRATE = tuple(
    Step(act.__name__, act)
    for act in (
        take_register,
        await_standbys,
        migrate_primary,
        await_parts,
        open_tables,
        compare_schemas,
        give_register_back,
    )
)
TAKE_PART = tuple(Step(act.__name__, act) for act in (migrate_standby, follow_tables, open_tables))
