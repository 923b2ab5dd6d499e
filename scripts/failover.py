"""`lifeboat failover` and `lifeboat switchover`: another site takes over. A plan by default, an act with --yes.

The command signs a request and follows what the agents do; it reaches the control stores and nothing else.
"""

from dataclasses import dataclass
from typing import Annotated

import typer

from scripts.console import Console, Progress, two_columns
from scripts.runbook import asking, event_loop, failback, operator_keys, sites
from scripts.runbook.asking import Follower, Preflight
from scripts.runbook.errors import RegisterUnreachable
from scripts.runbook.failover import Reach, gather_facts
from scripts.runbook.journal import Record
from scripts.runbook.requests import Wish
from scripts.runbook.signing import Signer
from scripts.runbook.verbs import VERBS

To = Annotated[str, typer.Option("--to", help="The site that takes over.")]
Yes = Annotated[bool, typer.Option("--yes", help="Act. Without it the plan is shown and nothing changes.")]
As = Annotated[str | None, typer.Option("--as", metavar="NAME", help="The operator who asks, where several could.")]


def command(
    context: typer.Context,
    to: To,
    yes: Yes = False,
    single_copy: Annotated[bool, typer.Option("--single-copy", help="Go on although no other site follows.")] = False,
    accept_data_loss: Annotated[
        int | None, typer.Option("--accept-data-loss", metavar="BYTES", help="The number that the refusal showed.")
    ] = None,
    operator: As = None,
) -> None:
    """Let another site take over from a primary that is gone."""
    carry_out(context.obj, Wish("failover", to, single_copy, accept_data_loss), yes, operator)


def switchover(context: typer.Context, to: To, yes: Yes = False, operator: As = None) -> None:
    """Let a primary that is well hand over to another site, losing nothing; it follows the new one afterwards."""
    carry_out(context.obj, Wish("switchover", to), yes, operator)


def fail_back(context: typer.Context, yes: Yes = False, operator: As = None) -> None:
    """Go back to the site that was primary before, by a switchover, once it is in step again."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    with event_loop.opened() as loop:
        facts = gather_facts(Reach.open(platform, "operator", loop))
        if facts.record is None:
            raise RegisterUnreachable(platform.sites)
        to = loop.run(failback.primary_before(platform, facts.record))
    failback.check(facts, to)
    carry_out(console, Wish("switchover", to), yes, operator)


def carry_out(console: Console, wish: Wish, yes: bool, operator: str | None = None) -> None:
    """Show the plan of a wish and, if a person said so, ask for it and follow it to its end."""
    platform = sites.load(console.folder)
    platform.known(wish.to)
    signer = operator_keys.signer_here(platform, operator) if yes else None
    with event_loop.opened() as loop:
        reach = Reach.open(platform, "operator", loop)
        found = asking.preflight(reach, wish, to_act=yes)
        show_plan(console, found)
        if signer is None:
            console.tell("Nothing was changed. Add --yes to act.")
            return
        records = ask_and_follow(reach, signer, found, console)
    done = {record.step: f"{record.end - record.start:.2f} s" for record in records if record.outcome == "done"}
    console.show(two_columns(f"{wish.verb} to {wish.to} is done", done))


@dataclass(frozen=True)
class Done:
    """What was planned and what was done."""

    found: Preflight
    records: list[Record]


def say_the_word(console: Console, wish: Wish) -> Done:
    """Ask for a wish without showing its plan, and follow it to its end: for a program that has decided already."""
    platform = sites.load(console.folder)
    with event_loop.opened() as loop:
        reach = Reach.open(platform, "operator", loop)
        found = asking.preflight(reach, wish, to_act=True)
        return Done(found, ask_and_follow(reach, operator_keys.signer_here(platform), found, console))


def ask_and_follow(reach: Reach, signer: Signer, found: Preflight, console: Console) -> list[Record]:
    """Say the word, unless the site is at it already, and tell every step as it ends."""
    known, nonce, until = "", "", 0.0
    if found.running is not None:
        known, nonce = found.running.runbook, found.running.nonce
    else:
        request = asking.ask(reach, signer, found)
        nonce, until = request.nonce, request.expires
    try:
        with console.progress(f"waiting for the agent of {found.wish.to}") as progress:
            watcher = _Watcher(console, found.wish, progress)
            follower = Follower.open(reach, found.wish.to, nonce, watcher.tell, watcher.accepted)
            return follower.to_the_end(known, until)
    except KeyboardInterrupt:
        console.warn("You no longer watch; the agents go on. The same command follows what is under way.")
        raise


class _Watcher:
    """Tells each step as it ends, and shows which one is under way."""

    def __init__(self, console: Console, wish: Wish, progress: Progress) -> None:
        self.console, self.wish, self.progress = console, wish, progress
        self.steps = VERBS[wish.verb].steps
        self.titles = {step.name: step.title for step in self.steps}

    def accepted(self, runbook: str) -> None:
        self.console.say(f"the agent of {self.wish.to} runs {runbook}")
        self._show(0)

    def tell(self, record: Record) -> None:
        title = self.titles.get(record.step, record.step)
        refused = "" if record.outcome == "done" else f" ({record.outcome}: {record.evidence.get('reason', '')})"
        self.console.say(f"{record.end - record.start:6.2f} s  {title}{refused}")
        numbers = [number for number, step in enumerate(self.steps, 1) if step.name == record.step]
        self._show(numbers[0] if numbers and record.outcome == "done" else 0)

    def _show(self, done: int) -> None:
        if done < len(self.steps):
            self.progress(f"{done + 1}/{len(self.steps)} {self.steps[done].title}")


def show_plan(console: Console, found: Preflight) -> None:
    """Print what will happen, on which evidence, and what may be lost."""
    if found.plan is None or found.running is not None:
        running = found.running
        console.say(f"{found.wish.to} is at it already: {running.runbook if running else ''}")
        return
    steps = "\n".join(f"{number}. {step.title}" for number, step in enumerate(VERBS[found.wish.verb].steps, 1))
    goes_on = {"goes on with": found.plan.resumes} if found.plan.resumes else {}
    before = {"took last time": found.last_time or "no whole run of it was found in the ledgers"}
    console.show(two_columns("Plan", {**found.plan.rows(), **goes_on, **before, "steps": steps}))
