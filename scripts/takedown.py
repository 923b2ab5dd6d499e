"""`lifeboat takedown ...`: remove a picture, a post or a person's content for good, on every site, also those that come back."""

import asyncio
import datetime
from dataclasses import dataclass, replace
from typing import Annotated

import psycopg
import typer
from rich.table import Table

from app.stores import Store
from app.takedowns import KINDS
from scripts.console import Console, two_columns
from scripts.runbook import (
    event_loop,
    fence,
    media,
    operator_keys,
    sites,
    takedown_check,
    takedown_edges,
    takedown_replay,
    takedowns,
)
from scripts.runbook.errors import BadTakedown, LifeboatError, NotTakenDown, RegisterUnreachable, UsageError
from scripts.runbook.join import agent_connection
from scripts.runbook.primary import find_primary
from scripts.runbook.sites import Platform
from scripts.runbook.takedown_check import Findings
from scripts.runbook.takedowns import Ledger, Takedown, Trust

app = typer.Typer(
    no_args_is_help=True, help="Remove something for good, on every site, also on one that comes back later."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@dataclass(frozen=True)
class Carried:
    """What was done at once: where the database's rows are gone, who confirmed it, and which buckets were emptied of it."""

    database: str
    buckets: dict[str, str]


@app.command()
def add(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help=f"{', '.join(KINDS)}.")],
    target: Annotated[
        str, typer.Argument(help="A picture's SHA-256 as in its address; the id of a post or an account.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why, in a sentence; it stays in the ledger.")],
    operator: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Whose key here signs it.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Act. Without it the plan is shown and nothing changes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take something down: into the ledger of at least two clouds, then out of every database and bucket in reach."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    signer = operator_keys.signer_here(platform, operator)
    takedown = _takedown(platform, kind, target, reason, signer.name)
    stores, trust = platform.ledger_stores(), Trust(platform.operators())
    known = event_loop.run(takedowns.read(stores, trust, f"{takedowns.PREFIX}{kind}/{takedown.target}/"))
    if not as_json:
        console.show(two_columns("Takedown", _plan(takedown, known)))
    if not yes:
        console.tell("Nothing was changed. Add --yes to act.")
        return
    entry = event_loop.run(takedowns.add(stores, trust, takedown, signer))
    carried = _carry_out(platform, Ledger((entry,), entry.held_by, {}, ()))
    if as_json:
        console.print_json({**takedowns.to_json(entry), "database": carried.database, "buckets": carried.buckets})
        return
    rows = {"ledger": f"held by {', '.join(entry.held_by)}", "database": carried.database, **_by_bucket(carried)}
    console.show(two_columns(f"{kind} {takedown.target} is taken down", rows))


@app.command("list")
def list_entries(context: typer.Context, as_json: AsJson = False) -> None:
    """List what was taken down, and which ledger stores hold each entry."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    ledger = _ledger(platform)
    if as_json:
        console.print_json({"entries": [takedowns.to_json(entry) for entry in ledger.entries], "silent": ledger.silent})
        return
    table = Table("at", "kind", "target", "reason", "by", "held by", title="Takedowns", title_justify="left")
    for entry in sorted(ledger.entries, key=lambda entry: entry.takedown.at):
        one = entry.takedown
        when = datetime.datetime.fromtimestamp(one.at, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(when, one.kind, one.target, one.reason, one.by, ", ".join(entry.held_by))
    console.show(table)
    _warn_of_silence(console, _stores(ledger))


@app.command()
def verify(
    context: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Complete the ledger, and remove what is still there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check that every store knows every takedown, and that no bucket and no database in reach shows any of it."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    ledger = _ledger(platform)
    if repair:
        event_loop.run(takedown_check.complete(platform.ledger_stores(), ledger))
        _carry_out(platform, ledger)
        ledger = _ledger(platform)
    findings = takedown_check.check(platform, ledger)
    if as_json:
        console.print_json(findings.to_json())
    else:
        for line in findings.lines:
            console.tell(line)
        console.tell(_summary(ledger, findings))
        _warn_of_silence(console, _stores(ledger) | findings.silent)
    if findings.lines:
        raise NotTakenDown(len(findings.lines))


@app.command("forget")
def forget(
    context: typer.Context,
    sha256: Annotated[str, typer.Argument(help="The picture, as it was taken down.")],
    yes: Annotated[bool, typer.Option("--yes", help="Order it; without it, only say what each edge shows.")] = False,
) -> None:
    """Make every edge forget a picture that was taken down, now; by itself each asks again within ten minutes."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    ledger = _ledger(platform)
    named = replace(ledger, entries=tuple(one for one in ledger.entries if one.takedown.target == sha256))
    if not takedown_edges.young_keys(named):
        raise BadTakedown(f"No picture {sha256} was taken down within the last day: no edge keeps anything longer.")
    for line in takedown_edges.forget(platform, named) if yes else ():
        console.tell(line)
    shown = takedown_edges.until_gone(platform, named) if yes else takedown_edges.still_shown(platform, named)
    for line in shown.lines or [f"Gone at {', '.join(shown.asked) or 'nobody that was asked'}."]:
        console.tell(line)
    _warn_of_silence(console, shown.silent)
    if shown.lines:
        raise NotTakenDown(len(shown.lines))


