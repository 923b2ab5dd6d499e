"""`lifeboat certificate renew`: the one certificate that no provider renews while its site stands by."""

from typing import Annotated

import typer

from scripts.console import Console
from scripts.runbook import sites
from scripts.runbook.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="The certificates of the edges.")


@app.callback()
def certificates() -> None:
    """Keep `renew` a command of its own, beside those that may come."""


@app.command("renew")
def renew(
    context: typer.Context,
    site: Annotated[str, typer.Option("--site", help="Whose edge takes its certificate from a vault: azure.")],
    even_if_fresh: Annotated[bool, typer.Option("--even-if-fresh", help="Renew it before it is due.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Renew it; without it, only say how long it lasts.")] = False,
) -> None:
    """Renew a site's certificate if it has fewer than 30 days left. The site's agent does the same twice a day."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    renewal = platform.renewals.get(platform.known(site))
    if renewal is None:
        raise UsageError(f"{site} has no certificate to renew here: access.json names no vault for it under renewals.")
    days = renewal.days_left()
    console.tell(f"{renewal.hostname}: " + ("there is no certificate." if days is None else f"{days:.0f} days left."))
    if not (even_if_fresh or renewal.is_due(days)):
        console.tell("It is not due.")
    elif yes:
        console.tell(f"Renewed: {renewal.renew(console.warn):.0f} days left.")
    else:
        console.tell("Nothing was changed. Add --yes to renew it.")
