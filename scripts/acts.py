"""`lifeboat acts`: what a site needs once and no resource of its stack is; Azure alone has such acts."""

import time
from typing import Annotated

import typer

from app.stores import StoreUrl
from scripts.console import Console
from scripts.runbook import azure_identity, event_loop, sites, status
from scripts.runbook.azure_management import LOCKED, Management
from scripts.runbook.errors import AzureRefused, UsageError
from scripts.runbook.lease import read_record
from scripts.runbook.registers import open_register
from scripts.runbook.sites import Platform

app = typer.Typer(no_args_is_help=True, help="What a site needs once and no resource of its stack is.")

RESTART_SECONDS = 600
CLOUD = "azure"
Site = Annotated[str, typer.Option("--site", help="The site, which must be one on Azure.")]
Subscription = Annotated[
    str, typer.Option("--subscription", envvar="AZURE_SUBSCRIPTION_ID", help="Its subscription; else the one of `az`.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Act; without it, only say how it stands.")]


@app.command("restart")
def restart(
    context: typer.Context,
    site: Site,
    subscription: Subscription = "",
    even_the_primary: Annotated[
        bool, typer.Option("--even-the-primary", help="Restart the site that takes the writes: they pause meanwhile.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Restart a site's database if a setting waits for that, and see that none waits any more."""
    console: Console = context.obj
    platform = _platform(console, site)
    waiting = _waiting(platform, site)
    if waiting is None:
        raise UsageError(f"The agent of {site} does not say which settings wait for a restart: look at its log first.")
    if not waiting:
        console.tell(f"{site}: no setting waits for a restart.")
        return
    console.tell(f"{site}: {', '.join(waiting)} wait for a restart of the database.")
    _refuse_primary(platform, site, even_the_primary)
    if not yes:
        console.tell("Nothing was changed. Add --yes to restart it.")
        return
    _management(subscription).restart(site)
    _wait_until_none_waits(platform, site)
    console.tell(f"{site}: restarted; no setting waits any more.")


@app.command("lock")
def lock(context: typer.Context, site: Site, subscription: Subscription = "", yes: Yes = False) -> None:
    """Lock the retention of a site's ledger and audit log for good: afterwards nobody can shorten it, nor delete the stores."""
    console: Console = context.obj
    outputs = _platform(console, site).outputs[site]
    management = _management(subscription)
    for account in sorted({StoreUrl.parse(url).names[0] for url in (outputs.ledger_url, outputs.audit_url) if url}):
        before = management.retention(account)
        if before != LOCKED and yes:
            management.lock(account)
            console.tell(f"{account}: locked for good.")
        else:
            console.tell(f"{account}: {before.lower() or 'has no retention'}.")
    if yes:
        console.tell(
            f"Now `pulumi config set retention_locked true --stack {site}`: the next `pulumi up` must ask for it too."
        )
    else:
        console.tell("Nothing was changed. --yes locks what is unlocked, and nobody can take that back.")


@app.command("approve")
def approve(context: typer.Context, site: Site, subscription: Subscription = "", yes: Yes = False) -> None:
    """Approve the private link by which a site's edge reaches its processes."""
    console: Console = context.obj
    _platform(console, site)
    management = _management(subscription)
    waiting = management.waiting_links(site)
    for link in waiting:
        console.tell(f"{site}: waits for approval: {link.rpartition('/')[2]}")
    if not waiting:
        console.tell(f"{site}: no private link waits for approval.")
    elif yes:
        management.approve(site)
        console.tell(f"{site}: approved. `lifeboat readiness` says within a minute whether the edge serves.")
    else:
        console.tell("Nothing was changed. Add --yes to approve.")


def _platform(console: Console, site: str) -> Platform:
    platform = sites.load(console.folder)
    if platform.outputs[platform.known(site)].cloud != CLOUD:
        raise UsageError(f"{site} is not on Azure, and every other cloud does all of this by its resources.")
    return platform


def _management(subscription: str) -> Management:
    return Management(subscription or azure_identity.subscription())


def _waiting(platform: Platform, site: str) -> tuple[str, ...] | None:
    """Return the settings that wait for a restart by the word of the site's agent; None while it says nothing of them."""
    heard = event_loop.run(status.hear(platform.lease_stores(), platform.public_keys, site)).status
    return heard.health.pending if heard and heard.health else None


def _refuse_primary(platform: Platform, site: str, even_so: bool) -> None:
    record = event_loop.run(read_record(open_register(platform, "acts")))
    if record is not None and record.holder == site and not even_so:
        raise UsageError(
            f"{site} takes the writes, which would pause for about a minute: hand over first (`lifeboat switchover`), "
            "or add --even-the-primary."
        )


def _wait_until_none_waits(platform: Platform, site: str) -> None:
    deadline = time.monotonic() + RESTART_SECONDS
    while (left := _waiting(platform, site)) != ():
        if time.monotonic() > deadline:
            raise AzureRefused(
                f"{', '.join(left or ('settings',))} of {site} still wait {RESTART_SECONDS} s after the restart was ordered."
            )
        time.sleep(2)
