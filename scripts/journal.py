"""`lifeboat journal [RUNBOOK]`: what was done, step by step, and whether every record can be trusted."""

import asyncio
import datetime
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scripts.console import Console
from scripts.runbook import sites
from scripts.runbook.control import Answers
from scripts.runbook.errors import JournalDiffers, UnknownRunbook
from scripts.runbook.journal import Record, read_journal
from scripts.runbook.sites import Platform


def command(
    context: typer.Context,
    runbook: Annotated[str | None, typer.Argument(help="One runbook's name; without it all are listed.")] = None,
) -> None:
    """Show the journals and verify them: each line against the one before, and against its copies in the clouds."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    if runbook is None:
        console.show(_list([list(read_journal(path)) for path in _journals(platform)]))
        return
    path = platform.journals / f"{runbook}.jsonl"
    if not path.is_file():
        raise UnknownRunbook(runbook, [known.stem for known in _journals(platform)])
    records = list(read_journal(path))
    console.show(_show(records))
    copies = asyncio.run(_compare(platform, records))
    console.tell(f"{len(records)} records, each follows from the one before. Copies: {copies}.")


def _journals(platform: Platform) -> list[Path]:
    return sorted(platform.journals.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)


async def _compare(platform: Platform, records: list[Record]) -> str:
    """Return how many records each ledger store holds. Raises JournalDiffers for one that holds another record."""
    stores = platform.ledger_stores()
    found: dict[str, int] = {}
    silent: dict[str, str] = {}
    for record in records:
        answers: Answers = await stores.get(f"journal/{record.runbook}/{record.number:04d}.json")
        silent |= answers.failures
        for site, copy in answers.values.items():
            if copy is not None and json.loads(copy)["hash"] != record.hash:
                raise JournalDiffers(record.runbook, record.number, site)
            found[site] = found.get(site, 0) + (copy is not None)
    held = [f"{site} {count} of {len(records)}" for site, count in sorted(found.items())]
    return ", ".join([*held, *(f"{site} does not answer" for site in sorted(silent) if site not in found)])


def _list(journals: list[list[Record]]) -> Table:
    table = Table("runbook", "began", "steps done", "refused", "last", title="Journals", title_justify="left")
    for records in filter(None, journals):
        done = sum(record.outcome == "done" for record in records)
        last = records[-1]
        table.add_row(last.runbook, _time(records[0].start), str(done), str(len(records) - done), last.step)
    return table


def _show(records: list[Record]) -> Table:
    table = Table("n", "at", "step", "took", "outcome", "evidence", title=records[0].runbook if records else "empty")
    for record in records:
        took = f"{record.end - record.start:.2f} s"
        table.add_row(
            str(record.number), _time(record.start), record.step, took, record.outcome, json.dumps(record.evidence)
        )
    return table


def _time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
