"""`lifeboat rejoin SITE` and `lifeboat reprotect`: sites get back behind the primary. A plan by default, an act with --yes."""

from typing import Annotated

import typer

from scripts.console import Console
from scripts.failover import As, Yes, carry_out
from scripts.runbook import event_loop, sites
from scripts.runbook.errors import CopyNeeded, NothingToReturn
from scripts.runbook.failover import Reach, gather_facts
from scripts.runbook.plan import Facts
from scripts.runbook.requests import Wish
from scripts.runbook.sites import Platform
from scripts.runbook.way_back import astray, plan_return

Copy = Annotated[bool, typer.Option("--copy", help="Allow a full copy where nothing less will do.")]


def command(
    context: typer.Context,
    site: Annotated[str, typer.Argument(help="The site that came back and is to follow.")],
    copy: Copy = False,
    yes: Yes = False,
    operator: As = None,
) -> None:
    """Let a site that came back follow the primary, and report every row that it alone had."""
    carry_out(context.obj, Wish("copy" if copy else "rejoin", site), yes, operator)


def reprotect(context: typer.Context, copy: Copy = False, yes: Yes = False, operator: As = None) -> None:
    """Let every site that answers and does not follow get back behind the primary, without a copy where that can be."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    with event_loop.opened() as loop:
        facts = gather_facts(Reach.open(platform, "operator", loop))
    wishes, refused = [], []
    for site in astray(facts, platform.sites):
        try:
            wishes.append(_wish(facts, platform, site, copy))
        except CopyNeeded as reason:
            refused.append(reason)
    for wish in wishes:
        carry_out(console, wish, yes, operator)
    if refused:
        raise refused[0]
    if not wishes:
        raise NothingToReturn("Every site that answers follows the primary; there is nothing to do.")


def _wish(facts: Facts, platform: Platform, site: str, copy: bool) -> Wish:
    """Return the cheapest way back. Raises CopyNeeded when that is a copy, and no copy was allowed."""
    try:
        plan_return(facts, site, platform.sites)
    except CopyNeeded:
        if not copy:
            raise
        return Wish("copy", site)
    return Wish("rejoin", site)
