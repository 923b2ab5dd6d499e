"""Runs the app's migrations and says which tables are replicated: all that the runbook knows of the app."""

from importlib import resources

import alembic.command
from alembic.config import Config
from sqlalchemy import Table

from app.models import Base

LOCK = 5_208_133_079_201_447_001  # a number of our own: two runs on one database take turns


def upgrade(database_url: str, revision: str = "head", *, lock_seconds: float = 10.0) -> None:
    """Bring one database to `revision`, as lifeboat_owner; one transaction for all, one run at a time per database.

    Raises SQLAlchemy's OperationalError when the database does not answer or a lock is not free in time, and the
    driver's error when it refuses a statement; nothing is half done then.
    """
    config = _config(database_url)
    config.attributes["lock_milliseconds"] = int(lock_seconds * 1000)
    alembic.command.upgrade(config, revision)


def replicated_tables() -> list[str]:
    """Name the tables of schema public that every site must hold, parents before children."""
    return [table.name for table in Base.metadata.sorted_tables if is_replicated(table)]


def is_replicated(table: Table) -> bool:
    """Say whether the table leaves its site; a model marks the contrary with `PER_SITE`."""
    return not table.info.get("per_site", False)


def _config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("app") / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["database_url"] = database_url
    return config
