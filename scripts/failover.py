"""`lifeboat failover --to SITE`: the primary is gone; another site takes over. A plan by default, an act with --yes."""

import asyncio
import getpass
import secrets
from typing import Annotated

import typer

from scripts.console import Console, two_columns
from scripts.runbook import sites
from scripts.runbook.failover import Reach, gather_facts, open_run
from scripts.runbook.journal import Record
from scripts.runbook.plan import Facts, FailoverPlan, plan_failover, plan_to_resume
from scripts.runbook.runner import run_steps
from scripts.runbook.sites import Platform
from scripts.runbook.steps import FAILOVER


def command(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", help="The site that takes over.")],
    yes: Annotated[bool, typer.Option("--yes", help="Act. Without it the plan is shown and nothing changes.")] = False,
    single_copy: Annotated[bool, typer.Option("--single-copy", help="Go on although no other site follows.")] = False,
    accept_data_loss: Annotated[
        int | None, typer.Option("--accept-data-loss", metavar="BYTES", help="The number that the refusal showed.")
    ] = None,
) -> None:
    """Let another site take over from a primary that is gone."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    platform.known(to)
    with asyncio.Runner() as loop:
        reach = Reach.open(platform, to, loop)
        facts = gather_facts(reach, to, to_act=yes)
        plan, runbook = decide(facts, to, platform, single_copy, accept_data_loss)
        show_plan(console, plan, runbook)
        if not yes:
            console.tell("Nothing was changed. Add --yes to act.")
            return
        records = carry_out(reach, plan, runbook, console)
    console.show(
        two_columns(
            f"{plan.new} is primary at epoch {plan.epoch}",
            {record.step: f"{record.end - record.start:.2f} s" for record in records},
        )
    )


def decide(
    facts: Facts, to: str, platform: Platform, single_copy: bool = False, accept_data_loss: int | None = None
) -> tuple[FailoverPlan, str]:
    """Return the plan and the runbook's name: of a move that was begun and not finished, or of a new one."""
    resumed = plan_to_resume(facts, to)
    if resumed is not None:
        return resumed
    plan = plan_failover(facts, to, platform.sites, single_copy=single_copy, accept_data_loss=accept_data_loss)
    return plan, f"failover-{plan.epoch}-to-{to}-{secrets.token_hex(3)}"


def carry_out(reach: Reach, plan: FailoverPlan, runbook: str, console: Console) -> list[Record]:
    """Run the steps of a failover that a person approved."""
    run = open_run(reach, plan, runbook, getpass.getuser(), console.warn)
    with run.database:
        return run_steps(FAILOVER, run, console.say)


def show_plan(console: Console, plan: FailoverPlan, runbook: str) -> None:
    """Print what will happen, on which evidence, and what may be lost."""
    rows: dict[str, object] = {
        "from": f"{plan.old} (epoch {plan.from_epoch})",
        "to": f"{plan.new} (epoch {plan.epoch})",
        "runbook": runbook,
    }
    for number, line in enumerate(plan.evidence, 1):
        rows[f"evidence {number}"] = line
    rows["followed by"] = ", ".join(plan.followers) or "nobody: a single copy until another site follows"
    rows["may be lost"] = (
        f"{plan.at_risk_bytes} bytes of log, accepted" if plan.at_risk_bytes else "nothing that was acknowledged"
    )
    rows["steps"] = "\n".join(f"{number}. {step.title}" for number, step in enumerate(FAILOVER, 1))
    console.show(two_columns("Plan", rows))
