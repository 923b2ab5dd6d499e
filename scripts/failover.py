"""`lifeboat failover` and `lifeboat switchover`: another site takes over. A plan by default, an act with --yes."""

import asyncio
import getpass
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import typer

from scripts.console import Console, two_columns
from scripts.runbook import sites
from scripts.runbook.failover import FailoverRun, Reach, gather_facts, open_run
from scripts.runbook.journal import Record
from scripts.runbook.plan import Facts, FailoverPlan, plan_failover, plan_switchover, plan_to_resume
from scripts.runbook.runner import Step, run_steps
from scripts.runbook.sites import Platform
from scripts.runbook.steps import FAILOVER
from scripts.runbook.switchover_steps import SWITCHOVER

To = Annotated[str, typer.Option("--to", help="The site that takes over.")]
Yes = Annotated[bool, typer.Option("--yes", help="Act. Without it the plan is shown and nothing changes.")]


def command(
    context: typer.Context,
    to: To,
    yes: Yes = False,
    single_copy: Annotated[bool, typer.Option("--single-copy", help="Go on although no other site follows.")] = False,
    accept_data_loss: Annotated[
        int | None, typer.Option("--accept-data-loss", metavar="BYTES", help="The number that the refusal showed.")
    ] = None,
) -> None:
    """Let another site take over from a primary that is gone."""

    def decided(facts: Facts, platform: Platform) -> Decision:
        return decide(facts, to, platform, single_copy, accept_data_loss)

    move(context.obj, to, yes, decided)


def switchover(context: typer.Context, to: To, yes: Yes = False) -> None:
    """Let a primary that is well hand over to another site, losing nothing; it follows the new one afterwards."""

    def decided(facts: Facts, platform: Platform) -> Decision:
        resumed = plan_to_resume(facts, to)
        if resumed is not None:
            return Decision(*resumed, FAILOVER)
        plan = plan_switchover(facts, to, platform.sites)
        return Decision(plan, f"switchover-{plan.epoch}-to-{to}-{secrets.token_hex(3)}", SWITCHOVER)

    move(context.obj, to, yes, decided)


@dataclass(frozen=True)
class Decision:
    """What will be done: the plan, the runbook's name and its steps."""

    plan: FailoverPlan
    runbook: str
    steps: tuple[Step[FailoverRun], ...]


def move(console: Console, to: str, yes: bool, decided: Callable[[Facts, Platform], Decision]) -> None:
    """Gather the facts, decide, show the plan, and act if a person said so."""
    platform = sites.load(console.folder)
    platform.known(to)
    with asyncio.Runner() as loop:
        reach = Reach.open(platform, to, loop)
        decision = decided(gather_facts(reach, to, to_act=yes), platform)
        show_plan(console, decision)
        if not yes:
            console.tell("Nothing was changed. Add --yes to act.")
            return
        records = carry_out(reach, decision, console)
    title = f"{to} is primary at epoch {decision.plan.epoch}"
    console.show(two_columns(title, {record.step: f"{record.end - record.start:.2f} s" for record in records}))


def decide(
    facts: Facts, to: str, platform: Platform, single_copy: bool = False, accept_data_loss: int | None = None
) -> Decision:
    """Decide a failover: the one that was begun and not finished, or a new one."""
    resumed = plan_to_resume(facts, to, accept_data_loss)
    if resumed is not None:
        return Decision(*resumed, FAILOVER)
    plan = plan_failover(facts, to, platform.sites, single_copy=single_copy, accept_data_loss=accept_data_loss)
    return Decision(plan, f"failover-{plan.epoch}-to-{to}-{secrets.token_hex(3)}", FAILOVER)


def carry_out(reach: Reach, decision: Decision, console: Console) -> list[Record]:
    """Run the steps of a move that a person approved."""
    with open_run(reach, decision.plan, decision.runbook, _person(), console.warn) as run:
        return run_steps(decision.steps, run, console.say)


def _person() -> str:
    """Return the name of whoever runs the command, or the number where the machine has no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def show_plan(console: Console, decision: Decision) -> None:
    """Print what will happen, on which evidence, and what may be lost."""
    plan = decision.plan
    rows: dict[str, object] = {
        "from": f"{plan.old} (epoch {plan.from_epoch})",
        "to": f"{plan.new} (epoch {plan.epoch})",
        "runbook": decision.runbook,
    }
    for number, line in enumerate(plan.evidence, 1):
        rows[f"evidence {number}"] = line
    rows["followed by"] = ", ".join(plan.followers) or "nobody: a single copy until another site follows"
    rows["may be lost"] = (
        f"{plan.at_risk_bytes} bytes of log, accepted" if plan.at_risk_bytes else "nothing that was acknowledged"
    )
    rows["steps"] = "\n".join(f"{number}. {step.title}" for number, step in enumerate(decision.steps, 1))
    console.show(two_columns("Plan", rows))
