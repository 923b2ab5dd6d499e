"""Statements that are built and compiled once: what is asked all day costs more to build than to run.

Only for statements whose parameters PostgreSQL's driver takes as they are: keys, numbers, words, bytes and lists of them.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BindParameter, Executable, Uuid, bindparam
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import ask


class Statement:
    """A statement as text, with the parameters that are always the same; the others are given by their names."""

    def __init__(self, built: Executable) -> None:
        compiled = built.compile(dialect=dialect(), compile_kwargs={"render_postcompile": True})  # ty: ignore
        self._text = str(compiled).encode()
        self._always = {name: value for name, value in compiled.params.items() if value is not None}

    async def all(self, connection: AsyncConnection, **values: Any) -> Sequence[Any]:
        """Run it and give every row."""
        return await ask(connection, self._text, self._always | values)

    async def first(self, connection: AsyncConnection, **values: Any) -> Any:
        """Run it and give its row, if there is one."""
        rows = await self.all(connection, **values)
        return rows[0] if rows else None


def key(name: str) -> BindParameter[Any]:
    """Name a parameter that is a key."""
    return bindparam(name, required=False, type_=Uuid())


def keys(name: str) -> BindParameter[Any]:
    """Name a parameter that is a list of keys: one text for any number of them."""
    return bindparam(name, required=False, type_=ARRAY(Uuid))


def value(name: str) -> BindParameter[Any]:
    """Name a parameter whose type is that of what it is compared with."""
    return bindparam(name, required=False)


VIEWER = key("viewer")
