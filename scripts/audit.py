"""`lifeboat audit copy`: keep each site's audit log at the other two providers."""

import datetime
from typing import Annotated

import typer
from obstore.exceptions import BaseError

from app.stores import open_store
from scripts.console import Console
from scripts.runbook import audit, sites
from scripts.runbook.errors import AuditNotCopied
from scripts.runbook.sites import Platform

app = typer.Typer(no_args_is_help=True, help="The audit logs.")


@app.callback()
def logs() -> None:
    """Keep `copy` a command of its own, beside those that may come."""


@app.command("copy")
def copy(
    context: typer.Context,
    days: Annotated[int, typer.Option("--days", min=1, help="How far back to look for what was not copied yet.")] = 3,
    yes: Annotated[bool, typer.Option("--yes", help="Copy; without it, only say what would be copied.")] = False,
) -> None:
    """Copy what each site's audit log holds to the ledgers of the others. Run it every hour; it copies nothing twice."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    since = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
    logged = [site for site in platform.sites if platform.outputs[site].audit_url]
    if not logged:
        console.tell("No site keeps an audit log.")
    for site in logged:
        for other in platform.others(site):
            console.tell(_copy(platform, site, other, since, yes))


def _copy(platform: Platform, site: str, other: str, since: datetime.datetime, yes: bool) -> str:
    credentials = platform.credentials()
    log = open_store(platform.outputs[site].audit_url, credentials)
    ledger = open_store(platform.outputs[other].ledger_url, credentials)
    try:
        lacking = audit.missing(audit.entries(log, since), site, ledger)
        if yes:
            audit.copy(lacking, site, log, ledger)
    except (BaseError, FileNotFoundError) as reason:
        raise AuditNotCopied(
            f"The audit log of {site} cannot be copied to {other}: {str(reason).splitlines()[0]}"
        ) from reason
    return f"{site} to {other}: {len(lacking)} files {'copied' if yes else 'would be copied'}."
