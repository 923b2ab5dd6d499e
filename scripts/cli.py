"""The command `lifeboat`: reads arguments, calls the library, and is the only place that prints an error."""

import atexit
import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.stores import BadStoreCredentials, BadStoreUrl
from scripts.console import Console, show_refusal
from scripts.runbook.errors import LifeboatError, UsageError

ROOT = Path(__file__).parents[1]

GROUPS = {
    "local": "scripts.local",
    "media": "scripts.media",
    "membership": "scripts.membership",
    "operator": "scripts.operators",
    "peers": "scripts.peers",
    "takedown": "scripts.takedown",
    "access": "scripts.access",
    "account": "scripts.account",
    "acts": "scripts.acts",
    "audit": "scripts.audit",
    "certificate": "scripts.certificate",
}
COMMANDS = {
    "failover": "scripts.failover:command",
    "switchover": "scripts.failover:switchover",
    "failback": "scripts.failover:fail_back",
    "evacuate": "scripts.evacuate:command",
    "join": "scripts.join:command",
    "journal": "scripts.journal:command",
    "migrate": "scripts.migrate:command",
    "drill": "scripts.drill:command",
    "demo": "scripts.demo:command",
    "preview": "scripts.preview:command",
    "rejoin": "scripts.rejoin:command",
    "reprotect": "scripts.rejoin:reprotect",
    "room": "scripts.room:command",
    "cost": "scripts.cost:command",
    "credentials": "scripts.credentials:command",
    "secrets": "scripts.site_secrets:command",
    "rule": "scripts.rule:command",
    "readiness": "scripts.readiness:command",
    "inventory": "scripts.inventory:command",
    "serve": "scripts.serve:command",
    "up": "scripts.up:command",
    "drift": "scripts.up:drift",
}
"""Where each command lives. Only what is called gets loaded: a preview waits for no database driver."""


def shared(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("--dir", help="Where the platform's files and all local state lie.")] = ROOT
    / ".lifeboat"
    / "local",
) -> None:
    context.obj = Console(folder.resolve())
    # What the app's own functions log, a command says in its own words.
    logging.getLogger("app").addHandler(logging.NullHandler())


def build(words: Sequence[str]) -> typer.Typer:
    """Return the command with those parts that some words name, or with all of them where none is named."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Keep one social app able to leave any of its three clouds.",
    )
    app.callback()(shared)
    known = {*GROUPS, *COMMANDS}
    named = known & set(words) or known
    for name in [one for one in GROUPS if one in named]:
        app.add_typer(importlib.import_module(GROUPS[name]).app, name=name)
    for name in [one for one in COMMANDS if one in named]:
        module, _, function = COMMANDS[name].partition(":")
        app.command(name)(getattr(importlib.import_module(module), function))
    return app


class Leaving:
    """Ends the process when Python has waited for its own threads, before it takes itself down.

    The client of the object stores has threads of its own, which may still be at work then, and abort the process: a
    command that did everything would end as if it had failed.
    """

    def __init__(self) -> None:
        self.code = 1

    def __call__(self) -> None:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(self.code)


def main() -> None:
    """Run a command; a refusal is one sentence on standard error and an exit code, never a traceback."""
    try:
        build(sys.argv[1:])(standalone_mode=True)
    except LifeboatError as refusal:
        show_refusal(str(refusal))
        sys.exit(refusal.exit_code)
    except (BadStoreUrl, BadStoreCredentials) as refusal:
        show_refusal(str(refusal))
        sys.exit(UsageError.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


def enter() -> None:
    """Run a command as the whole of this process."""
    leaving = Leaving()
    atexit.register(leaving)
    try:
        main()
        leaving.code = 0
    except SystemExit as left:
        leaving.code = left.code if isinstance(left.code, int) else int(left.code is not None)


if __name__ == "__main__":
    enter()
