"""What a site holds that the new primary never took over: its tail, read from its own slot before anything is changed."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg

from scripts.runbook.errors import TailUnreadable
from scripts.runbook.pgoutput import Change, Decoder, Key, Transaction
from scripts.runbook.positions import format_lsn
from scripts.runbook.replication import PUBLICATION
from scripts.runbook.return_talk import AskedTable
from scripts.runbook.rows import columns_of, read_rows, read_values
from scripts.runbook.understudies import when_free
from scripts.runbook.unique_values import Claims, columns_in, unique_columns

Connection = psycopg.Connection[Any]

# More rows than this go faster by a copy, and would make an object of many megabytes in the control stores.
MOST_ROWS = 20_000

_STREAM: LiteralString = """
SELECT data FROM pg_logical_slot_peek_binary_changes(%s, NULL, NULL, 'proto_version', '1', 'publication_names', %s)
"""
_CHANGES: LiteralString = """
SELECT data FROM pg_logical_slot_peek_binary_changes(%s, NULL, NULL, 'proto_version', '1', 'publication_names', %s)
WHERE get_byte(data, 0) = ascii('R') OR (lsn >= %s AND (get_byte(data, 0) = ascii('T')
   OR (get_byte(data, 0) IN (ascii('I'), ascii('U'), ascii('D')) AND substring(data from 2 for 4) = ANY (%s))))
"""


@dataclass(frozen=True)
class TouchedTable:
    """The rows of one table that a tail touched: the key's columns, and each key with what was done to it, in order."""

    key_columns: tuple[str, ...]
    rows: Mapping[Key, tuple[str, ...]]


@dataclass(frozen=True)
class Tail:
    """The transactions that one site alone committed, and the rows that they touched, by table."""

    transactions: tuple[Transaction, ...]
    tables: Mapping[str, TouchedTable]

    @property
    def row_count(self) -> int:
        return sum(len(table.rows) for table in self.tables.values())


def read_tail(connection: Connection, slot: str, after: int, origin: str | None) -> Tail:
    """Return what lies beyond `after` in a slot of this site.

    `after` is a position (bytes) in this site's own log when `origin` is None: the site was primary. Else it is one in
    the log of the site that the subscription with this origin followed. Raises TailUnreadable for a tail that cannot be
    told row by row.
    """
    decoder = Decoder()

    def read() -> list[Transaction]:
        with connection.transaction(), connection.cursor(name="tail") as cursor:
            cursor.execute(_STREAM, (slot, PUBLICATION))
            return [
                one for one in decoder.transactions(_messages(cursor)) if one.changes and _beyond(one, after, origin)
            ]

    found = when_free(read)
    keys = {relation.table: relation.key_columns for relation in decoder.relations.values()}
    tail = Tail(tuple(found), _touched(found, keys))
    if tail.row_count > MOST_ROWS:
        raise TailUnreadable(f"{tail.row_count:,} rows are more than the {MOST_ROWS:,} that are put back one by one")
    return tail


def own_rows(connection: Connection, tail: Tail) -> dict[str, dict[Key, str]]:
    """Return the rows of a tail as this site has them, by table, each as PostgreSQL's own JSON; a removed one is absent."""
    return {name: read_rows(connection, name, table.key_columns, table.rows) for name, table in tail.tables.items()}


def asked_tables(connection: Connection, tail: Tail) -> dict[str, AskedTable]:
    """Return what the primary has to know of a tail to answer for its rows."""
    asked = {}
    for name, table in tail.tables.items():
        unique = unique_columns(connection, name)
        held = read_values(connection, name, table.key_columns, table.rows, unique) if unique else {}
        asked[name] = AskedTable(
            table.key_columns, columns_of(connection, name), tuple(sorted(table.rows)), tuple(held.items())
        )
    return asked


@dataclass
class Since:
    """What the stream of a slot does to some rows beyond the fork: each set holds keys.

    created: the first thing is that the row is made. changed: the row was there, and is changed or removed. rekeyed: the
    row gets another key, so it must be there when that comes.
    """

    created: set[Key] = field(default_factory=set)
    changed: set[Key] = field(default_factory=set)
    rekeyed: set[Key] = field(default_factory=set)

    def take(self, change: Change, asked: set[Key]) -> None:
        """Take in the next change of the stream, if it concerns a row that was asked for."""
        concerned = asked if change.kind == "truncated" else asked & {change.key}
        if change.kind == "rekeyed":
            self.rekeyed |= concerned - self.created
        if change.kind in ("inserted", "truncated"):
            self.created |= concerned - self.changed
        else:
            self.changed |= concerned - self.created


def since_fork(connection: Connection, slot: str, fork: int, table: str, keys: set[Key], *claims: Claims) -> Since:
    """Return what the stream of a slot does to these rows of a table beyond `fork` (bytes), and let `claims` see it."""
    kept = columns_in(index for one in claims for index in one.indexes)

    def read() -> Since:
        since = Since()
        for one in claims:
            one.taken.clear()
        for change in _changes_since(connection, slot, fork, [table], kept):
            if change.table == table:
                since.take(change, keys)
                for one in claims:
                    one.take(change, since.changed)
        return since

    return when_free(read)


def _changes_since(
    connection: Connection, slot: str, fork: int, tables: list[str], kept: Collection[str]
) -> Iterator[Change]:
    with connection.transaction(), connection.cursor(name="since") as cursor:
        numbers = connection.execute("SELECT array_agg(int4send(name::regclass::oid::int4)) FROM unnest(%s::text[]) name",
                                     (tables,)).fetchone()  # fmt: skip
        cursor.execute(_CHANGES, (slot, PUBLICATION, format_lsn(fork), numbers[0] if numbers else []))
        yield from Decoder(kept).changes(_messages(cursor))


def _messages(cursor: Iterable[tuple[Any, ...]]) -> Iterator[bytes]:
    return (bytes(data) for (data,) in cursor)


def _beyond(transaction: Transaction, after: int, origin: str | None) -> bool:
    if origin is None:
        return transaction.end > after
    return transaction.origin == origin and transaction.origin_end > after


def _touched(transactions: Iterable[Transaction], keys: Mapping[str, tuple[str, ...]]) -> dict[str, TouchedTable]:
    rows: dict[str, dict[Key, tuple[str, ...]]] = {}
    for change in (change for one in transactions for change in one.changes):
        if change.kind == "truncated":
            raise TailUnreadable(f"it emptied the whole table {change.table}")
        done = rows.setdefault(change.table, {})
        done[change.key] = (*done.get(change.key, ()), change.kind)
    return {table: TouchedTable(keys[table], done) for table, done in rows.items()}
