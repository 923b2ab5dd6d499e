"""Carries out a takedown in one database, in one transaction: what was taken down is gone, and does not come back.

A post goes with all that belongs to it. A picture goes from every post that shows it, and is not taken again. Of a person
the account stays, emptied and locked, so that the reports about it keep their evidence and the name is not given away.
"""

import re
import uuid
from typing import Any, Literal, LiteralString, TypeAlias

import psycopg
from psycopg import sql

from app.copies import CONTENT_TYPES

Connection: TypeAlias = psycopg.Connection[Any]
Kind: TypeAlias = Literal["media", "post", "account"]
KINDS: tuple[Kind, ...] = ("media", "post", "account")

_SHA256 = re.compile("[0-9a-f]{64}")

# A writer under way ends first, and one that comes later finds the takedown.
_LOCK_KEY = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_LOCK_ACCOUNT = "SELECT FROM account WHERE id = %s FOR UPDATE"
EMPTIED: tuple[LiteralString, ...] = (
    "status", "media_attachment", "scheduled_status", "featured_tag",
    "push_subscription", "access_token", "authorization_code", "reset_token", "recovery_code",
)  # fmt: skip
"""The tables that lose every row of an account that is taken down: what it shows, and what it logs in with."""
_OF_ACCOUNT = sql.SQL("DELETE FROM {} WHERE account_id = %s")
_LOCKED = """
UPDATE account SET display_name = '', note = '', fields = '[]', avatar_key = NULL, header_key = NULL, password_hash = ''
WHERE id = %s
"""
_OF_PICTURE = """
DELETE FROM media_attachment
WHERE key = ANY(%(keys)s) OR jsonb_path_query_array(sizes, '$.*.key'::jsonpath) ?| %(keys)s
"""
_OF_PROFILE: tuple[LiteralString, ...] = (
    "UPDATE account SET avatar_key = NULL WHERE avatar_key = ANY(%s)",
    "UPDATE account SET header_key = NULL WHERE header_key = ANY(%s)",
)
# The trigger on media_attachment asks for the pictures that rows named; this asks for one that no row names any more.
_GO = """
INSERT INTO media_outbox (key, site, wanted, size) SELECT unnest(%s::text[]), '*', false, 0
ON CONFLICT (key, site) DO UPDATE SET wanted = false, created_at = now(), done_at = NULL
"""


def canonical_target(kind: str, target: str) -> str:
    """Give a target's one spelling: a SHA-256 in hexadecimal, or a UUID, also from the decimal number of the API.

    Raises ValueError with what is wrong.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no kind {kind!r}; it is one of {', '.join(KINDS)}")
    text = target.strip().lower()
    if kind == "media":
        if not _SHA256.fullmatch(text):
            raise ValueError(f"{target!r} is no SHA-256 in hexadecimal (64 digits)")
        return text
    try:
        return str(uuid.UUID(int=int(text)) if text.isdecimal() else uuid.UUID(text))
    except ValueError:
        raise ValueError(
            f"{target!r} is no id of such a thing ({kind}): neither the number in its address nor a UUID"
        ) from None


def keys_of(sha256: str) -> list[str]:
    """Give every key that a picture with this digest may have."""
    return [f"media/{sha256[:2]}/{sha256}.{extension}" for extension in CONTENT_TYPES]


def carry_out(connection: Connection, kind: Kind, target: str, entry: str) -> None:
    """Remove the target inside the caller's transaction, and note the ledger's entry; again it changes nothing more."""
    if kind == "media":
        _take_picture(connection, keys_of(target))
    elif kind == "post":
        connection.execute("DELETE FROM status WHERE id = %s", (target,))
    else:
        connection.execute(_LOCK_ACCOUNT, (target,))
        for table in EMPTIED:
            connection.execute(_OF_ACCOUNT.format(sql.Identifier(table)), (target,))
        connection.execute(_LOCKED, (target,))
    note = "INSERT INTO takedown (kind, target, entry) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
    connection.execute(note, (kind, target, entry))


def carried_out(connection: Connection) -> set[tuple[str, str]]:
    """Give (kind, target) of every takedown that this database has carried out."""
    return set(connection.execute("SELECT kind, target FROM takedown").fetchall())


def remains(connection: Connection, kind: Kind, target: str) -> bool:
    """Say whether anything of the target is still there."""
    if kind == "media":
        query: LiteralString = "SELECT FROM media_attachment WHERE key = ANY(%s) LIMIT 1"
        return connection.execute(query, (keys_of(target),)).fetchone() is not None
    query = "SELECT FROM status WHERE id = %s" if kind == "post" else "SELECT FROM status WHERE account_id = %s LIMIT 1"
    return connection.execute(query, (target,)).fetchone() is not None


def _take_picture(connection: Connection, keys: list[str]) -> None:
    for key in keys:
        connection.execute(_LOCK_KEY, (key,))
    connection.execute(_OF_PICTURE, {"keys": keys})
    for statement in _OF_PROFILE:
        connection.execute(statement, (keys,))
    connection.execute(_GO, (keys,))
