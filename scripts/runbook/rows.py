"""Reads single rows of a table by their keys, as PostgreSQL itself writes them.

Every function takes an autocommit connection of the role lifeboat_agent.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

import psycopg
from psycopg import sql

from scripts.runbook.pgoutput import Key, Values

Connection = psycopg.Connection[Any]


def columns_of(connection: Connection, table: str) -> tuple[str, ...]:
    """Return the columns of a table that can be written; none when there is no such table."""
    rows = connection.execute(
        """SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
           AND attgenerated = '' ORDER BY attname""",
        (table,),
    )
    return tuple(name for (name,) in rows)


def read_rows(connection: Connection, table: str, key_columns: Sequence[str], keys: Collection[Key]) -> dict[Key, str]:
    """Return the rows with these keys as PostgreSQL's own JSON; a key without a row is absent."""
    return _read(connection, table, key_columns, keys, sql.SQL("row_to_json(t)::text"))


def read_values(
    connection: Connection, table: str, key_columns: Sequence[str], keys: Collection[Key], columns: Collection[str]
) -> dict[Key, Values]:
    """Return what these rows hold in some columns, as a stream would print it; a null is absent, as a missing row is."""
    # format() prints as a stream does; a cast to text does not for every type (a boolean is one).
    told = sql.SQL("{name}, CASE WHEN t.{column} IS NOT NULL THEN format('%%s', t.{column}) END")
    pairs = [told.format(name=sql.Literal(column), column=sql.Identifier(column)) for column in sorted(columns)]
    wanted = sql.SQL("json_strip_nulls(json_build_object({}))").format(sql.SQL(", ").join(pairs))
    return _read(connection, table, key_columns, keys, wanted)


def same(columns: Sequence[str], one: str, other: str) -> sql.Composed:
    """Return the condition that two rows have the same key."""
    pair = sql.SQL("{1}.{0} = {2}.{0}")
    return sql.SQL(" AND ").join(
        pair.format(sql.Identifier(column), sql.Identifier(one), sql.Identifier(other)) for column in columns
    )


def keys_as_json(key_columns: Sequence[str], keys: Collection[Key]) -> str:
    return json.dumps([dict(zip(key_columns, key, strict=True)) for key in sorted(keys)])


def table_name(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def _read(
    connection: Connection, table: str, key_columns: Sequence[str], keys: Collection[Key], wanted: sql.Composable
) -> dict[Key, Any]:
    asked = sql.SQL(", ").join(sql.SQL("t.{}::text").format(sql.Identifier(column)) for column in key_columns)
    query = sql.SQL(
        "SELECT {wanted}, {asked} FROM {name} t JOIN json_populate_recordset(NULL::{name}, %s) k ON {same}"
    ).format(wanted=wanted, asked=asked, name=table_name(table), same=same(key_columns, "t", "k"))
    return {tuple(key): row for row, *key in connection.execute(query, (keys_as_json(key_columns, keys),))}
