"""Limits a person in the primary's database: the app shows their posts to those who follow already.

Every function takes an autocommit connection of the role lifeboat_agent.
"""

import datetime
from dataclasses import dataclass
from typing import Any

import psycopg

from scripts.runbook.errors import FenceRefused, UnknownAccount

Connection = psycopg.Connection[Any]
FENCE_CLOSED = "LB001"

_FIND = """
SELECT username, limited_at AT TIME ZONE 'UTC', (SELECT count(*) FROM public.follow WHERE target_id = account.id)
FROM public.account WHERE username = %s
"""


@dataclass(frozen=True)
class Person:
    """Who is meant: the name, since when limited (UTC), and how many follow."""

    username: str
    limited_at: datetime.datetime | None
    followers: int


def find(connection: Connection, name: str) -> Person:
    """Return the person of that name. Raises UnknownAccount."""
    username = name.strip().removeprefix("@").lower()
    row = connection.execute(_FIND, (username,)).fetchone()
    if row is None:
        raise UnknownAccount(name)
    return Person(*row)


def set_limited(connection: Connection, username: str, limited: bool) -> None:
    """Limit a person or take it back; done again it changes nothing. Raises FenceRefused where the site takes no writes."""
    change = (
        "UPDATE public.account SET limited_at = now() WHERE username = %s AND limited_at IS NULL"
        if limited
        else "UPDATE public.account SET limited_at = NULL WHERE username = %s AND limited_at IS NOT NULL"
    )
    try:
        connection.execute(change, (username,))
    except psycopg.Error as error:
        if error.sqlstate == FENCE_CLOSED:
            raise FenceRefused(f"{str(error).splitlines()[0]}; nothing was changed, try again") from error
        raise
    if (find(connection, username).limited_at is not None) != limited:
        raise FenceRefused(f"@{username} was changed by somebody else at the same moment; look, and try again")
