"""Filters: words and posts that a person does not want to read (version 2 of Mastodon's filters)."""

import datetime
import re
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.body import Fields, checked, invalid
from app.errors import NotFound
from app.ids import from_api, new_id
from app.models import ContentFilter, FilterKeyword, FilterStatus
from app.posts import load

CONTEXTS = ("home", "notifications", "public", "thread", "account")
MAX_KEYWORD = 100
MAX_KEYWORDS = 50
LONGEST = 10 * 365 * 24 * 3600  # seconds
Part = type[FilterKeyword | FilterStatus]


class KeywordForm(Fields):
    """A word of a filter; with an id it is one that is there already."""

    id: str | None = None
    keyword: str = ""
    whole_word: bool = True
    destroy: bool = False

    def columns(self) -> dict[str, Any]:
        """Give the columns; raises Unprocessable for an empty or long word."""
        word = self.keyword.strip()
        if not 0 < len(word) <= MAX_KEYWORD:
            raise invalid({"keyword": [("ERR_BLANK", f"must have 1 to {MAX_KEYWORD} characters")]})
        return {"keyword": word, "whole_word": self.whole_word, "pattern": pattern(word, whole=self.whole_word)}


class FilterForm(Fields):
    """What a client says of a filter; what is not sent stays as it is, `expires_in` is in seconds."""

    title: str | None = None
    context: list[str] | None = None
    filter_action: Literal["warn", "hide", "blur"] | None = None
    expires_in: int | Literal[""] | None = None
    keywords_attributes: list[dict[str, Any]] | dict[str, dict[str, Any]] = []  # noqa: RUF012

    def columns(self) -> dict[str, Any]:
        """Give the columns that were sent; raises Unprocessable."""
        if self.title is not None and not 0 < len(self.title.strip()) <= MAX_KEYWORD:
            raise invalid({"title": [("ERR_BLANK", "can't be blank")]})
        if self.context is not None and not (self.context and set(self.context) <= set(CONTEXTS)):
            raise invalid({"context": [("ERR_INVALID", f"must be one or more of {', '.join(CONTEXTS)}")]})
        sent = {"title": self.title, "context": self.context, "action": self.filter_action}
        found = {name: value for name, value in sent.items() if value is not None}
        if "expires_in" in self.model_fields_set:
            found["expires_at"] = self._end()
        return found

    def _end(self) -> Any:
        if not self.expires_in:
            return None
        if not 0 < self.expires_in <= LONGEST:
            raise invalid({"expires_in": [("ERR_INVALID", f"must be 1 to {LONGEST} seconds")]})
        return func.now() + datetime.timedelta(seconds=self.expires_in)

    @property
    def keywords(self) -> list[KeywordForm]:
        """Give the words, from JSON or from a form (`keywords_attributes[0][keyword]`)."""
        given = self.keywords_attributes
        rows = list(given.values()) if isinstance(given, dict) else given
        return [checked(KeywordForm, row | {"destroy": row.get("_destroy", False)}) for row in rows]


def pattern(word: str, *, whole: bool) -> str:
    """Give PostgreSQL's expression for a word, which is text and nothing else; `whole` looks at word boundaries."""
    escaped = re.sub(r"([^\w\s])", r"\\\1", word)
    if not whole:
        return escaped
    before = r"\m" if re.match(r"\w", word) else ""
    after = r"\M" if re.search(r"\w$", word) else ""
    return f"{before}{escaped}{after}"


async def create(connection: AsyncConnection, owner: UUID, filter_id: UUID, form: FilterForm) -> None:
    """Make a filter in a durable transaction, once for its id."""
    columns = form.columns()
    missing = {name: [("ERR_BLANK", "can't be blank")] for name in ("title", "context") if name not in columns}
    if missing:
        raise invalid(missing)
    row = insert(ContentFilter).values(id=filter_id, account_id=owner, **columns).on_conflict_do_nothing()
    if await connection.scalar(row.returning(ContentFilter.id)):
        await _change_words(connection, filter_id, form.keywords)


async def change(connection: AsyncConnection, owner: UUID, filter_id: UUID, form: FilterForm) -> None:
    """Change a filter and its words in a durable transaction; raises NotFound."""
    await must_own(connection, owner, filter_id)
    if columns := form.columns():
        await connection.execute(update(ContentFilter).where(ContentFilter.id == filter_id).values(**columns))
    await _change_words(connection, filter_id, form.keywords)


