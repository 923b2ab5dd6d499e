"""One site's side of a migration: its own tables, its own publication, and the tables that its subscription names.

Every function takes an autocommit connection of the role lifeboat_agent, and acts as lifeboat_owner where it changes tables.
"""

import time
from collections.abc import Sequence
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql

from app.migration import LOCK, Migration
from scripts.runbook import replication
from scripts.runbook.errors import CannotMigrate, ReplicationStuck
from scripts.runbook.health import closed_tables, revision
from scripts.runbook.replication import PUBLICATION

Connection = psycopg.Connection[Any]

# Whoever writes waits at most this long behind a change of a table; then the change steps back and tries again.
LOCK_MILLISECONDS = 500
LOCK_PATIENCE_SECONDS = 60.0
IN_STEP_SECONDS = 120.0
OWNER = "lifeboat_owner"


def bring_to(connection: Connection, migrations: Sequence[Migration]) -> list[str]:
    """Carry out those of the migrations that this site lacks, each whole or not at all; return their revisions."""
    done = []
    for migration in migrations:
        if revision(connection) == migration.after:
            _carry_out(connection, migration)
            done.append(migration.revision)
    if migrations and (stands := revision(connection)) != migrations[-1].revision:
        raise CannotMigrate(
            f"This site stands at revision {stands}, from which {migrations[-1].revision} is not reached."
        )
    return done


def must_be_droppable(connection: Connection, migrations: Sequence[Migration]) -> None:
    """Raise CannotMigrate for a column that a standby would miss before it drops it too: NOT NULL, without a default."""
    from scripts.runbook.expand_contract import columns_dropped  # only here: migrate_plan says why

    query = """SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s AND attnotnull AND NOT atthasdef"""
    for migration in migrations:
        for table, column in columns_dropped(migration):
            if connection.execute(query, (f"public.{table}", column)).fetchone():
                raise CannotMigrate(
                    f"Revision {migration.revision} drops {table}.{column}, which may not be NULL and has no default, so "
                    "the standbys could apply no new row until they drop it too: drop its NOT NULL in a revision before."
                )


def follow_tables(connection: Connection, primary: str) -> list[str]:
    """Ask the primary which tables it publishes until they are this site's own, each with its rows; return their names."""
    refresh = sql.SQL("ALTER SUBSCRIPTION {} REFRESH PUBLICATION").format(
        sql.Identifier(replication.subscription_name(primary))
    )
    deadline = time.monotonic() + IN_STEP_SECONDS
    while not _in_step(connection):
        if time.monotonic() > deadline:
            raise ReplicationStuck(
                f"{primary} does not publish the tables of this site, or their rows do not arrive "
                f"(waited {IN_STEP_SECONDS:g} s); look at the server's log"
            )
        if _followed(connection) != set(replication.published_tables(connection)):
            connection.execute(refresh)
        time.sleep(0.2)
    return sorted(_followed(connection))


def open_tables(connection: Connection) -> list[str]:
    """Let the app write the tables that are new: from here on every site that follows has them."""
    closed = closed_tables(connection)
    with connection.transaction():
        _as_owner(connection)
        for table in closed:
            connection.execute(
                sql.SQL("GRANT INSERT, UPDATE, DELETE ON public.{} TO lifeboat_app").format(sql.Identifier(table))
            )
    if left := closed_tables(connection):
        raise CannotMigrate(f"The app may still not write {', '.join(left)}, though it was granted.")
    return list(closed)


def _carry_out(connection: Connection, migration: Migration) -> None:
    """Run one migration; who waits for a lock too long steps back, so that nobody waits behind it."""
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            _run(connection, migration)
            return
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            if time.monotonic() > deadline:
                raise CannotMigrate(
                    f"Revision {migration.revision} found no moment of {LOCK_MILLISECONDS} ms in "
                    f"{LOCK_PATIENCE_SECONDS:g} s in which nobody held its tables: end long transactions, then run it again."
                ) from None
            time.sleep(0.2)


def _run(connection: Connection, migration: Migration) -> None:
    from scripts.runbook.expand_contract import is_transactional, tables_made

    if not all(is_transactional(statement) for statement in migration.statements):
        _outside_transaction(connection, migration)
        return
    with connection.transaction():
        _as_owner(connection)
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{LOCK_MILLISECONDS}ms",))
        for statement in migration.statements:
            connection.execute(_trusted(statement))
        for table in tables_made(migration):
            _guard(connection, table)
        _note(connection, migration)


def _outside_transaction(connection: Connection, migration: Migration) -> None:
    """Run the one statement of a migration that cannot be in a transaction; what a killed run left of it goes first."""
    from scripts.runbook.expand_contract import index_made, repeatable

    (statement,) = migration.statements
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
    try:
        if index := index_made(statement):
            connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS public.{}").format(sql.Identifier(index)))
        connection.execute(_trusted(repeatable(statement)))
    finally:
        connection.execute("RESET ROLE")
    with connection.transaction():
        _as_owner(connection)
        _note(connection, migration)


def _guard(connection: Connection, table: str) -> None:
    """Fence and publish a new table, and let nobody write it before every standby follows it."""
    name = sql.Identifier("public", table)
    connection.execute("SELECT lifeboat.guard(%s::regclass)", (f"public.{table}",))
    connection.execute(sql.SQL("REVOKE INSERT, UPDATE, DELETE ON {} FROM lifeboat_app").format(name))
    connection.execute(sql.SQL("ALTER PUBLICATION {} ADD TABLE {}").format(sql.Identifier(PUBLICATION), name))


def _note(connection: Connection, migration: Migration) -> None:
    noted = connection.execute(
        "UPDATE public.alembic_version SET version_num = %s WHERE version_num = %s",
        (migration.revision, migration.after),
    )
    if noted.rowcount != 1:
        raise CannotMigrate(f"This site no longer stands at revision {migration.after}: somebody else migrates it too.")


def _as_owner(connection: Connection) -> None:
    """Act as the owner of the tables until the transaction ends, one run at a time."""
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(OWNER)))
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))


def _in_step(connection: Connection) -> bool:
    same = _followed(connection) == set(replication.published_tables(connection))
    return same and not replication.tables_not_ready(connection)


def _followed(connection: Connection) -> set[str]:
    rows = connection.execute(
        """SELECT n.nspname || '.' || c.relname FROM pg_subscription_rel r JOIN pg_class c ON c.oid = r.srrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace"""
    )
    return {name for (name,) in rows}


def _trusted(statement: str) -> LiteralString:
    """Return a statement that was judged and signed, as the driver takes it."""
    return cast(LiteralString, statement)
