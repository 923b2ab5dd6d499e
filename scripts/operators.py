"""`lifeboat operator ...`: who may say the word."""

from typing import Annotated

import typer
from rich.table import Table

from scripts.console import Console
from scripts.runbook import operator_keys, sites

app = typer.Typer(no_args_is_help=True, help="Say who may let a site take over.")

Name = Annotated[str, typer.Argument(help="The operator's name: lower-case letters, digits and hyphens.")]


@app.command()
def add(context: typer.Context, name: Name) -> None:
    """Make a key for an operator on this computer, and put its public half into the platform's reviewed file."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    signer = operator_keys.add(platform, name)
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
def remove(context: typer.Context, name: Name) -> None:
    """Trust an operator no more, because the key is lost or the person has left."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    operator_keys.remove(platform, name)
    console.tell(
        f"{name} stands in {platform.folder / 'platform.json'} no more: have that reviewed and rolled out to the three "
        "agents; until then they still obey that key."
    )
