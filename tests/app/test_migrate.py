"""Migrations: they make exactly the models, and say what is replicated."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, NullPool, Table, create_engine
from sqlalchemy.exc import OperationalError

from app import migrate, migration
from app.migration import Migration, UnreadableMigration
from app.models import PER_SITE, Base


def version(database: Any) -> Any:
    """Read which migration a database is at."""
    with psycopg.connect(database.owner_url) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchall()


def test_the_migrations_make_the_models(app_database: Any) -> None:
    """It leaves no difference between a migrated database and the models, types and defaults included."""
    engine = create_engine(app_database.owner_url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    options = {"compare_type": True, "compare_server_default": True}

    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)

    assert differences == []


def test_every_table_is_replicated_or_marked(app_database: Any) -> None:
    """It names every table of schema public but Alembic's own, so none is forgotten."""
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    with psycopg.connect(app_database.owner_url) as connection:
        tables = {name for (name,) in connection.execute(query)}

    assert set(migrate.replicated_tables()) == tables


def test_parents_come_before_children() -> None:
    """It names a table after every table that it refers to, as salvage needs it."""
    order = {name: place for place, name in enumerate(migrate.replicated_tables())}

    for table in Base.metadata.tables.values():
        for key in table.foreign_keys:
            assert key.column.table is table or order[key.column.table.name] < order[table.name]


def test_every_replicated_table_has_a_primary_key_made_by_the_app() -> None:
    """It has a replica identity, and no sequence that would have to be repaired after a failover."""
    for name in migrate.replicated_tables():
        columns = list(Base.metadata.tables[name].primary_key.columns)
        assert columns
        assert all("INT" not in str(column.type).upper() for column in columns)


def test_a_per_site_table_is_not_replicated() -> None:
    """It leaves out a table that its model marks."""
    table = Table("queue", MetaData(), Column("id", Integer, primary_key=True), info=PER_SITE["info"])

    assert not migrate.is_replicated(table)


def test_running_again_changes_nothing(app_database: Any) -> None:
    """It does nothing on a database that is up to date."""
    before = version(app_database)

    migrate.upgrade(app_database.owner_url)

    assert version(app_database) == before


def test_two_runs_take_turns(app_database: Any) -> None:
    """It waits for another run on the same database instead of colliding with it, and gives up with an error."""
    with psycopg.connect(app_database.owner_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (migration.LOCK,))

        with pytest.raises(OperationalError, match="lock timeout"):
            migrate.upgrade(app_database.owner_url, lock_seconds=0.2)


def test_the_app_cannot_run_migrations(app_database: Any) -> None:
    """It needs the owner: the app's own role may not create a table."""
    with psycopg.connect(app_database.url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE public.mine (id integer)")


REVISION = '''"""An index."""
from alembic import op
revision, down_revision, branch_labels, depends_on = "{revision}", "{after}", None, None
contracts = "{contracts}"
def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("account_by_note", "account", ["note"], postgresql_concurrently=True)
'''


def test_migrations_are_shown_as_sql_without_a_database(tmp_path: Path) -> None:
    """Each with what it follows; what some site lacks comes first, and revisions beside the app's own come with them."""
    newest = migrate.migrations_after(["0007"])[-1]
    (tmp_path / "more.py").write_text(REVISION.format(revision="0901", after=newest.revision, contracts=""))

    shown = migrate.migrations_after(["0007", newest.revision], tmp_path)

    assert shown[0].statements[0].startswith("CREATE TABLE push_subscription")
    assert shown[-1] == Migration("0901", newest.revision, "An index.", "",
                                  ("CREATE INDEX CONCURRENTLY account_by_note ON account (note)",))  # fmt: skip
    assert migrate.migrations_after(["0901"], tmp_path) == []


def test_migrations_that_cannot_be_shown_are_said(tmp_path: Path) -> None:
    """An unknown revision, one that says it drops what a later one releases, and one that needs a database."""
    head = migrate.migrations_after(["0007"])[-1].revision
    with pytest.raises(UnreadableMigration, match="not known here"):
        migrate.migrations_after(["0815"])
    with pytest.raises(UnreadableMigration, match="revision 0006 cannot be shown as SQL"):
        migrate.migrations_after(["0005"])
    (tmp_path / "more.py").write_text(REVISION.format(revision="0901", after=head, contracts="0902"))
    with pytest.raises(UnreadableMigration, match="drops what 0902 released, which is no earlier revision"):
        migrate.migrations_after([head], tmp_path)
