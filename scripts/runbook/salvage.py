"""The salvage report: every row that one site alone changed, as it was there and as the primary has it."""

import datetime
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from scripts.runbook.errors import RewindRefused
from scripts.runbook.pgoutput import Key, Transaction
from scripts.runbook.return_talk import Answer, AnsweredTable
from scripts.runbook.rewind import Replacement
from scripts.runbook.tail import Tail, TouchedTable

# The site's own heartbeats are no work of anybody.
OWN_TABLES = ("lifeboat.heartbeat",)

Row = dict[str, Any]


@dataclass(frozen=True)
class SalvagedRow:
    """One row: what was done to it in the tail, what the returning site holds (`old`), and what the primary has (`new`)."""

    table: str
    key: Mapping[str, str]
    done: tuple[str, ...]
    old: Row | None
    new: Row | None

    @property
    def differs(self) -> bool:
        return self.old != self.new


@dataclass(frozen=True)
class Salvage:
    """What a site gives up when it comes back.

    `acknowledged`: transactions of the tail that the rule's standbys are known to have confirmed. A promotion that
    accepted no loss leaves none of them behind.
    """

    site: str
    primary: str
    epoch: int
    made_at: str
    position: int
    transactions: int
    first_at: str | None
    last_at: str | None
    acknowledged: int
    rows: tuple[SalvagedRow, ...]

    @property
    def differing(self) -> tuple[SalvagedRow, ...]:
        return tuple(row for row in self.rows if row.differs)

    def to_json(self) -> bytes:
        """Return the report as JSON: rows that are the same in both are in it too, marked."""
        rows = [{**asdict(row), "differs": row.differs} for row in self.rows]
        return json.dumps({**asdict(self), "rows": rows}, ensure_ascii=False, indent=1).encode()

    def to_html(self) -> bytes:
        """Return the report as one page that needs nothing else."""
        import jinja2  # only here: the agent that needs no report goes without

        page = resources.files("scripts.runbook").joinpath("salvage.html").read_text()
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
        return environment.from_string(page).render(salvage=self).encode()


def report(
    site: str,
    primary: str,
    epoch: int,
    position: int,
    tail: Tail,
    own: Mapping[str, Mapping[Key, str]],
    answer: Answer,
    acknowledged: int,
) -> Salvage:
    """Put a tail, this site's rows and the primary's side by side. `own`: each row as PostgreSQL's own JSON."""
    rows = []
    for name, table in tail.tables.items():
        theirs = dict(answer.tables[name].rows)
        for key, done in table.rows.items():
            named = dict(zip(table.key_columns, key, strict=True))
            rows.append(SalvagedRow(name, named, done, _row(own[name].get(key)), _row(theirs.get(key))))
    lasting = [one for one in tail.transactions if is_work(one)]
    return Salvage(
        site=site, primary=primary, epoch=epoch, made_at=datetime.datetime.now(datetime.UTC).isoformat("T", "seconds"),
        position=position, transactions=len(lasting), acknowledged=acknowledged,
        first_at=lasting[0].at.isoformat() if lasting else None, last_at=lasting[-1].at.isoformat() if lasting else None,
        rows=tuple(row for row in rows if row.table not in OWN_TABLES),
    )  # fmt: skip


def replacements(tail: Tail, own: Mapping[str, Mapping[Key, str]], answer: Answer) -> list[Replacement]:
    """Return what must stand in place of the tail's rows, so that the primary's stream since the fork fits onto it.

    `own`: this site's rows. Raises RewindRefused.
    """
    return [_in_place(name, table, own[name], answer.tables[name]) for name, table in tail.tables.items()]


def _in_place(name: str, table: TouchedTable, own: Mapping[Key, str], answered: AnsweredTable) -> Replacement:
    """Return the rows of one table.

    A row that the primary made since the fork must be absent. One that it changed or removed since then must be there
    for the stream to find, with unique values that nobody else gets on the way: those that it has here or, where the
    stream gives these to another row first, those that it has there by now. The stream sets every column of it.
    """
    theirs, rows, kept = dict(answered.rows), [], []
    for key in set(table.rows) - set(answered.created):
        changed, keeps = key in answered.changed, key in own and key not in answered.own_taken
        if key in answered.rekeyed and key not in own:
            raise RewindRefused(
                f"the row {', '.join(key)} of {name} was removed here, and has another key there by now"
            )
        if changed and not keeps and key in (answered.newest_taken if key in theirs else own):
            raise RewindRefused(f"what is unique of the row {', '.join(key)} of {name} was another row's meanwhile")
        if changed and keeps:
            kept.append(own[key])
        if row := theirs.get(key) or (own.get(key) if changed else None):
            rows.append(row)
    return Replacement(name, table.key_columns, frozenset(table.rows), tuple(rows), tuple(kept))


def is_work(transaction: Transaction) -> bool:
    return any(change.table not in OWN_TABLES for change in transaction.changes)


def _row(text: str | None) -> Row | None:
    return json.loads(text) if text is not None else None
