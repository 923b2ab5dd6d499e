"""`lifeboat migrate`: bring the tables of all sites to the newest revision. A plan by default, an act with --yes."""

import time
from pathlib import Path
from typing import Annotated

import typer

from app.migrate import migrations_after
from app.migration import Migration, UnreadableMigration
from scripts.console import Console
from scripts.failover import As, Yes, carry_out
from scripts.runbook import event_loop, sites
from scripts.runbook.errors import CannotMigrate, RegisterUnreachable
from scripts.runbook.failover import Reach, gather_facts
from scripts.runbook.migrate_plan import revisions_of
from scripts.runbook.plan import Facts
from scripts.runbook.requests import Wish

MEASURED_SECONDS = 10.0


def command(
    context: typer.Context,
    yes: Yes = False,
    operator: As = None,
    versions: Annotated[
        Path | None,
        typer.Option("--versions", metavar="FOLDER", exists=True, file_okay=False,
                     help="Revisions of your own, beside the app's."),
    ] = None,
) -> None:  # fmt: skip
    """Change the tables of every site by the app's migrations: what adds goes to the standbys first, what drops to the primary."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    with event_loop.opened() as loop:
        facts = _measured(Reach.open(platform, "operator", loop))
    if facts.record is None:
        raise RegisterUnreachable(platform.sites)
    primary = facts.record.holder
    # What is under way is followed, whatever it brings.
    lacking = () if _is_under_way(facts, primary) else _lacking(facts, platform.sites, versions)
    carry_out(console, Wish("migrate", primary, migrations=lacking), yes, operator)


def _measured(reach: Reach) -> Facts:
    """Gather the facts, again for a moment while an agent that has only just begun has measured nothing yet."""
    deadline = time.monotonic() + MEASURED_SECONDS
    while True:
        facts = gather_facts(reach)
        known = all(said.health for site, said in facts.statuses.items() if facts.answers(site))
        if known or time.monotonic() > deadline:
            return facts
        time.sleep(0.3)


def _is_under_way(facts: Facts, primary: str) -> bool:
    said = facts.statuses.get(primary)
    return said is not None and said.running is not None and said.running.verb == "migrate" and facts.answers(primary)


def _lacking(facts: Facts, names: tuple[str, ...], versions: Path | None) -> tuple[Migration, ...]:
    """Return what some site that answers lacks. Raises CannotMigrate."""
    stands = revisions_of(facts, tuple(site for site in names if facts.answers(site)))
    if not stands:
        raise CannotMigrate("No site answers, so nobody knows at which revision they stand: bring them back first.")
    try:
        return tuple(migrations_after(set(stands.values()), versions))
    except UnreadableMigration as reason:
        raise CannotMigrate(f"Nothing was changed: {reason}.") from reason
