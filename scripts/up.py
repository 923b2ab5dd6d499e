"""`lifeboat up`: apply a saved plan to a site, if it is still the plan that somebody has read. And `lifeboat drift`."""

from pathlib import Path
from typing import Annotated

import typer

from scripts.console import Console
from scripts.deploying.pulumi import Pulumi
from scripts.deploying.saved_plan import PLANS, check_plan
from scripts.previewing.recordings import CLOUDS
from scripts.runbook.errors import PlanRefused

ROOT = Path(__file__).parents[1]
Stack = Annotated[str, typer.Argument(help="The stack: aws, gcp or azure.")]


def command(
    context: typer.Context,
    stack: Stack,
    plan: Annotated[Path, typer.Option("--plan", metavar="FOLDER", help="Where the plan was saved.")] = PLANS,
    yes: Annotated[
        bool, typer.Option("--yes", help="Act. Without it the plan is checked and nothing changes.")
    ] = False,
) -> None:
    """Apply a saved plan; one of another commit, stack or state is refused."""
    console: Console = context.obj
    check_stack(stack)
    engine = Pulumi(ROOT)
    file = check_plan(ROOT, stack, plan.resolve(), engine)
    if not yes:
        console.tell(f"The plan for {stack} is of this commit and this state. Apply it with --yes.")
        return
    console.tell(engine.up(stack, file))


def drift(context: typer.Context, stack: Stack) -> None:
    """Ask the provider whether a site still is what its state says; ends with 2 where it is not."""
    console: Console = context.obj
    check_stack(stack)
    Pulumi(ROOT).drift(stack)
    console.tell(f"{stack} is what its state says.")


def check_stack(stack: str) -> None:
    """Refuse a stack that does not exist."""
    if stack not in CLOUDS:
        raise PlanRefused(f"There is no stack {stack!r}: choose {', '.join(CLOUDS)}.")
