"""`lifeboat operator ...`: who may say the word."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scripts.console import Console
from scripts.peers import STACKS
from scripts.runbook import operator_keys, sites
from scripts.runbook.sites import Platform

OPERATORS = "operators.json"

app = typer.Typer(no_args_is_help=True, help="Say who may let a site take over.")

Stacks = Annotated[
    Path | None, typer.Option("--stacks", help=f"Write {OPERATORS} here too: {STACKS.name}/ of a checkout.")
]
Name = Annotated[str, typer.Argument(help="The operator's name: lower-case letters, digits and hyphens.")]


@app.command()
def add(context: typer.Context, name: Name, stacks: Stacks = None) -> None:
    """Make a key for an operator on this computer, and put its public half into the platform's reviewed file."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    signer = operator_keys.add(platform, name)
    _publish(console, platform, stacks)
    console.tell(
        f"{name} has a key in {platform.operator_key(name)}, readable by its owner alone, and {signer.public} stands in "
        f"{platform.folder / 'platform.json'}: have that line reviewed and rolled out to the three agents."
    )


@app.command("list")
def show(context: typer.Context) -> None:
    """Show every operator that the agents trust, and whose key lies on this computer."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    here = operator_keys.keys_here(platform)
    table = Table("operator", "public key", "key on this computer", title="Operators", title_justify="left")
    for name, key in platform.operators().items():
        table.add_row(name, key, "yes" if name in here else "no")
    console.show(table)


@app.command()
def remove(context: typer.Context, name: Name, stacks: Stacks = None) -> None:
    """Trust an operator no more, because the key is lost or the person has left."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    operator_keys.remove(platform, name)
    _publish(console, platform, stacks)
    console.tell(
        f"{name} stands in {platform.folder / 'platform.json'} no more: have that reviewed and rolled out to the three "
        "agents; until then they still obey that key."
    )


def _publish(console: Console, platform: Platform, stacks: Path | None) -> None:
    """Write who may say the word into the file that the clouds' agents get by the next `pulumi up`."""
    if stacks is not None:
        file = stacks / OPERATORS
        file.write_text(json.dumps(platform.operators(), indent=2, sort_keys=True) + "\n")
        console.tell(
            f"{file} names {', '.join(sorted(platform.operators()))}: have it reviewed, then run `pulumi up` for each site."
        )
