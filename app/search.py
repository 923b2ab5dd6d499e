"""Search: people by the beginning of their name, public posts by their words, hashtags by their beginning."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app import accounts
from app.models import Account, Status, StatusTag
from app.posts import Post, complete
from app.visibility import blocked_by, heard_by, visible_to, wanted_by

CONFIGURATION = literal_column("'simple'::regconfig")


async def people(connection: AsyncConnection, words: str, viewer: UUID | None, limit: int, offset: int) -> list[Any]:
    """Give the accounts whose username or shown name begins with the words, an exact username first."""
    beginning = _beginning(words.strip().lstrip("@").lower())
    shown = func.lower(Account.display_name)
    query = select(Account.id).where(or_(Account.username.like(beginning), shown.like(beginning)))
    if viewer is not None:
        query = query.where(~blocked_by(Account.id, viewer))
    query = query.order_by(func.length(Account.username), Account.username).limit(limit).offset(offset)
    found = list(await connection.scalars(query))
    rows = await accounts.many(connection, found)
    return [rows[account_id] for account_id in found]


async def posts(
    connection: AsyncConnection, words: str, viewer: UUID | None, limit: int, offset: int, author: UUID | None = None
) -> list[Post]:
    """Give the public posts, and those the reader may see of one author, that hold all the words, newest first."""
    text = func.to_tsvector(CONFIGURATION, Status.text)
    query = select(Status.id, Status.reblog_of_id).where(
        text.op("@@")(func.websearch_to_tsquery(CONFIGURATION, words)),
        visible_to(viewer),
        or_(Status.visibility == "public", Status.account_id == viewer),
        wanted_by(viewer, Status.account_id),
        heard_by(viewer, Status.account_id),
    )
    if author is not None:
        query = query.where(Status.account_id == author)
    return await complete(connection, query.order_by(Status.id.desc()).limit(limit).offset(offset), viewer)


async def tags(connection: AsyncConnection, words: str, limit: int, offset: int) -> list[str]:
    """Give the hashtags that begin with the words, the most used first."""
    beginning = _beginning(words.strip().lstrip("#").lower())
    query = select(StatusTag.name).where(StatusTag.name.like(beginning)).group_by(StatusTag.name)
    ordered = query.order_by(func.count().desc(), StatusTag.name).limit(limit).offset(offset)
    return list(await connection.scalars(ordered))


def _beginning(words: str) -> str:
    return words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
