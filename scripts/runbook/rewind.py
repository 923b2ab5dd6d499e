"""Sets single rows of a fenced site to another site's state, so that it can go on from there without a copy.

Every function takes an autocommit connection of the role lifeboat_agent, which belongs to the tables' owner.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from scripts.runbook.errors import FenceRefused, RewindRefused
from scripts.runbook.pgoutput import Key
from scripts.runbook.replication import PUBLICATION
from scripts.runbook.rows import columns_of, keys_as_json, same, table_name
from scripts.runbook.unique_values import unique_columns

Connection = psycopg.Connection[Any]

LOCK_SECONDS = 15
PUBLISHED = "insert, update, delete, truncate"


@dataclass(frozen=True)
class Replacement:
    """What shall be in place of some rows of a table.

    `rows` are PostgreSQL's own JSON of each row, one text a row; `kept` likewise: rows whose unique values stay as in here.
    """

    table: str
    key_columns: tuple[str, ...]
    keys: frozenset[Key]
    rows: tuple[str, ...]
    kept: tuple[str, ...] = ()


def rewind(connection: Connection, replacements: Sequence[Replacement], epoch: int) -> None:
    """Put every replacement in place in one transaction, and note that it was done; done again it changes nothing.

    Foreign keys of the tables are made anew without a look at the rows: on the way, a row may point at one that the
    stream brings next. `validate` looks at them later. Raises RewindRefused, and leaves everything as it was, when the
    rows collide with others or a table stays in use.
    """
    if is_rewound(connection, epoch):
        return
    try:
        with connection.transaction():
            _rewind(connection, replacements)
            connection.execute("INSERT INTO lifeboat.rewound (epoch) VALUES (%s)", (epoch,))
    except (psycopg.errors.IntegrityError, psycopg.errors.LockNotAvailable) as reason:
        raise RewindRefused(str(reason).splitlines()[0]) from reason
    if not is_rewound(connection, epoch):
        raise FenceRefused("the rewind was committed but is not noted; look at who else writes lifeboat.rewound")


def empty(connection: Connection, tables: Sequence[str]) -> None:
    """Remove every row of these tables, so that a copy finds them empty. Raises RewindRefused when one stays in use."""
    names = [table_name(table) for table in tables]
    try:
        with connection.transaction():
            _wait_at_most(connection, LOCK_SECONDS)
            with _off_the_record(connection, names):
                # Tables that are not replicated may point at these: what they say of rows that are gone goes too.
                connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(names)))
    except psycopg.errors.LockNotAvailable as reason:
        raise RewindRefused(str(reason).splitlines()[0]) from reason


def is_rewound(connection: Connection, epoch: int) -> bool:
    """Say whether this site gave up under `epoch` what it alone had."""
    return connection.execute("SELECT 1 FROM lifeboat.rewound WHERE epoch = %s", (epoch,)).fetchone() is not None


def validate(connection: Connection) -> list[str]:
    """Let every foreign key that was made anew look at its rows; return their names. Raises RewindRefused."""
    rows = connection.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f' AND NOT convalidated ORDER BY 2"
    ).fetchall()
    for table, name in rows:
        act = sql.SQL("ALTER TABLE {} VALIDATE CONSTRAINT {}").format(sql.SQL(table), sql.Identifier(name))
        try:
            connection.execute(act)
        except psycopg.errors.ForeignKeyViolation as reason:
            raise RewindRefused(str(reason).splitlines()[0]) from reason
    return [name for _, name in rows]


def _rewind(connection: Connection, replacements: Sequence[Replacement]) -> None:
    _wait_at_most(connection, LOCK_SECONDS)
    references = _drop_references(connection, [one.table for one in replacements])
    with _off_the_record(connection, [table_name(one.table) for one in replacements]):
        for one in replacements:
            _delete(connection, one)
        for one in replacements:
            _insert(connection, one)
    for statement in references:
        connection.execute(statement)


@contextmanager
def _off_the_record(connection: Connection, names: Sequence[sql.Identifier]) -> Generator[None]:
    """Lift the fence from some tables, and publish nothing, inside the transaction under way.

    A site that still reads from here must not take over what this one gives up.
    """
    publish = sql.SQL("ALTER PUBLICATION {} SET (publish = {})")
    trigger = sql.SQL("ALTER TABLE {} {} TRIGGER USER")
    connection.execute(publish.format(sql.Identifier(PUBLICATION), sql.Literal("")))
    for name in names:
        connection.execute(trigger.format(name, sql.SQL("DISABLE")))
    yield
    for name in names:
        connection.execute(trigger.format(name, sql.SQL("ENABLE")))
    connection.execute(publish.format(sql.Identifier(PUBLICATION), sql.Literal(PUBLISHED)))


def _drop_references(connection: Connection, tables: list[str]) -> list[sql.Composed]:
    """Drop the foreign keys from and to these tables; return the statements that make them anew."""
    rows = connection.execute(
        """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
           WHERE contype = 'f' AND (conrelid = ANY (%s::regclass[]) OR confrelid = ANY (%s::regclass[]))""",
        (tables, tables),
    ).fetchall()
    again = []
    for table, name, definition, validated in rows:
        place, constraint = sql.SQL(table), sql.Identifier(name)
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(place, constraint))
        suffix = sql.SQL(" NOT VALID" if validated else "")
        again.append(
            sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}{}").format(place, constraint, sql.SQL(definition), suffix)
        )
    return again


def _delete(connection: Connection, one: Replacement) -> None:
    statement = sql.SQL("DELETE FROM {name} t USING json_populate_recordset(NULL::{name}, %s) k WHERE {same}").format(
        name=table_name(one.table), same=same(one.key_columns, "t", "k")
    )
    connection.execute(statement, (keys_as_json(one.key_columns, one.keys),))


def _insert(connection: Connection, one: Replacement) -> None:
    columns, unique = columns_of(connection, one.table), unique_columns(connection, one.table)
    values = [
        sql.SQL("CASE WHEN o.{key} IS NULL THEN t.{0} ELSE o.{0} END" if column in unique else "t.{0}").format(
            sql.Identifier(column), key=sql.Identifier(one.key_columns[0])
        )
        for column in columns
    ]
    statement = sql.SQL(
        """INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values}
           FROM json_populate_recordset(NULL::{name}, %s) t LEFT JOIN json_populate_recordset(NULL::{name}, %s) o ON {same}"""
    ).format(
        name=table_name(one.table), columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(values), same=same(one.key_columns, "t", "o"))  # fmt: skip
    connection.execute(statement, (f"[{','.join(one.rows)}]", f"[{','.join(one.kept)}]"))


def _wait_at_most(connection: Connection, seconds: int) -> None:
    connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{seconds}s",))
