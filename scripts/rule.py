"""`lifeboat rule`: whose confirmation makes a write saved, and a person's word to go on with one copy alone."""

from typing import Annotated

import typer

from scripts.console import Console, two_columns
from scripts.failover import As, Yes, carry_out
from scripts.runbook import event_loop, sites
from scripts.runbook.errors import RegisterUnreachable
from scripts.runbook.failover import Reach, gather_facts
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.plan import Facts
from scripts.runbook.requests import Wish


def command(
    context: typer.Context,
    single_copy: Annotated[
        bool, typer.Option("--single-copy", help="Let the primary acknowledge alone until a standby is back in step.")
    ] = False,
    yes: Yes = False,
    operator: As = None,
) -> None:
    """Show the durability rule; with --single-copy go on although nobody confirms, as a plan or, with --yes, for real."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    with event_loop.opened() as loop:
        facts = gather_facts(Reach.open(platform, "operator", loop))
    if facts.record is None:
        raise RegisterUnreachable(platform.sites)
    if single_copy:
        carry_out(console, Wish("single_copy", facts.record.holder), yes, operator)
    else:
        console.show(two_columns("Rule", _rows(facts, facts.record)))


def _rows(facts: Facts, record: LeaseRecord) -> dict[str, object]:
    said = facts.statuses.get(record.holder)
    if record.rule.is_single_copy:
        saved = f"{record.holder} alone has it, by the word of {record.approved_by or 'an earlier plan'}: SINGLE COPY"
    else:
        saved = f"{' or '.join(record.rule.sites)} has confirmed it too"
    return {
        "primary": f"{record.holder} (epoch {record.epoch}, {record.state})",
        "a write is saved when": saved,
        "a deletion waits for": " and ".join(record.live) or "nobody else",
        "alarms": "\n".join(said.alarms if said else ()) or "none",
    }
