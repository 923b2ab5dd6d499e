"""`lifeboat journal [RUNBOOK]`: what was done, step by step, and whether every record can be trusted."""

import datetime
import json
from typing import Annotated

import typer
from rich.table import Column, Table

from scripts.console import Console
from scripts.runbook import event_loop, ledger, sites
from scripts.runbook.errors import JournalDiffers, LedgersSilent, UnknownRunbook
from scripts.runbook.journal import Record, read_journal
from scripts.runbook.ledger import Copies
from scripts.runbook.sites import Platform


def command(
    context: typer.Context,
    runbook: Annotated[str | None, typer.Argument(help="One runbook's name; without it all are listed.")] = None,
) -> None:
    """Show the journals and verify signature and chain of every record in every copy, in every cloud."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    copies = event_loop.run(_read(platform, runbook))
    if runbook is None:
        console.show(_list(copies))
    else:
        console.show(_show(copies[runbook].longest))
        here = _verify_here(platform, runbook)
        console.tell(f"{len(copies[runbook].longest)} records. Copies: {_held(copies[runbook])}{here}.")
    if faults := {name: found for name, one in copies.items() if (found := one.faults())}:
        raise JournalDiffers(faults)


async def _read(platform: Platform, only: str | None) -> dict[str, Copies]:
    """Read all journals, or one. Raises UnknownRunbook, LedgersSilent when no store answers."""
    stores = platform.ledger_stores()
    known = await ledger.runbooks(stores)
    if only is not None and only not in known:
        raise UnknownRunbook(only, sorted(known))
    names = sorted(known) if only is None else [only]
    read = {name: await ledger.read_copies(stores, platform.public_keys, name, known[name]) for name in names}
    for name, copies in read.items():
        if not copies.held:
            raise LedgersSilent(name, copies.silent)
    return read


def _held(copies: Copies) -> str:
    total = len(copies.longest)
    held = [f"{site} {len(copy.records)} of {total}" for site, copy in sorted(copies.held.items())]
    return ", ".join([*held, *(f"{site} does not answer" for site in sorted(copies.silent))])


def _verify_here(platform: Platform, runbook: str) -> str:
    """Verify the file that an agent on this computer wrote, if it did. Raises JournalCorrupt naming the line."""
    path = platform.journals / f"{runbook}.jsonl"
    if not path.is_file():
        return ""
    return f", this computer {sum(1 for _ in read_journal(path, platform.public_keys))}"


def _list(journals: dict[str, Copies]) -> Table:
    """Return one short line a runbook: it must fit on the narrowest terminal."""
    longest = max((len(name) for name in journals), default=0)
    table = Table(Column("runbook", min_width=longest), "began", "steps", title="Journals", title_justify="left")
    for records in sorted(
        (copies.longest for copies in journals.values() if copies.longest), key=lambda one: one[0].start
    ):
        refused = [record for record in records if record.outcome == "refused"]
        steps = f"{len(records) - len(refused)}" + (f", refused {refused[-1].step}" if refused else "")
        table.add_row(records[-1].runbook, _time(records[0].start), steps)
    return table


def _show(records: tuple[Record, ...]) -> Table:
    table = Table("n", "at", "step", "took", "outcome", "evidence", title=records[0].runbook if records else "empty")
    for record in records:
        took = f"{record.end - record.start:.2f} s"
        table.add_row(
            str(record.number), _time(record.start), record.step, took, record.outcome, json.dumps(record.evidence)
        )
    return table


def _time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
