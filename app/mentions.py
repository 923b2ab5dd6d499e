"""The people and hashtags that a post names: found in its text, stored beside it, and told."""

from collections.abc import Collection, Set
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Account, Mention, StatusTag
from app.notifications import notify
from app.text import find_names, find_tags
from app.visibility import blocked_by


async def name_people_and_tags(
    connection: AsyncConnection, author: UUID, status_id: UUID, text: str, *, edited: bool = False
) -> set[UUID]:
    """Store whom and what a text names, in the transaction of the post, tell the people who are new in it, give all.

    A person who blocks the author is not named: they would learn of a post that they cannot see.
    """
    names = find_names(text)
    people = set(await connection.scalars(_people(author, names))) if names else set()
    known = await _forget_all_but(connection, status_id, people, find_tags(text)) if edited else _Known()
    if fresh := people - known.people:
        rows = [{"status_id": status_id, "account_id": person} for person in sorted(fresh)]
        await connection.execute(insert(Mention), rows)
        await notify(connection, "mention", author, sorted(fresh), status_id)
    if tags := [{"name": tag, "status_id": status_id} for tag in find_tags(text) if tag not in known.tags]:
        await connection.execute(insert(StatusTag), tags)
    return people


def _people(author: UUID, names: list[str]):
    return select(Account.id).where(Account.username.in_(names), ~blocked_by(Account.id, author))


@dataclass(frozen=True)
class _Known:
    """Whom and what a post named before it was edited."""

    people: Set[UUID] = frozenset()
    tags: Set[str] = frozenset()


async def _forget_all_but(
    connection: AsyncConnection, status_id: UUID, people: set[UUID], tags: Collection[str]
) -> _Known:
    mentions, tagged = Mention.status_id == status_id, StatusTag.status_id == status_id
    known = _Known(
        frozenset(await connection.scalars(select(Mention.account_id).where(mentions))),
        frozenset(await connection.scalars(select(StatusTag.name).where(tagged))),
    )
    if known.people - people:
        await connection.execute(delete(Mention).where(mentions, Mention.account_id.not_in(people)))
    if known.tags - set(tags):
        await connection.execute(delete(StatusTag).where(tagged, StatusTag.name.not_in(tags)))
    return known
