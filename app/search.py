"""Search: people by their name, posts by their words, hashtags by their beginning.

Words are looked for as they stand in any post, and by their stems in a post that says its language. A name is found by
its beginning and, where the database offers trigrams, though it is misspelt.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app import accounts
from app.models import Account, Status, StatusTag
from app.posts import Post, complete
from app.visibility import blocked_by, heard_by, visible_to, wanted_by

SIMPLE = literal_column("'simple'::regconfig")
LANGUAGES = (
    "danish", "dutch", "english", "finnish", "french", "german", "hungarian", "italian", "norwegian", "portuguese",
    "romanian", "russian", "spanish", "swedish", "turkish",
)  # fmt: skip
TRIGRAMS = text("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")


async def people(connection: AsyncConnection, words: str, viewer: UUID | None, limit: int, offset: int) -> list[Any]:
    """Give the accounts whose username or shown name begins with the words or is like them, the best first."""
    words = words.strip().lstrip("@").lower()
    beginning, shown = _beginning(words), func.lower(Account.display_name)
    begins = or_(Account.username.like(beginning), shown.like(beginning))
    order: list[Any] = [begins.desc(), func.length(Account.username), Account.username]
    if await connection.scalar(TRIGRAMS):
        names = Account.username.op("||")(literal_column("' '")).op("||")(Account.display_name)
        begins = or_(begins, names.op("%>")(words))
        order.insert(1, func.word_similarity(words, names).desc())
    query = select(Account.id).where(begins)
    if viewer is not None:
        query = query.where(~blocked_by(Account.id, viewer))
    query = query.order_by(*order).limit(limit).offset(offset)
    found = list(await connection.scalars(query))
    rows = await accounts.many(connection, found)
    return [rows[account_id] for account_id in found]


async def posts(
    connection: AsyncConnection, words: str, viewer: UUID | None, limit: int, offset: int, author: UUID | None = None
) -> list[Post]:
    """Give the public posts, and those the reader may see of one author, that hold all the words, newest first."""
    query = select(Status.id, Status.reblog_of_id).where(
        _holds(words),
        visible_to(viewer),
        or_(Status.visibility == "public", Status.account_id == viewer),
        wanted_by(viewer, Status.account_id),
        heard_by(viewer, Status.account_id),
    )
    if author is not None:
        query = query.where(Status.account_id == author)
    return await complete(connection, query.order_by(Status.id.desc()).limit(limit).offset(offset), viewer)


def _holds(words: str) -> ColumnElement[bool]:
    """Give the condition that a post holds the words; each language is a question that its index answers."""
    configuration = func.text_configuration(Status.language)
    stems = func.to_tsvector(configuration, Status.text)
    found = [func.to_tsvector(SIMPLE, Status.text).op("@@")(func.websearch_to_tsquery(SIMPLE, words))]
    for language in LANGUAGES:
        name = literal_column(f"'pg_catalog.{language}'::regconfig")
        fits = stems.op("@@")(func.websearch_to_tsquery(name, words))
        found.append(and_(Status.language.is_not(None), configuration == name, fits))
    return or_(*found)


async def tags(connection: AsyncConnection, words: str, limit: int, offset: int) -> list[str]:
    """Give the hashtags that begin with the words, the most used first."""
    beginning = _beginning(words.strip().lstrip("#").lower())
    query = select(StatusTag.name).where(StatusTag.name.like(beginning)).group_by(StatusTag.name)
    ordered = query.order_by(func.count().desc(), StatusTag.name).limit(limit).offset(offset)
    return list(await connection.scalars(ordered))


def _beginning(words: str) -> str:
    return words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
