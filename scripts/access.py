"""`lifeboat access`: take away what a site may do at the others."""

from typing import Annotated

import typer

from scripts.console import Console
from scripts.peers import PEERS, STACKS, Folder, Yes, known_peers, write_peers
from scripts.runbook.peers import shut_out

app = typer.Typer(no_args_is_help=True, help="Who may enter a site.")


@app.callback()
def access() -> None:
    """Keep `revoke` a command of its own, beside those that may come."""


@app.command("revoke")
def revoke(
    context: typer.Context,
    site: Annotated[str, typer.Argument(help="The site that nobody shall let in any more.")],
    stacks: Folder = STACKS,
    yes: Yes = False,
) -> None:
    """Shut one site out of the others: its tunnels, its port to their databases, its rights on their stores."""
    console: Console = context.obj
    peers = known_peers(stacks)
    write_peers(console, stacks / PEERS, shut_out(site, peers), yes)
    others = [name for name in sorted(peers) if name != site]
    if yes:
        console.tell("It takes effect with: " + "; ".join(f"pulumi up --stack {name}" for name in others) + ".")
