"""`lifeboat inventory`: what the platform stands on, and whether the loss of any one owner would stop recovery."""

import typer
from rich.table import Table

from scripts.console import Console
from scripts.readiness import INVENTORY, InventoryFile, page
from scripts.runbook.inventory import inventory_lines, read_inventory
from scripts.runbook.readiness import is_red


def command(context: typer.Context, inventory: InventoryFile = INVENTORY) -> None:
    """List every vendor with its owner, who can switch it off and what replaces it; fail where recovery needs one twice."""
    console: Console = context.obj
    entries = read_inventory(inventory)
    table = Table("kind", "site", "vendor", "owner", "switched off by", "replaced by", "recovery needs it")
    for entry in entries:
        words = (entry.vendor or "not chosen", entry.owner, entry.switched_off_by, entry.replaced_by)
        table.add_row(entry.kind, entry.site, *words, "yes" if entry.recovery else "no")
    console.show(table)
    lines = inventory_lines(entries)
    console.show(page(lines, "Inventory"))
    if is_red(lines):
        raise typer.Exit(1)
