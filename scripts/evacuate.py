"""`lifeboat evacuate SITE`: leave a provider by a given moment; what still depends on it, and how long there is."""

import datetime
from typing import Annotated

import typer
from rich.table import Table

from scripts import failover
from scripts.console import Console
from scripts.failover import As, Yes
from scripts.readiness import INVENTORY, InventoryFile
from scripts.runbook import evacuation, event_loop, outside, sites
from scripts.runbook.errors import RegisterUnreachable, UsageError
from scripts.runbook.evacuation import Item
from scripts.runbook.failover import Reach, gather_facts
from scripts.runbook.inventory import read_inventory
from scripts.runbook.plan import Facts
from scripts.runbook.requests import Wish
from scripts.runbook.sites import Platform

STATES = {True: "remains", False: "left", None: "unknown"}


def command(
    context: typer.Context,
    site: Annotated[str, typer.Argument(help="The site that is to be left.")],
    by: Annotated[str, typer.Option("--by", metavar="TIME", help="When the provider ends it: 2026-11-30T18:00Z.")],
    yes: Yes = False,
    operator: As = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    inventory: InventoryFile = INVENTORY,
) -> None:
    """Show what still depends on a site and how long there is; with --yes, hand the primary's role over first."""
    console: Console = context.obj
    deadline = _moment(by)
    platform = sites.load(console.folder)
    platform.known(site)
    facts = _facts(platform)
    if yes and facts.record is not None and facts.record.holder == site:
        failover.carry_out(console, Wish("switchover", _next_primary(platform, facts, site)), yes, operator)
        facts = _facts(platform)
    answer = outside.readiness(platform.outside_url)
    entries = read_inventory(inventory)
    items = event_loop.run(evacuation.dependences(platform, facts, answer, entries, site))
    left = deadline - datetime.datetime.now(datetime.UTC)
    if as_json:
        console.print_json({"site": site, "by": deadline.isoformat(), "seconds_left": round(left.total_seconds()),
                            "items": [vars(item) for item in items]})  # fmt: skip
    else:
        console.show(_table(site, left, items))


def _facts(platform: Platform) -> Facts:
    with event_loop.opened() as loop:
        facts = gather_facts(Reach.open(platform, "operator", loop))
    if facts.record is None:
        raise RegisterUnreachable(platform.sites)
    return facts


def _next_primary(platform: Platform, facts: Facts, site: str) -> str:
    """Return the standby in step that is furthest; the switchover's own plan says whether it can."""
    standbys = [
        name for name in platform.others(site) if facts.answers(name) and facts.statuses[name].following == site
    ]
    return max(standbys or platform.others(site), key=lambda name: facts.statuses[name].applied if standbys else 0)


def _moment(text: str) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError as reason:
        raise UsageError(f"--by {text} is no time: write it like 2026-11-30T18:00Z.") from reason
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _table(site: str, left: datetime.timedelta, items: list[Item]) -> Table:
    remaining = sum(item.remains is True for item in items)
    hours = left.total_seconds() / 3600
    clock = f"{hours:.1f} h left" if hours > 0 else f"its time was over {-hours:.1f} h ago"
    title = f"{remaining} things still depend on {site}; {clock}"
    table = Table("what", "state", "fact", "what ends it", title=title, title_justify="left")
    for item in items:
        table.add_row(item.what, STATES[item.remains], item.fact, item.remedy if item.remains else "")
    return table
