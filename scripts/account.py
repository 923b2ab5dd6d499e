"""`lifeboat account ...`: limit a person, so that only those who follow already read them, and take it back.

A plan by default, an act with --yes. What is told as done is held by every standby that the rule names.
"""

from typing import Annotated

import typer

from scripts.console import Console, two_columns
from scripts.failover import Yes
from scripts.runbook import fence, limiting, sites
from scripts.runbook.errors import NotConfirmedEverywhere
from scripts.runbook.join import agent_connection
from scripts.runbook.primary import find_primary

app = typer.Typer(no_args_is_help=True, help="Limit a person, or take that back.")

Name = Annotated[str, typer.Argument(help="The person's name, as in their address.")]


@app.command()
def limit(context: typer.Context, name: Name, yes: Yes = False) -> None:
    """Show a person's posts to those who follow already, and let everybody else ask before they follow."""
    _set(context.obj, name, yes, limited=True)


@app.command()
def unlimit(context: typer.Context, name: Name, yes: Yes = False) -> None:
    """Let everybody read a limited person again."""
    _set(context.obj, name, yes, limited=False)


def _set(console: Console, name: str, yes: bool, *, limited: bool) -> None:
    platform = sites.load(console.folder)
    primary = find_primary(platform)
    with agent_connection(platform, primary) as database:
        person = limiting.find(database, name)
        console.show(two_columns(f"@{person.username}", _plan(person, primary, limited)))
        if not yes:
            console.tell("Nothing was changed. Add --yes to act.")
            return
        limiting.set_limited(database, person.username, limited)
        confirmed, silent = fence.acknowledge_everywhere(database)
    if silent:
        raise NotConfirmedEverywhere(f"@{person.username}", primary, tuple(sorted(silent)))
    now = "is limited" if limited else "is read by everybody again"
    console.tell(
        f"@{person.username} {now} at {primary}, confirmed by {' and '.join(sorted(confirmed)) or 'nobody else'}."
    )


def _plan(person: limiting.Person, primary: str, limited: bool) -> dict[str, object]:
    return {
        "now": f"limited since {person.limited_at:%Y-%m-%d %H:%M} UTC" if person.limited_at else "read by everybody",
        "will be": "read by those who follow already" if limited else "read by everybody",
        "followers": person.followers,
        "where": f"at {primary}, and told as done when every standby of the rule has it",
    }
