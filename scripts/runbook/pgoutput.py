"""Pure: which rows a slot's pgoutput stream changes, transaction by transaction, told by their keys.

The messages are those of PostgreSQL's "Logical Replication Message Formats", protocol version 1. Values of other columns
are passed over unless asked for: what a row holds is read from the table itself, where unchanged large values are too.
"""

import datetime
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from scripts.runbook.errors import TailUnreadable

Key = tuple[str, ...]
# What a row has in some columns, as PostgreSQL prints it; a null is absent.
Values = Mapping[str, str]
Kind = Literal["inserted", "updated", "rekeyed", "deleted", "truncated"]

# pgoutput counts microseconds since this moment.
_EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Relation:
    """A table as the stream describes it; `identity` is `d` when its rows are told apart by the primary key."""

    table: str
    columns: tuple[str, ...]
    key_columns: tuple[str, ...]
    identity: str


@dataclass(frozen=True)
class Change:
    """One change of one row; a truncation has no key. An update that changes the key rekeys one row and inserts the other.

    `given`: what the change gives the row in the columns that the decoder was to keep.
    """

    kind: Kind
    table: str
    key: Key = ()
    given: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Transaction:
    """A transaction in this site's log: where it ends (bytes), when it was committed, and where it came from, if not here."""

    end: int
    at: datetime.datetime
    changes: tuple[Change, ...]
    origin: str | None = None
    origin_end: int = 0


@dataclass
class Decoder:
    """Turns messages into transactions; `relations` are the tables that it has seen so far.

    `kept`: the columns, whatever their table, of which each change keeps the values.
    """

    kept: Collection[str] = ()
    relations: dict[int, Relation] = field(default_factory=dict)
    _changes: list[Change] = field(default_factory=list)
    _origin: tuple[str, int] | None = None

    def transactions(self, messages: Iterable[bytes]) -> Iterator[Transaction]:
        """Yield each committed transaction. Raises TailUnreadable for a table whose rows cannot be told apart."""
        for message in messages:
            if message[:1] == b"C":
                yield self._commit(message)
                continue
            self._take(message)

    def changes(self, messages: Iterable[bytes]) -> Iterator[Change]:
        """Yield each change of a stream that need not be whole: relations and changes are enough."""
        for message in messages:
            self._take(message)
            yield from self._changes
            self._changes = []

    def _take(self, message: bytes) -> None:
        kind = message[:1]
        if kind == b"B":
            self._changes, self._origin = [], None
        elif kind == b"O":
            self._origin = (message[9:].rstrip(b"\0").decode(), struct.unpack(">Q", message[1:9])[0])
        elif kind == b"R":
            self.relations[_number(message)] = _relation(message)
        elif kind == b"T":
            count = _number(message)
            numbers = struct.unpack(f">{count}I", message[6 : 6 + 4 * count])
            self._changes += [Change("truncated", self._known(number).table) for number in numbers]
        elif kind in (b"I", b"U", b"D"):
            self._changes += self._row_changes(kind, message)

    def _commit(self, message: bytes) -> Transaction:
        _, end, microseconds = struct.unpack(">QQq", message[2:26])
        at = _EPOCH + datetime.timedelta(microseconds=microseconds)
        origin, origin_end = self._origin or (None, 0)
        found = Transaction(end, at, tuple(self._changes), origin, origin_end)
        self._changes, self._origin = [], None
        return found

    def _row_changes(self, kind: bytes, message: bytes) -> list[Change]:
        relation = self._known(_number(message))
        rows = _tuples(message)
        keys = [_key(relation, values) for values in rows]
        if kind == b"D":
            return [Change("deleted", relation.table, keys[0])]
        given = {name: value for name, value in zip(relation.columns, rows[-1], strict=True)
                 if name in self.kept and value is not None}  # fmt: skip
        if kind == b"I":
            return [Change("inserted", relation.table, keys[0], given)]
        if keys[0] == keys[-1]:
            return [Change("updated", relation.table, keys[0], given)]
        return [Change("rekeyed", relation.table, keys[0]), Change("inserted", relation.table, keys[1], given)]

    def _known(self, number: int) -> Relation:
        return self.relations[number]


def _number(message: bytes) -> int:
    return struct.unpack(">I", message[1:5])[0]


def _relation(message: bytes) -> Relation:
    namespace, name, rest = message[5:].split(b"\0", 2)
    identity, count, rest = rest[:1].decode(), struct.unpack(">H", rest[1:3])[0], rest[3:]
    columns: list[tuple[int, str]] = []
    for _ in range(count):
        column, after = rest[1:].split(b"\0", 1)
        columns.append((rest[0], column.decode()))
        rest = after[8:]
    table = f"{namespace.decode() or 'pg_catalog'}.{name.decode()}"
    keys = tuple(column for flags, column in columns if flags & 1)
    return Relation(table, tuple(column for _, column in columns), keys, identity)


def _tuples(message: bytes) -> list[list[str | None]]:
    """Return the rows of a message: the new one, the old key, or both, the old one first."""
    found, at = [], 5
    while at < len(message):
        count, at = struct.unpack(">H", message[at + 1 : at + 3])[0], at + 3
        values: list[str | None] = []
        for _ in range(count):
            value, at = _value(message, at)
            values.append(value)
        found.append(values)
    return found


def _value(message: bytes, at: int) -> tuple[str | None, int]:
    """Return a column's text and where the next one begins; None is a null, or a large value that did not change."""
    if message[at : at + 1] in (b"n", b"u"):
        return None, at + 1
    length = struct.unpack(">I", message[at + 1 : at + 5])[0]
    return message[at + 5 : at + 5 + length].decode(), at + 5 + length


def _key(relation: Relation, values: list[str | None]) -> Key:
    if relation.identity != "d" or not relation.key_columns:
        raise TailUnreadable(f"the rows of {relation.table} have no primary key to tell them apart by")
    key = [value for column, value in zip(relation.columns, values, strict=True) if column in relation.key_columns]
    return tuple(value or "" for value in key)
