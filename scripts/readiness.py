"""`lifeboat readiness`: one page that says whether the platform could leave a cloud right now; red is exit code 1."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scripts.console import Console
from scripts.runbook import event_loop, sites
from scripts.runbook.inventory import read_inventory
from scripts.runbook.readiness import Line, State, is_red, worst
from scripts.runbook.readiness_facts import gather, judge

INVENTORY = Path(__file__).parents[1] / "stacks" / "inventory.toml"
STYLES = {State.GREEN: "green", State.ARM: "yellow", State.PRE_STAGE: "red", State.GO: "bold red"}

InventoryFile = Annotated[Path, typer.Option("--inventory", help="The file that lists what the platform stands on.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def command(context: typer.Context, inventory: InventoryFile = INVENTORY, as_json: AsJson = False) -> None:
    """Look at everything a move would need: what, how it stands, what to do."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    lines = judge(event_loop.run(gather(platform, read_inventory(inventory))))
    if as_json:
        state = worst(lines).word
        console.print_json({"state": state, "red": is_red(lines), "lines": [line.to_json() for line in lines]})
    else:
        console.show(page(lines))
    if is_red(lines):
        raise typer.Exit(1)


def page(lines: list[Line], name: str = "Readiness") -> Table:
    """Return the page: the worst first, each with what to do."""
    state = worst(lines)
    red = sum(line.state >= State.PRE_STAGE for line in lines)
    title = f"{name}: {state.word}" + (f"; {red} of {len(lines)} lines are red" if red else "")
    table = Table("state", "what", "seen", "to do", title=title, title_justify="left", pad_edge=False)
    for line in lines:
        table.add_row(f"[{STYLES[line.state]}]{line.state.word}[/]", *map(_plain, (line.what, line.seen, line.to_do)))
    return table


def _plain(text: str) -> str:
    """Return a text in which brackets are no markup."""
    return text.replace("[", r"\[")
