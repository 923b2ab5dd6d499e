"""`lifeboat join SITE`: make an empty site a standby of the primary. A plan by default, an act with --yes."""

import asyncio
from typing import Annotated

import typer

from scripts.console import Console, two_columns
from scripts.runbook import join, sites
from scripts.runbook.errors import RegisterUnreachable
from scripts.runbook.failover import Reach
from scripts.runbook.lease import read_record


def command(
    context: typer.Context,
    site: Annotated[str, typer.Argument(help="The empty site that is to follow.")],
    yes: Annotated[bool, typer.Option("--yes", help="Act. Without it the plan is shown and nothing changes.")] = False,
) -> None:
    """Copy the primary's tables into an empty site and let it follow."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    platform.known(site)
    with asyncio.Runner() as loop:
        record = loop.run(read_record(Reach.open(platform, "operator", loop).register))
    if record is None:
        raise RegisterUnreachable(platform.sites)
    tables = join.refuse_unless_empty(platform, site, record.holder)
    standbys = tuple(name for name in platform.others(record.holder) if name == site or join.follows(platform, name))
    show = {
        "site": site,
        "primary": f"{record.holder} (epoch {record.epoch})",
        "tables to copy": tables,
        "standbys then": ", ".join(standbys),
    }
    console.show(two_columns("Plan", show))
    if not yes:
        console.tell("Nothing was changed. Add --yes to act.")
        return
    console.say(f"copying {tables} tables from {record.holder} to {site}")
    join.join(platform, site, record.holder, record.epoch)
    for name in standbys:
        join.keep_way_back(platform, name, standbys)
    console.tell(f"{site} follows {record.holder}, and has a slot ready for every other standby.")