def _takedown(platform: Platform, kind: str, target: str, reason: str, by: str) -> Takedown:
    try:
        return Takedown.make(platform.cluster, kind, target, reason, by)  # ty: ignore[invalid-argument-type]
    except ValueError as wrong:
        raise BadTakedown(str(wrong)) from wrong


def _plan(takedown: Takedown, known: Ledger) -> dict[str, object]:
    there = ", ".join(known.entries[0].held_by) if known.entries else "no store yet"
    return {
        "what": f"{takedown.kind} {takedown.target}",
        "reason": takedown.reason,
        "in the ledger of": there,
        "ledger stores that answer": ", ".join(known.answered),
        "will be": "gone from every database and bucket, now and whenever a site comes back; there is no way back",
    }


def _carry_out(platform: Platform, ledger: Ledger) -> Carried:
    """Remove what the entries name wherever it can be reached from here; elsewhere the agents and the outbox do."""
    buckets = media.open_buckets(platform) if media.taken_down_keys(ledger) else {}
    return Carried(_in_the_database(platform, ledger), event_loop.run(_in_buckets(buckets, ledger)))


def _in_the_database(platform: Platform, ledger: Ledger) -> str:
    try:
        primary = find_primary(platform)
        with agent_connection(platform, primary) as database:
            takedown_replay.carry_out(database, ledger.entries)
            confirmed, silent = fence.acknowledge_everywhere(database)
    except (LifeboatError, psycopg.Error) as reason:
        why = str(reason).strip().splitlines()[0].rstrip(".")
        return f"not reached from here ({why}); the primary's agent carries it out as soon as it can"
    by = f", confirmed by {' and '.join(sorted(confirmed))}" if confirmed else ""
    return f"gone at {primary}{by}" + (f"; {' and '.join(sorted(silent))} will when it follows again" if silent else "")


async def _in_buckets(buckets: dict[str, Store], ledger: Ledger) -> dict[str, str]:
    kept = await asyncio.gather(*(media.remove_taken_down(store, ledger) for store in buckets.values()))
    return {
        site: "does not answer; the outbox removes it there" if left else "gone"
        for site, left in zip(buckets, kept, strict=True)
    }


def _by_bucket(carried: Carried) -> dict[str, str]:
    if not carried.buckets:
        return {"buckets": "its pictures go by the outbox: `lifeboat media backlog`"}
    return {f"bucket of {site}": state for site, state in carried.buckets.items()}


def _ledger(platform: Platform) -> Ledger:
    """Read the whole ledger, with the primary's word for old entries where it can be had from here."""
    try:
        with agent_connection(platform, find_primary(platform)) as database:
            return event_loop.run(takedown_replay.whole_ledger(platform, database))
    except (RegisterUnreachable, UsageError, psycopg.Error):
        return event_loop.run(takedown_replay.whole_ledger(platform, None))


def _summary(ledger: Ledger, findings: Findings) -> str:
    return (
        f"{len(ledger.entries)} takedowns; ledger stores {', '.join(ledger.answered)}; "
        f"buckets {', '.join(findings.buckets) or 'none'}; databases {', '.join(findings.databases) or 'none'}; "
        f"from outside {', '.join(findings.edges) or 'nobody'} were checked."
    )


def _stores(ledger: Ledger) -> dict[str, str]:
    return {f"the ledger store of {site}": reason for site, reason in ledger.silent.items()}


def _warn_of_silence(console: Console, silent: dict[str, str]) -> None:
    for what, reason in sorted(silent.items()):
        console.warn(f"{what} could not be asked: {reason}")
