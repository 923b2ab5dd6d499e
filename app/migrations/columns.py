"""Columns that the migrations use again and again."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


def key() -> sa.Column:
    """Give the primary key of a table: a UUIDv7 made by the app."""
    return sa.Column("id", sa.Uuid(), primary_key=True)


def text(name: str, *, default: str | None = None, nullable: bool = False, unique: bool = False) -> sa.Column:
    """Give a column for a text."""
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default, unique=unique or None)


def flag(name: str, default: str | None = None) -> sa.Column:
    """Give a column for yes or no."""
    return sa.Column(name, sa.Boolean(), server_default=default, nullable=False)


def moment(name: str, *, nullable: bool = False) -> sa.Column:
    """Give a column for a time."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def created_at(name: str = "created_at") -> sa.Column:
    """Give the column that says when a row was made."""
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def json(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column:
    """Give a column for a JSON value."""
    return sa.Column(name, postgresql.JSONB(), server_default=default, nullable=nullable)


def belongs_to(
    table: str,
    name: str = "",
    *,
    ondelete: str = "CASCADE",
    nullable: bool = False,
    primary_key: bool = False,
    index: bool = False,
    unique: bool = False,
) -> sa.Column:
    """Give a column that names a row of another table."""
    owner = sa.ForeignKey(f"{table}.id", ondelete=ondelete)
    column = sa.Column(name or f"{table}_id", sa.Uuid(), owner, nullable=nullable, primary_key=primary_key)
    column.index, column.unique = index or None, unique or None
    return column
