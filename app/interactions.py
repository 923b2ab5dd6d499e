"""What people do with a post: favourite it, boost it, keep it."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app import accounts, streams
from app.authentication import Person
from app.errors import NotFound
from app.ids import new_id
from app.models import Bookmark, Favourite, Status
from app.notifications import notify, take_back
from app.paging import Page
from app.posts import Post, complete, load
from app.visibility import PUBLIC, visible_to

Marks = type[Favourite | Bookmark]


async def mark(connection: AsyncConnection, table: Marks, person: UUID, status_id: UUID) -> Post:
    """Favourite or bookmark a post in a durable transaction, and give it; doing it again changes nothing."""
    original = await _original(connection, status_id, person)
    row = insert(table).values(id=new_id(), account_id=person, status_id=original.id)
    fresh = await connection.scalar(row.on_conflict_do_nothing().returning(table.id)) is not None
    if fresh and table is Favourite:
        await notify(connection, "favourite", person, [original.account_id], original.id)
    return await load(connection, status_id, person)


async def unmark(connection: AsyncConnection, table: Marks, person: UUID, status_id: UUID) -> Post:
    """Take a favourite or a bookmark back, and give the post."""
    original = await _original(connection, status_id, person)
    await connection.execute(delete(table).where(table.account_id == person, table.status_id == original.id))
    if table is Favourite:
        await take_back(connection, "favourite", person, original.account_id, original.id)
    return await load(connection, status_id, person)


async def boost(connection: AsyncConnection, person: Person, status_id: UUID) -> Post:
    """Boost a post in a durable transaction, and give the boost; a post is boosted once by each.

    Raises NotFound for a post that only some may see: a boost would show it to others.
    """
    original = await _original(connection, status_id, person.account_id)
    own = original.account_id == person.account_id and original.visibility == "private"
    if original.visibility not in PUBLIC and not own:
        raise NotFound
    row = insert(Status).values(
        id=new_id(),
        account_id=person.account_id,
        application_id=person.application_id,
        reblog_of_id=original.id,
        text="",
        visibility=original.visibility,
    )
    made = await connection.scalar(row.on_conflict_do_nothing().returning(Status.id))
    if made is not None:
        await notify(connection, "reblog", person.account_id, [original.account_id], original.id)
    return await load(
        connection, made or await _boost_of(connection, person.account_id, original.id), person.account_id
    )


async def unboost(connection: AsyncConnection, person: UUID, status_id: UUID) -> Post:
    """Take a boost back, by the boost or by the post, and give the post."""
    original = await _original(connection, status_id, person)
    mine = select(Status.id, Status.reblog_of_id).where(Status.account_id == person, Status.reblog_of_id == original.id)
    for post in await complete(connection, mine, person):
        await streams.tell(connection, streams.DELETED, post)
        await connection.execute(delete(Status).where(Status.id == post.row.id))
    await take_back(connection, "reblog", person, original.account_id, original.id)
    return await load(connection, original.id, person)


async def favourited_by(connection: AsyncConnection, viewer: UUID | None, status_id: UUID, wanted: Page):
    """Give who favourited a post, the last one first, and the keys of that."""
    original = await _original(connection, status_id, viewer)
    query = select(Favourite.id, Favourite.account_id).where(Favourite.status_id == original.id)
    return await _people(connection, wanted, wanted.apply(query, Favourite.id))


async def boosted_by(connection: AsyncConnection, viewer: UUID | None, status_id: UUID, wanted: Page):
    """Give who boosted a post, the last one first, and the keys of that."""
    original = await _original(connection, status_id, viewer)
    query = select(Status.id, Status.account_id).where(Status.reblog_of_id == original.id)
    return await _people(connection, wanted, wanted.apply(query, Status.id))


async def _people(connection: AsyncConnection, wanted: Page, query: Any) -> tuple[list[Any], list[UUID]]:
    rows = wanted.newest_first((await connection.execute(query)).all())
    people = await accounts.many(connection, [row.account_id for row in rows])
    return [people[row.account_id] for row in rows], [row.id for row in rows]


async def _boost_of(connection: AsyncConnection, person: UUID, original: UUID) -> UUID:
    query = select(Status.id).where(Status.account_id == person, Status.reblog_of_id == original)
    return (await connection.execute(query)).scalar_one()


async def _original(connection: AsyncConnection, status_id: UUID, viewer: UUID | None) -> Any:
    """Give the post itself, also when its boost was named: what is done with a boost is done with the post."""
    columns = (Status.id, Status.account_id, Status.visibility, Status.reblog_of_id)
    query = select(*columns).where(visible_to(viewer))
    row = (await connection.execute(query.where(Status.id == status_id))).one_or_none()
    if row is not None and row.reblog_of_id is not None:
        row = (await connection.execute(query.where(Status.id == row.reblog_of_id))).one_or_none()
    if row is None:
        raise NotFound
    return row
