"""Which unique values some rows would hold for a while, and which of those a stream gives to another row meanwhile.

Values are texts as PostgreSQL prints them, so that what a table holds can be compared with what a stream says.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from scripts.runbook.pgoutput import Change, Key, Values

Connection = psycopg.Connection[Any]

# The columns of one unique index, in order of their names, and the values of one row in them.
Index = tuple[str, ...]
Claim = tuple[Index, tuple[str, ...]]


def unique_indexes(connection: Connection, table: str) -> tuple[Index, ...]:
    """Return which columns each unique index of a table reads, within an expression too; not the primary key's."""
    rows = connection.execute(
        """SELECT array_agg(attname::text ORDER BY attname) FROM pg_index JOIN pg_attribute ON attrelid = indrelid
           WHERE indrelid = to_regclass(%s) AND indisunique AND NOT indisprimary AND attnum > 0
             AND (attnum = ANY ((indkey::int2[])[0:indnkeyatts - 1]) OR indexprs IS NOT NULL AND EXISTS (
               SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = indexrelid
               AND refobjid = indrelid AND refobjsubid = attnum))
           GROUP BY indexrelid""",
        (table,),
    )
    return tuple(sorted({tuple(columns) for (columns,) in rows}))


def unique_columns(connection: Connection, table: str) -> frozenset[str]:
    """Return the columns of a table that are in a unique index besides the primary key's."""
    return columns_in(unique_indexes(connection, table))


def columns_in(indexes: Iterable[Index]) -> frozenset[str]:
    return frozenset(column for index in indexes for column in index)


@dataclass
class Claims:
    """The unique values that some rows would hold until a stream changes them, and the rows of which it must not be so.

    `taken`: the stream gives what such a row would hold to another row, before it changes that row itself.
    """

    indexes: Sequence[Index]
    taken: set[Key] = field(default_factory=set)
    _holders: dict[Claim, set[Key]] = field(default_factory=dict)

    @classmethod
    def of(cls, indexes: Sequence[Index], rows: Iterable[tuple[Key, Values]]) -> "Claims":
        claims = cls(indexes)
        for key, values in rows:
            for claim in claims._made(values):
                claims._holders.setdefault(claim, set()).add(key)
        return claims

    def take(self, change: Change, changed: Collection[Key]) -> None:
        """Take in the next change of the stream. `changed`: the rows that it has changed by now: they hold nothing more."""
        for claim in self._made(change.given):
            self.taken.update(key for key in self._holders.get(claim, ()) if key != change.key and key not in changed)

    def _made(self, values: Values) -> list[Claim]:
        """Return what a row claims: one that lacks a value of an index is like no other there."""
        return [
            (index, tuple(values[column] for column in index))
            for index in self.indexes
            if all(column in values for column in index)
        ]
