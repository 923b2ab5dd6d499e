"""`lifeboat serve`: become one of the three processes of a site, as the image's command does in every cloud."""

import os
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from scripts.runbook.errors import UsageError

PORT = "8080"
"""Where web listens unless PORT says otherwise; Cloud Run sets it."""
WEB = (
    "uvicorn", "--factory", "app.main:create_app_from_environment", "--host", "0.0.0.0",  # noqa: S104  # nosec B104
    "--no-access-log", "--no-proxy-headers",
)  # fmt: skip
"""It listens on every address of its container; what may reach it, the site's network decides."""


class UnknownProcess(UsageError):
    """A process was named that no site has, or that lacks what it needs to begin."""


def command(process: Annotated[str, typer.Argument(help="web, worker or agent.")]) -> None:
    """Run one process of a site; the environment says which site, which database and which stores."""
    argv = modules(process, os.environ)
    os.execv(sys.executable, [sys.executable, "-m", *argv])  # noqa: S606  (the process takes this one's place)  # nosec B606


def modules(process: str, environment: Mapping[str, str]) -> list[str]:
    """Return what Python is to run for a process. Raises UnknownProcess."""
    site, port = environment.get("SITE", ""), environment.get("PORT", PORT)
    known = {
        "web": [*WEB, "--port", port],
        "worker": ["app.worker"],
        "agent": ["scripts.runbook.agent"],
    }
    if process not in known:
        raise UnknownProcess(f"There is no process {process!r}: choose {', '.join(known)}.")
    if not site:
        raise UnknownProcess("SITE is not set: the environment of a process names its site.")
    if not port.isdecimal():
        raise UnknownProcess(f"PORT is {port!r}, which is no port.")
    return known[process]
