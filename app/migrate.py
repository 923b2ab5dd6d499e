"""Runs the app's migrations and says which tables are replicated: all that the runbook knows of the app."""

import os
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

import alembic.command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Table

from app.migration import Migration, UnreadableMigration
from app.models import Base


def upgrade(database_url: str, revision: str = "head", *, lock_seconds: float = 10.0) -> None:
    """Bring one database to `revision`, as lifeboat_owner; one transaction for all, one run at a time per database.

    Raises SQLAlchemy's OperationalError when the database does not answer or a lock is not free in time, and the
    driver's error when it refuses a statement; nothing is half done then.
    """
    config = _config(database_url)
    config.attributes["lock_milliseconds"] = int(lock_seconds * 1000)
    alembic.command.upgrade(config, revision)


def migrations_after(revisions: Iterable[str], folder: Path | None = None) -> list[Migration]:
    """Return the migrations that some of these revisions lack, oldest first, each as plain SQL.

    `folder`: where further revisions lie beside the app's own. Raises UnreadableMigration.
    """
    try:
        scripts = ScriptDirectory.from_config(_config("", folder))
        chain = list(scripts.walk_revisions("base", "head"))[::-1]
        known = [script.revision for script in chain]
        first = min(known.index(revision) + 1 for revision in revisions)
        migrations = [_as_sql(script) for script in chain[first:]]
    except ValueError as reason:
        raise UnreadableMigration(f"a site stands at a revision that is not known here ({reason})") from reason
    except (CommandError, SyntaxError, ImportError) as reason:
        raise UnreadableMigration(f"the migrations cannot be read ({reason})") from reason
    for migration in migrations:
        if migration.contracts and migration.contracts not in known[: known.index(migration.revision)]:
            raise UnreadableMigration(
                f"revision {migration.revision} says that it drops what {migration.contracts} released, which is no "
                "earlier revision"
            )
    return migrations


class _Statements(list[str]):
    """Takes what Alembic would write into a script, one statement each time, without the ends of its transactions."""

    def write(self, text: str) -> None:
        statement = text.strip().removesuffix(";")
        if statement and statement not in ("BEGIN", "COMMIT"):
            self.append(statement)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""


def _as_sql(script: Script) -> Migration:
    statements = _Statements()
    options = {"as_sql": True, "output_buffer": statements}
    context = MigrationContext.configure(dialect_name="postgresql", dialect_opts={"paramstyle": "named"}, opts=options)
    try:
        with Operations.context(context):
            script.module.upgrade()
    except Exception as reason:  # a module may do anything
        raise UnreadableMigration(
            f"revision {script.revision} cannot be shown as SQL without a database ({reason}): "
            "let it say everything by op.execute and the other operations of Alembic"
        ) from reason
    before = script.down_revision
    if before is not None and not isinstance(before, str):
        raise UnreadableMigration(f"revision {script.revision} follows two others: give each one predecessor")
    contracts = getattr(script.module, "contracts", "")
    return Migration(script.revision, before or "", script.doc, contracts, tuple(statements))


def replicated_tables() -> list[str]:
    """Name the tables of schema public that every site must hold, parents before children."""
    return [table.name for table in Base.metadata.sorted_tables if is_replicated(table)]


def is_replicated(table: Table) -> bool:
    """Say whether the table leaves its site; a model marks the contrary with `PER_SITE`."""
    return not table.info.get("per_site", False)


def _config(database_url: str, folder: Path | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("app") / "migrations"))
    config.set_main_option("path_separator", "os")
    if folder is not None:
        own = resources.files("app") / "migrations" / "versions"
        config.set_main_option("version_locations", os.pathsep.join([str(own), str(folder)]))
    config.attributes["database_url"] = database_url
    return config
