"""Connects Alembic to the database that `app.migrate.upgrade` names; there is no ini file and no offline mode."""

from alembic import context
from sqlalchemy import NullPool, create_engine, text

from app.migration import LOCK
from app.models import Base


def run() -> None:
    """Run the migrations in one transaction, under a lock that ends with it."""
    url = context.config.attributes["database_url"].replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            connection.execute(text(f"SET LOCAL lock_timeout = {context.config.attributes['lock_milliseconds']}"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            context.run_migrations()


run()
