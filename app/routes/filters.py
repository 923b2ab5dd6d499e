"""Filters, their words and their posts (version 2 of Mastodon's filters)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from app import filters
from app.authentication import Person, person
from app.body import Fields, body_of
from app.filters import FilterForm, KeywordForm
from app.ids import from_api, new_id, to_api
from app.models import FilterKeyword, FilterStatus
from app.moments import moment
from app.services import Parts, Write

router = APIRouter(prefix="/api/v2/filters", tags=["filters"])

Reader = Annotated[Person, Depends(person("read:filters"))]
Author = Annotated[Person, Depends(person("write:filters"))]
Sent = Annotated[FilterForm, Depends(body_of(FilterForm))]
Word = Annotated[KeywordForm, Depends(body_of(KeywordForm))]


class NamedPost(Fields):
    """The post that a filter is to name."""

    status_id: str = ""


@router.get("")
async def listed(who: Reader, parts: Parts) -> list[dict[str, Any]]:
    """Give the caller's filters."""
    async with parts.database.read() as connection:
        return [_entity(row) for row in await filters.of(connection, who.account_id)]


@router.post("")
async def create(who: Author, form: Sent, write: Write) -> dict[str, Any]:
    """Make a filter with its words."""
    async with write.transaction() as connection:
        filter_id = await write.claim(connection, who.account_id, "filter", new_id())
        await filters.create(connection, who.account_id, filter_id, form)
        return _entity(await filters.must_own(connection, who.account_id, filter_id))


@router.get("/keywords/{keyword_id}")
async def keyword(who: Reader, keyword_id: str, parts: Parts) -> dict[str, Any]:
    """Give a word of a filter."""
    async with parts.database.read() as connection:
        return _word(await filters.part(connection, FilterKeyword, who.account_id, from_api(keyword_id)))


@router.put("/keywords/{keyword_id}")
async def change_keyword(who: Author, keyword_id: str, form: Word, write: Write) -> dict[str, Any]:
    """Change a word of a filter."""
    async with write.transaction() as connection:
        return _word(await filters.change_word(connection, who.account_id, from_api(keyword_id), form))


@router.delete("/keywords/{keyword_id}")
async def drop_keyword(who: Author, keyword_id: str, write: Write) -> dict[str, Any]:
    """Take a word out of a filter."""
    async with write.transaction(every_standby=True) as connection:
        await filters.drop(connection, FilterKeyword, who.account_id, from_api(keyword_id))
    return {}


@router.get("/statuses/{part_id}")
async def named_post(who: Reader, part_id: str, parts: Parts) -> dict[str, Any]:
    """Give a post of a filter."""
    async with parts.database.read() as connection:
        row = await filters.part(connection, FilterStatus, who.account_id, from_api(part_id))
    return _post(row.id, row.status_id)


@router.delete("/statuses/{part_id}")
async def drop_post(who: Author, part_id: str, write: Write) -> dict[str, Any]:
    """Take a post out of a filter."""
    async with write.transaction(every_standby=True) as connection:
        await filters.drop(connection, FilterStatus, who.account_id, from_api(part_id))
    return {}


@router.get("/{filter_id}")
async def show(who: Reader, filter_id: str, parts: Parts) -> dict[str, Any]:
    """Give one of the caller's filters."""
    async with parts.database.read() as connection:
        return _entity(await filters.must_own(connection, who.account_id, from_api(filter_id)))


@router.put("/{filter_id}")
async def change(who: Author, filter_id: str, form: Sent, write: Write) -> dict[str, Any]:
    """Change a filter and its words."""
    key = from_api(filter_id)
    async with write.transaction() as connection:
        await filters.change(connection, who.account_id, key, form)
        return _entity(await filters.must_own(connection, who.account_id, key))


@router.delete("/{filter_id}")
async def remove(who: Author, filter_id: str, write: Write) -> dict[str, Any]:
    """Delete a filter on every live site before answering."""
    async with write.transaction(every_standby=True) as connection:
        await filters.remove(connection, who.account_id, from_api(filter_id))
    return {}


@router.get("/{filter_id}/keywords")
async def keywords(who: Reader, filter_id: str, parts: Parts) -> list[dict[str, Any]]:
    """Give the words of a filter."""
    return (await show(who, filter_id, parts))["keywords"]


@router.post("/{filter_id}/keywords")
async def add_keyword(who: Author, filter_id: str, form: Word, write: Write) -> dict[str, Any]:
    """Put a word into a filter."""
    key = from_api(filter_id)
    async with write.transaction() as connection:
        await filters.must_own(connection, who.account_id, key)
        word_id = await write.claim(connection, who.account_id, "filter word", new_id())
        await filters.add_word(connection, key, word_id, form)
        return _word(await filters.part(connection, FilterKeyword, who.account_id, word_id))


@router.get("/{filter_id}/statuses")
async def posts(who: Reader, filter_id: str, parts: Parts) -> list[dict[str, Any]]:
    """Give the posts of a filter."""
    return (await show(who, filter_id, parts))["statuses"]


@router.post("/{filter_id}/statuses")
async def add_post(
    who: Author, filter_id: str, form: Annotated[NamedPost, Depends(body_of(NamedPost))], write: Write
) -> dict[str, Any]:
    """Put a post into a filter."""
    key, status_id = from_api(filter_id), from_api(form.status_id)
    async with write.transaction() as connection:
        await filters.must_own(connection, who.account_id, key)
        return _post(await filters.add_post(connection, who.account_id, key, new_id(), status_id), status_id)


def _entity(row: Any) -> dict[str, Any]:
    return {
        "id": to_api(row.id),
        "title": row.title,
        "context": row.context,
        "expires_at": moment(row.expires_at) if row.expires_at else None,
        "filter_action": row.action,
        "keywords": [_shown(UUID(key), word, whole) for key, word, whole in row.words or ()],
        "statuses": [_post(UUID(key), UUID(status_id)) for key, status_id in row.posts or ()],
    }


def _word(row: Any) -> dict[str, Any]:
    return _shown(row.id, row.keyword, row.whole_word)


def _shown(key: UUID, word: str, whole: bool) -> dict[str, Any]:
    return {"id": to_api(key), "keyword": word, "whole_word": whole}


def _post(key: UUID, status_id: UUID) -> dict[str, str]:
    return {"id": to_api(key), "status_id": to_api(status_id)}
