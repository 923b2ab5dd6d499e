"""`lifeboat media ...`: whether every bucket holds what the primary's rows name, and bringing back what does not."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.stores import Store
from scripts.console import Console, progress_console
from scripts.runbook import event_loop, media, sites
from scripts.runbook.errors import MediaMissing
from scripts.runbook.join import agent_connection
from scripts.runbook.media import Bucket, Filled, Rows
from scripts.runbook.primary import find_primary

app = typer.Typer(
    no_args_is_help=True, help="Compare the media buckets with the primary's rows, and bring back what is missing."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
SHOWN = 10


@app.command()
def verify(
    context: typer.Context,
    all_bytes: Annotated[bool, typer.Option("--all", help="Read and hash every object, not a sample.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Bring back what is missing or damaged.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare every bucket with the rows: counts, hashes, missing, orphans. Ends with 1 when anything is missing."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    stores, sample = media.open_buckets(platform), None if all_bytes else media.SAMPLE
    filled: dict[str, Filled] = {}
    primary = find_primary(platform)
    with agent_connection(platform, primary) as database:
        rows, buckets = event_loop.run(media.verify(database, stores, sample))
        if repair:
            filled = {bucket.site: fill(stores, bucket) for bucket in buckets if not bucket.silent}
            rows, buckets = event_loop.run(media.verify(database, stores, sample))
        waiting = media.backlog(database)
    if as_json:
        console.print_json(_as_json(primary, rows, waiting, buckets, filled))
    else:
        console.show(_as_table(primary, rows, waiting, buckets))
        for line in _lines(buckets, filled):
            console.tell(line)
    _refuse(buckets)


@app.command("back-fill")
def back_fill(
    context: typer.Context,
    site: Annotated[str, typer.Argument(help="The site whose bucket lacks pictures, or came back empty.")],
    yes: Annotated[bool, typer.Option("--yes", help="Act. Without it the plan is shown and nothing changes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring to one bucket every picture that a row names and it lacks; what was taken down stays away."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    stores = media.open_buckets(platform)
    primary = find_primary(platform)
    with agent_connection(platform, primary) as database:
        target = {platform.known(site): stores[site]}
        rows, (before,) = event_loop.run(media.verify(database, target, 0))
        _refuse([before] if before.silent else [])
        lacking = len(before.missing) + len(before.on_the_way)
        console.say(
            f"{site} holds {before.objects} pictures and lacks {lacking} of the {len(rows.sizes)} that rows at {primary} name."
        )
        if not yes:
            console.tell("Nothing was changed. Add --yes to act.")
            return
        filled = fill(stores, before)
        _, (after,) = event_loop.run(media.verify(database, target))
    if as_json:
        console.print_json({"site": site, **_counts(after), "copied": filled.copied, "failed": filled.failed})
    else:
        console.tell(f"{filled.copied} pictures ({filled.bytes:,} bytes) copied; {len(filled.failed)} could not be.")
    _refuse([after])


@app.command()
def backlog(context: typer.Context, as_json: AsJson = False) -> None:
    """Show what the outbox still has to bring to each bucket or take from it, and how old the oldest is."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    primary = find_primary(platform)
    with agent_connection(platform, primary) as database:
        waiting = media.backlog(database)
    if as_json:
        console.print_json({"primary": primary, "backlog": waiting})
        return
    table = Table("bucket", "to do", "objects", "bytes", "oldest", title="Media outbox", title_justify="left")
    for one in waiting:
        what = "copy" if one["wanted"] else "remove"
        table.add_row(one["site"], what, str(one["objects"]), f"{one['bytes']:,}", f"{one['oldest_seconds']:.0f} s")
    console.show(table)


def fill(stores: dict[str, Store], bucket: Bucket) -> Filled:
    """Bring to a bucket what it lacks and what is damaged in it, with a bar that says how far it is."""
    keys = {*bucket.missing, *bucket.on_the_way}
    with _bar(f"to {bucket.site}", len(keys) + len(bucket.damaged)) as tick:
        return event_loop.run(media.back_fill(bucket.site, stores, keys, bucket.damaged, tick))


@contextmanager
def _bar(title: str, total: int) -> Generator[Callable[[bool], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress_console(), transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda came: progress.advance(task)


def _as_json(
    primary: str, rows: Rows, waiting: list[dict[str, Any]], buckets: list[Bucket], filled: dict[str, Filled]
) -> dict[str, Any]:
    return {
        "primary": primary,
        "pictures": len(rows.sizes),
        "in_step": all(bucket.in_step for bucket in buckets),
        "buckets": {bucket.site: asdict(bucket) for bucket in buckets},
        "backlog": waiting,
        "repaired": {site: asdict(done) for site, done in filled.items()},
    }


def _as_table(primary: str, rows: Rows, waiting: list[dict[str, Any]], buckets: list[Bucket]) -> Table:
    title = f"{len(rows.sizes):,} pictures are named by rows at {primary}, the primary"
    names = ("bucket", "objects", "bytes", "missing", "on the way", "damaged", "orphans", "hashed")
    table = Table(*names, title=title, title_justify="left")
    for bucket in buckets:
        if bucket.silent:
            table.add_row(bucket.site, "does not answer", *("" for _ in names[2:]), style="dim")
        else:
            table.add_row(bucket.site, *(f"{count:,}" for count in _counts(bucket).values()))
    oldest = max((one["oldest_seconds"] for one in waiting), default=0.0)
    table.caption = f"outbox: {sum(one['objects'] for one in waiting)} to do, the oldest for {oldest:.0f} s"
    return table


def _counts(bucket: Bucket) -> dict[str, int]:
    lists = {"missing": bucket.missing, "on_the_way": bucket.on_the_way, "damaged": bucket.damaged}
    sizes = {name: len(keys) for name, keys in lists.items()}
    return {
        "objects": bucket.objects, "bytes": bucket.bytes, **sizes, "orphans": len(bucket.orphans), "hashed": bucket.hashed,
    }  # fmt: skip


def _lines(buckets: list[Bucket], filled: dict[str, Filled]) -> Iterator[str]:
    for site, done in filled.items():
        yield f"{site}: {done.copied} pictures ({done.bytes:,} bytes) brought back, {len(done.failed)} could not be."
    for bucket in buckets:
        for what, keys in (("lacks", bucket.missing), ("holds damaged", bucket.damaged)):
            yield from (f"{bucket.site} {what} {key}" for key in keys[:SHOWN])
            if len(keys) > SHOWN:
                yield f"{bucket.site} {what} {len(keys) - SHOWN} more; --json names all of them."


def _refuse(buckets: list[Bucket]) -> None:
    """Raise MediaMissing with one clause for each bucket that is not in step."""
    findings = []
    for bucket in buckets:
        if bucket.silent:
            findings.append(f"the bucket of {bucket.site} does not answer ({bucket.silent})")
        elif not bucket.in_step:
            findings.append(
                f"the bucket of {bucket.site} lacks {len(bucket.missing)} pictures and holds {len(bucket.damaged)} damaged ones"
            )
    if findings:
        raise MediaMissing(findings)
