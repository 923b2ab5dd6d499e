"""The command `lifeboat`: reads arguments, calls the library, and is the only place that prints an error."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.stores import BadStoreCredentials, BadStoreUrl
from scripts import demo, failover, join, journal, local, membership, operators, preview
from scripts.console import Console, show_refusal
from scripts.runbook.errors import LifeboatError, UsageError

ROOT = Path(__file__).parents[1]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keep one social app able to leave any of its three clouds.",
)
app.add_typer(local.app, name="local")
app.add_typer(membership.app, name="membership")
app.add_typer(operators.app, name="operator")
app.command("failover")(failover.command)
app.command("switchover")(failover.switchover)
app.command("join")(join.command)
app.command("journal")(journal.command)
app.command("demo")(demo.command)
app.command("preview")(preview.command)


@app.callback()
def shared(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("--dir", help="Where the platform's files and all local state lie.")] = ROOT
    / ".lifeboat"
    / "local",
) -> None:
    context.obj = Console(folder.resolve())


def main() -> None:
    """Run a command; a refusal is one sentence on standard error and an exit code, never a traceback."""
    try:
        app(standalone_mode=True)
    except LifeboatError as refusal:
        show_refusal(str(refusal))
        sys.exit(refusal.exit_code)
    except (BadStoreUrl, BadStoreCredentials) as refusal:
        show_refusal(str(refusal))
        sys.exit(UsageError.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
