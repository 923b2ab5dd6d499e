"""`lifeboat local ...`: the three sites on this machine."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scripts import seed
from scripts.console import Console
from scripts.embedded import coming_back, harm, local_sites
from scripts.embedded.coming_back import CameBack
from scripts.embedded.layout import SITES, LocalSettings
from scripts.embedded.supervisor import NEUTRAL, Supervisor
from scripts.runbook import event_loop, sites
from scripts.runbook.errors import NothingRunning
from scripts.runbook.failover import Reach, gather_facts
from scripts.runbook.lease_record import Mode
from scripts.runbook.plan import Facts

app = typer.Typer(no_args_is_help=True, help="Run three whole sites on this machine.")

Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Where the browser finds the app.")]
PgBin = Annotated[Path | None, typer.Option("--pg-bin", help="The folder of another PostgreSQL's programs.")]
Auto = Annotated[bool, typer.Option("--auto", help="Mode auto: a standby takes over by itself, without a word.")]
Links = Annotated[
    bool, typer.Option("--links", help="Let the sites reach each other by ways that `local cut` can cut.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def up(
    context: typer.Context,
    port: Port = 8080,
    pg_bin: PgBin = None,
    as_json: AsJson = False,
    auto: Auto = False,
    links: Links = False,
) -> None:
    """Start three sites in the background and return when the app takes writes."""
    console: Console = context.obj
    mode: Mode = "auto" if auto else "confirm"
    settings = LocalSettings(console.folder, edge_port=port, pg_bin=pg_bin, mode=mode, links=links)
    started = local_sites.up(settings, console.say)
    if as_json:
        console.print_json(started.summary())
        return
    console.tell(
        f"The app is at {started.summary()['url']} after {started.cold_start_seconds} s; end it with `lifeboat local down`."
    )


@app.command()
def down(context: typer.Context) -> None:
    """End the three sites and remove their data."""
    console: Console = context.obj
    ended = local_sites.down(LocalSettings(console.folder))
    console.tell(f"{ended} processes ended; {console.folder} is gone.")


@app.command()
def kill(
    context: typer.Context,
    site: str,
    wipe: Annotated[bool, typer.Option("--wipe", help="Remove the site's data as well.")] = False,
) -> None:
    """End a whole site at once, as when a provider ends the account."""
    console: Console = context.obj
    console.tell(
        f"{site} is gone: {kill_site(console.folder, site, wipe=wipe)} processes ended at once{', its data too' if wipe else ''}."
    )


app.command("seed")(seed.command)


def kill_site(folder: Path, site: str, *, wipe: bool = False) -> int:
    """End every process of a site with SIGKILL. Raises UnknownSite, NothingRunning or AlreadyDead."""
    supervisor = harm.alive(folder, site)
    ended = supervisor.kill(site)
    if wipe:
        local_sites.wipe(folder, site)
    return ended


@app.command()
def start(context: typer.Context, site: str, as_json: AsJson = False) -> None:
    """Start a killed site again: fenced, and its store counts only once what it may have forgotten is back."""
    console: Console = context.obj
    back = coming_back.start(console.folder, site, console.say)
    if as_json:
        console.print_json({**asdict(back), "standing": back.standing})
        return
    console.tell(f"{site} is {back.standing}. {_what_was_done(back)}")


def _what_was_done(back: CameBack) -> str:
    if not back.started:
        return "All of it was running; nothing was started."
    store = "its control store was re-admitted to the register, " if back.readmitted else ""
    return f"Started: {', '.join(back.started)}; {store}{back.copied} objects that its store lacked were copied."


def pause(context: typer.Context, site: str) -> None:
    """Let a whole site hang: it accepts connections and answers nothing, until `local resume`."""
    console: Console = context.obj
    console.tell(f"{site} hangs: {harm.pause(console.folder, site)} processes were stopped where they stood.")


@app.command()
def resume(context: typer.Context, site: str) -> None:
    """Let a paused site go on where it stood."""
    console: Console = context.obj
    console.tell(f"{site} goes on: {harm.resume(console.folder, site)} processes.")


@app.command()
def cut(context: typer.Context, site: str) -> None:
    """Cut a site off: nobody else reaches its database or its store, until `local mend` (needs `local up --links`)."""
    console: Console = context.obj
    harm.cut(console.folder, site)
    console.tell(f"{site} is cut off: nobody else reaches its database or its store.")


@app.command()
def mend(context: typer.Context, site: str) -> None:
    """Let the others reach a site again that was cut off."""
    console: Console = context.obj
    harm.mend(console.folder, site)
    console.tell(f"{site} can be reached again.")


@app.command()
def refuse(context: typer.Context, site: str) -> None:
    """Close a site's storage account: its buckets answer 403 to everything, while its machines go on."""
    console: Console = context.obj
    console.tell(f"{site}'s buckets answer 403 from now on ({harm.refuse(console.folder, site)}).")


@app.command()
def status(context: typer.Context, as_json: AsJson = False) -> None:
    """Show who is primary and how each site stands."""
    console: Console = context.obj
    supervisor = Supervisor.load(console.folder)
    if not any(supervisor.alive(one) for one in (*SITES, NEUTRAL)):
        raise NothingRunning(console.folder)
    platform = sites.load(console.folder)
    with event_loop.opened() as loop:
        facts = gather_facts(Reach.open(platform, "operator", loop))
    if as_json:
        console.print_json(_as_json(facts, supervisor))
    else:
        console.show(_as_table(facts, supervisor))


def _as_json(facts: Facts, supervisor: Supervisor) -> dict[str, object]:
    record = facts.record
    described = {
        site: {**facts.statuses[site].to_body(), "age_seconds": round(facts.ages[site], 1)} for site in facts.statuses
    }
    memory = supervisor.memory_mib()
    return {
        "primary": record.holder if record else None,
        "epoch": record.epoch if record else None,
        "state": record.state if record else None,
        "rule": json.loads(record.rule.to_json()) if record else None,
        "single_copy": record.rule.is_single_copy if record else None,
        "alive": {site: [one.name for one in supervisor.alive(site)] for site in (*SITES, NEUTRAL)},
        "sites": described,
        "memory_mib": memory,
        "memory_total_mib": round(sum(memory.values()), 1),
    }


def _as_table(facts: Facts, supervisor: Supervisor) -> Table:
    record = facts.record
    title = (
        f"{record.holder} is primary at epoch {record.epoch} ({record.state})"
        if record
        else "The register cannot be read: two control stores must answer"
    )
    if record and record.rule.is_single_copy:
        title += ". SINGLE COPY: acknowledged writes are in one cloud alone"
    table = Table(
        "site", "processes", "role", "takes writes", "applied", "last heard", title=title, title_justify="left"
    )
    for site in SITES:
        alive = len(supervisor.alive(site))
        table.add_row(
            site, str(alive) if alive else "dead", *_words(facts, site), style=None if facts.answers(site) else "dim"
        )
    memory = supervisor.memory_mib()
    table.caption = f"memory: {sum(memory.values()):.0f} MiB for {len(memory)} processes"
    return table


def _words(facts: Facts, site: str) -> tuple[str, str, str, str]:
    """Return a site's own words; what is too old to be true any more is not shown as if it were now."""
    heard = facts.statuses.get(site)
    if heard is None:
        return ("unknown", "unknown", "unknown", "never")
    age = f"{facts.ages[site]:.1f} s ago"
    if not facts.answers(site):
        return (f"was {heard.role}", "unknown", f"was {heard.applied:,}", age)
    return (heard.role, "yes" if heard.writable else "no", f"{heard.applied:,}", age)
