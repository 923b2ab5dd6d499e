"""Which migrations go where, or the sentence that says why none may."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from app.migration import Migration
from scripts.runbook.errors import (
    CannotMigrate,
    LifeboatError,
    MigrationUnderWay,
    MoveUnderWay,
    NotExpandContract,
    NotMigrated,
)
from scripts.runbook.health import Health
from scripts.runbook.join_steps import plan_join
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.migrate_plan import MigratePlan, plan_migrate
from scripts.runbook.plan import Facts, plan_failover, plan_switchover
from scripts.runbook.requests import Request, Wish
from scripts.runbook.rule import Rule
from scripts.runbook.way_back import plan_return
from tests.runbook.invented_status import status_of

SITES = ("aws", "gcp", "azure")
HELD = LeaseRecord.first("aws", Rule.of("gcp", "azure"), ("gcp", "azure"))
ADDS = Migration("0009", "0008", "More.", "", ("ALTER TABLE account ADD COLUMN boats INTEGER",))
USES = Migration("0010", "0009", "Still more.", "", ("ALTER TABLE account ADD COLUMN ships INTEGER",))
DROPS = Migration("0011", "0010", "Less.", "0010", ("ALTER TABLE account DROP COLUMN boats",))


def facts(stands: Mapping[str, str], record: LeaseRecord = HELD, silent: tuple[str, ...] = (), **health: Any) -> Facts:
    """Give what sites that stand at some revisions say."""
    said = {site: status_of(site, health=Health(revision=revision, **health)) for site, revision in stands.items()}
    return Facts(record, said, {site: 60.0 if site in silent else 0.4 for site in said})


def everywhere(revision: str) -> dict[str, str]:
    return dict.fromkeys(SITES, revision)


def plan(found: Facts, *migrations: Migration, to: str = "aws") -> MigratePlan:
    return plan_migrate(found, Wish("migrate", to, migrations=migrations), SITES)


def test_what_adds_goes_first_and_what_drops_waits_for_the_next_run() -> None:
    """The plan holds what is of one kind, survives being signed and stored, and says what is left for later."""
    decided = plan(facts(everywhere("0008")), ADDS, USES, DROPS)

    assert (decided.kind, decided.migrations, decided.later) == ("expand", (ADDS, USES), ("0011",))
    assert decided.others == ("gcp", "azure")
    assert MigratePlan.from_body(decided.to_body()) == decided
    assert "ALTER TABLE account ADD COLUMN boats INTEGER" in str(decided.rows()["statements"])
    assert decided.rows()["sites"] == "gcp, azure, aws"


def test_a_run_that_died_goes_on_with_what_each_site_lacks() -> None:
    """A standby that has it already, and a mark in the register, are of the same migration."""
    marked = replace(HELD, migration="migrate-1-to-aws-abc")
    decided = plan(facts({"aws": "0008", "gcp": "0009", "azure": "0008"}, marked), ADDS)

    assert (decided.migrations, decided.resumes) == ((ADDS,), "migrate-1-to-aws-abc")
    assert plan(facts(everywhere("0009"), marked)).migrations == ()
    assert plan(facts(everywhere("0009"), closed=("boat",))).migrations == ()


def test_a_drop_runs_alone_on_the_primary_first() -> None:
    """Once every site has the revision that released it."""
    decided = plan(facts(everywhere("0010")), DROPS)

    assert (decided.kind, decided.migrations) == ("contract", (DROPS,))
    assert decided.rows()["sites"] == "aws, gcp, azure"


def test_a_site_that_nobody_counts_on_is_left_out() -> None:
    """The plan says so, and what has to be done when it is back."""
    alone = replace(HELD, rule=Rule.of("gcp"), live=("gcp",))
    decided = plan(facts(everywhere("0008"), alone, silent=("azure",)), ADDS)

    assert (decided.others, decided.left_out) == (("gcp",), ("azure",))
    assert "migrate again when it answers" in str(decided.rows()["left out"])


@pytest.mark.parametrize(
    ("found", "migrations", "error", "says"),
    [
        (facts(everywhere("0009")), (), CannotMigrate, "stands at revision 0009: there is nothing to do"),
        (facts(everywhere("0008"), silent=("azure",)), (ADDS,), CannotMigrate, "azure does not answer and is counted on"),
        (facts(everywhere("0008"), silent=("aws",)), (ADDS,), CannotMigrate, "aws does not answer"),
        (facts({"aws": "0008", "gcp": "0007", "azure": "0008"}), (ADDS,), CannotMigrate, "gcp stands at revision 0007"),
        (facts({"aws": "0008", "gcp": "", "azure": "0008"}), (ADDS,), CannotMigrate, "gcp has not said yet"),
        (facts(everywhere("0008")), (ADDS, DROPS), CannotMigrate, "0011 follows 0010, not 0009"),
        (facts(everywhere("0010")), (replace(DROPS, contracts=""),), NotExpandContract, "ALTER TABLE account DROP COLUMN"),
        (facts(everywhere("0010")), (replace(DROPS, contracts="0011"),), CannotMigrate, "which not every site has yet"),
        (
            facts(everywhere("0008"), replace(HELD, state="switching", previous_rule=Rule.of("gcp"))),
            (ADDS,),
            MoveUnderWay,
            "taking over",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_migrated_is_said(
    found: Facts, migrations: tuple[Migration, ...], error: type[LifeboatError], says: str
) -> None:
    """One sentence, with the site or the statement."""
    with pytest.raises(error, match=says):
        plan(found, *migrations)


def test_a_plan_for_another_primary_is_none() -> None:
    """Somebody took over while the operator looked."""
    with pytest.raises(CannotMigrate, match="aws is the primary now, not gcp"):
        plan(facts(everywhere("0008")), ADDS, to="gcp")


def test_nobody_takes_over_joins_or_returns_meanwhile() -> None:
    """One sentence names the migration; a primary that fell silent in its middle can be replaced, and the plan says so."""
    marked = replace(HELD, migration="migrate-1-to-aws-abc")
    here = facts(everywhere("0009"), marked)
    for refused in (
        lambda: plan_failover(here, "gcp", SITES),
        lambda: plan_switchover(here, "gcp", SITES),
        lambda: plan_return(here, "gcp", SITES),
        lambda: plan_join(here, Wish("join", "gcp"), SITES),
    ):
        with pytest.raises(
            MigrationUnderWay, match=r"aws is migrating the tables of all sites \(migrate-1-to-aws-abc\)"
        ):
            refused()

    over = plan_failover(facts(everywhere("0009"), marked, silent=("aws",)), "gcp", SITES)

    assert over.over_migration == "migrate-1-to-aws-abc"
    assert "run `lifeboat migrate` afterwards" in str(over.rows()["interrupts"])


def test_a_site_with_other_tables_does_not_come_back_before_it_is_migrated() -> None:
    """It could not apply what the primary sends."""
    apart = facts({"aws": "0009", "gcp": "0008", "azure": "0009"})

    with pytest.raises(NotMigrated, match="gcp stands at revision 0008 and aws at 0009"):
        plan_return(apart, "gcp", SITES)


def test_migrations_travel_in_a_signed_request() -> None:
    """They arrive as they were signed; a request of any other verb is what it was before there were migrations."""
    body = Request.make("test", "ana", Wish("migrate", "aws", migrations=(ADDS,)), "aws", 1, {}).to_body()
    bent = {**body, "wish": {**body["wish"], "migrations": [{"revision": "0009"}]}}

    assert Request.from_body(body).wish.migrations == (ADDS,)
    assert "migrations" not in Wish("failover", "gcp").to_body()
    with pytest.raises(LifeboatError, match="a migration of another form"):
        Request.from_body(bent)