async def _change_words(connection: AsyncConnection, filter_id: UUID, words: list[KeywordForm]) -> None:
    if len(words) > MAX_KEYWORDS:
        raise invalid({"keywords": [("ERR_TOO_MANY", f"are more than {MAX_KEYWORDS}")]})
    for word in words:
        known = FilterKeyword.filter_id == filter_id, FilterKeyword.id == from_api(word.id or "0")
        if word.destroy:
            await connection.execute(delete(FilterKeyword).where(*known))
        elif word.id:
            await connection.execute(update(FilterKeyword).where(*known).values(**word.columns()))
        else:
            await add_word(connection, filter_id, new_id(), word)


async def add_word(connection: AsyncConnection, filter_id: UUID, word_id: UUID, form: KeywordForm) -> None:
    """Put a word into a filter, once for its id."""
    row = insert(FilterKeyword).values(id=word_id, filter_id=filter_id, **form.columns())
    await connection.execute(row.on_conflict_do_nothing())


async def add_post(connection: AsyncConnection, owner: UUID, filter_id: UUID, part_id: UUID, status_id: UUID) -> UUID:
    """Put a post into a filter and give the key of that; raises NotFound for a post that the owner may not see."""
    await load(connection, status_id, owner)
    row = insert(FilterStatus).values(id=part_id, filter_id=filter_id, status_id=status_id)
    await connection.execute(row.on_conflict_do_nothing())
    query = select(FilterStatus.id).where(FilterStatus.filter_id == filter_id, FilterStatus.status_id == status_id)
    return (await connection.execute(query)).scalar_one()


async def remove(connection: AsyncConnection, owner: UUID, filter_id: UUID) -> None:
    """Delete a filter; deleting it again changes nothing."""
    mine = delete(ContentFilter).where(ContentFilter.id == filter_id, ContentFilter.account_id == owner)
    await connection.execute(mine)


async def of(connection: AsyncConnection, owner: UUID, filter_id: UUID | None = None) -> list[Any]:
    """Give a person's filters, or one of them, each with its words and posts: one statement."""
    words = select(
        func.jsonb_agg(func.jsonb_build_array(FilterKeyword.id, FilterKeyword.keyword, FilterKeyword.whole_word))
    )
    posts = select(func.jsonb_agg(func.jsonb_build_array(FilterStatus.id, FilterStatus.status_id)))
    query = select(
        *ContentFilter.__table__.columns,
        words.where(FilterKeyword.filter_id == ContentFilter.id).scalar_subquery().label("words"),
        posts.where(FilterStatus.filter_id == ContentFilter.id).scalar_subquery().label("posts"),
    ).where(ContentFilter.account_id == owner)
    if filter_id is not None:
        query = query.where(ContentFilter.id == filter_id)
    return list((await connection.execute(query.order_by(ContentFilter.id))).all())


async def must_own(connection: AsyncConnection, owner: UUID, filter_id: UUID) -> Any:
    """Give a filter of a person; raises NotFound."""
    found = await of(connection, owner, filter_id)
    if not found:
        raise NotFound
    return found[0]


async def part(connection: AsyncConnection, table: Part, owner: UUID, part_id: UUID) -> Any:
    """Give a word or a post of a person's filter; raises NotFound."""
    query = select(*table.__table__.columns).join(ContentFilter, ContentFilter.id == table.filter_id)
    row = (await connection.execute(query.where(table.id == part_id, ContentFilter.account_id == owner))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def change_word(connection: AsyncConnection, owner: UUID, word_id: UUID, form: KeywordForm) -> Any:
    """Change a word of a person's filter and give it; raises NotFound."""
    await part(connection, FilterKeyword, owner, word_id)
    await connection.execute(update(FilterKeyword).where(FilterKeyword.id == word_id).values(**form.columns()))
    return await part(connection, FilterKeyword, owner, word_id)


async def drop(connection: AsyncConnection, table: Part, owner: UUID, part_id: UUID) -> None:
    """Take a word or a post out of a person's filter; doing it again changes nothing."""
    mine = select(ContentFilter.id).where(ContentFilter.account_id == owner)
    await connection.execute(delete(table).where(table.id == part_id, table.filter_id.in_(mine)))
