"""Hears every statement that an app of this process sends to its database, at the driver, below every library."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg

Sent = tuple[str, dict[str, Any]]


@contextmanager
def heard() -> Iterator[list[Sent]]:
    """Collect the statements that are sent meanwhile, with their parameters.

    Left out are reads of the fence, which come four times a second whatever is asked, and what a new connection asks.
    """
    sent: list[Sent] = []
    execute = psycopg.AsyncCursor.execute

    async def listen(cursor: Any, query: Any, parameters: Any = None, **options: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else query
        if isinstance(text, str) and "lifeboat.fence" not in text:
            sent.append((text, dict(parameters or {})))
        return await execute(cursor, query, parameters, **options)

    with patch.object(psycopg.AsyncCursor, "execute", listen):
        yield sent
