"""`lifeboat join SITE`: make an empty site a standby of the primary. A plan by default, an act with --yes."""

from typing import Annotated

import typer

from scripts.failover import As, Yes, carry_out
from scripts.runbook.requests import Wish


def command(
    context: typer.Context,
    site: Annotated[str, typer.Argument(help="The empty site that is to follow.")],
    yes: Yes = False,
    operator: As = None,
) -> None:
    """Copy the primary's tables into an empty site and let it follow."""
    carry_out(context.obj, Wish("join", site), yes, operator)
