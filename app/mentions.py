"""The people and hashtags that a post names: found in its text, stored beside it, and told."""

from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Account, Mention, StatusTag
from app.notifications import notify
from app.text import find_names, find_tags
from app.visibility import blocked_by


async def name_people_and_tags(connection: AsyncConnection, author: UUID, status_id: UUID, text: str) -> set[UUID]:
    """Store whom and what a text names, in the transaction of the post, tell the people who are new in it, give all.

    A person who blocks the author is not named: they would learn of a post that they cannot see.
    """
    people = set(await connection.scalars(_people(author, find_names(text))))
    known = set(await connection.scalars(select(Mention.account_id).where(Mention.status_id == status_id)))
    await connection.execute(
        delete(Mention).where(Mention.status_id == status_id, Mention.account_id.in_(known - people))
    )
    if fresh := people - known:
        rows = [{"status_id": status_id, "account_id": person} for person in sorted(fresh)]
        await connection.execute(insert(Mention), rows)
        await notify(connection, "mention", author, sorted(fresh), status_id)
    await _tag(connection, status_id, find_tags(text))
    return people


def _people(author: UUID, names: list[str]):
    return select(Account.id).where(Account.username.in_(names), ~blocked_by(Account.id, author))


async def _tag(connection: AsyncConnection, status_id: UUID, tags: list[str]) -> None:
    gone = delete(StatusTag).where(StatusTag.status_id == status_id)
    kept = set(await connection.scalars(select(StatusTag.name).where(StatusTag.status_id == status_id)))
    if kept - set(tags):
        await connection.execute(gone.where(StatusTag.name.not_in(tags)))
    if fresh := [{"name": tag, "status_id": status_id} for tag in tags if tag not in kept]:
        await connection.execute(insert(StatusTag), fresh)
