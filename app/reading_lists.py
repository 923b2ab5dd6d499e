"""Lists of people: whom they hold, and the lists of a person."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app import accounts
from app.body import Fields, invalid
from app.errors import NotFound, Unprocessable
from app.ids import from_api, new_id
from app.models import Follow, ListMember, ReadingList
from app.paging import Page

MAX_TITLE = 100
MAX_LISTS = 50
COLUMNS = ReadingList.__table__.columns


class ListForm(Fields):
    """What a client says of a list; what is not sent stays as it is."""

    title: str | None = None
    replies_policy: Literal["followed", "list", "none"] | None = None
    exclusive: bool | None = None

    def columns(self) -> dict[str, Any]:
        """Give the columns that were sent; raises Unprocessable for an odd title."""
        if self.title is not None and not 0 < len(self.title.strip()) <= MAX_TITLE:
            raise invalid({"title": [("ERR_BLANK", f"must have 1 to {MAX_TITLE} characters")]})
        return {name: value for name, value in self.model_dump().items() if value is not None}


class Members(Fields):
    """The accounts that are put into a list or taken out."""

    account_ids: list[str] = []  # noqa: RUF012

    @property
    def keys(self) -> list[UUID]:
        """Give the accounts, each once."""
        return [from_api(text) for text in dict.fromkeys(self.account_ids)]


async def create(connection: AsyncConnection, owner: UUID, list_id: UUID, form: ListForm) -> Any:
    """Make a list in a durable transaction, once for its id, and give it."""
    if "title" not in (columns := form.columns()):
        raise invalid({"title": [("ERR_BLANK", "can't be blank")]})
    if len(await of(connection, owner)) >= MAX_LISTS:
        raise Unprocessable(f"Validation failed: You have reached the limit of {MAX_LISTS} lists")
    row = insert(ReadingList).values(id=list_id, account_id=owner, **columns)
    await connection.execute(row.on_conflict_do_nothing())
    return await one(connection, owner, list_id)


async def one(connection: AsyncConnection, owner: UUID, list_id: UUID) -> Any:
    """Give a list of a person; raises NotFound."""
    query = select(*COLUMNS).where(ReadingList.id == list_id, ReadingList.account_id == owner)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    return row


async def of(connection: AsyncConnection, owner: UUID, member: UUID | None = None) -> list[Any]:
    """Give the lists of a person, or those of them that hold an account, in the order they were made."""
    query = select(*COLUMNS).where(ReadingList.account_id == owner).order_by(ReadingList.id)
    if member is not None:
        query = query.join(ListMember, ListMember.list_id == ReadingList.id).where(ListMember.account_id == member)
    return list((await connection.execute(query)).all())


async def change(connection: AsyncConnection, owner: UUID, list_id: UUID, form: ListForm) -> Any:
    """Change a list in a durable transaction and give it; raises NotFound."""
    await one(connection, owner, list_id)
    if columns := form.columns():
        await connection.execute(update(ReadingList).where(ReadingList.id == list_id).values(**columns))
    return await one(connection, owner, list_id)


async def remove(connection: AsyncConnection, owner: UUID, list_id: UUID) -> None:
    """Delete a list; deleting it again changes nothing."""
    await connection.execute(delete(ReadingList).where(ReadingList.id == list_id, ReadingList.account_id == owner))


async def add(connection: AsyncConnection, owner: UUID, list_id: UUID, people: list[UUID]) -> None:
    """Put people into a list in a durable transaction; raises NotFound for somebody whom the owner does not follow."""
    await one(connection, owner, list_id)
    followed = select(func.count()).where(Follow.account_id == owner, Follow.target_id.in_(people))
    if await connection.scalar(followed) != len(people):
        raise NotFound("Only people whom you follow can be in a list.")
    rows = [{"id": new_id(), "list_id": list_id, "account_id": person} for person in people]
    if rows:
        await connection.execute(insert(ListMember).on_conflict_do_nothing(), rows)


async def take_out(connection: AsyncConnection, owner: UUID, list_id: UUID, people: list[UUID]) -> None:
    """Take people out of a list; raises NotFound for a list of somebody else."""
    await one(connection, owner, list_id)
    gone = delete(ListMember).where(ListMember.list_id == list_id, ListMember.account_id.in_(people))
    await connection.execute(gone)


async def take_from_lists_of(connection: AsyncConnection, owner: UUID, person: UUID) -> None:
    """Take a person out of all lists of somebody, who follows them no longer."""
    lists = select(ReadingList.id).where(ReadingList.account_id == owner)
    gone = delete(ListMember).where(ListMember.account_id == person, ListMember.list_id.in_(lists))
    await connection.execute(gone)


async def members(
    connection: AsyncConnection, owner: UUID, list_id: UUID, wanted: Page
) -> tuple[list[Any], list[UUID]]:
    """Give the people of a list, the last one first, and the keys of their membership."""
    await one(connection, owner, list_id)
    query = select(ListMember.id, ListMember.account_id).where(ListMember.list_id == list_id)
    rows = wanted.newest_first((await connection.execute(wanted.apply(query, ListMember.id))).all())
    people = await accounts.many(connection, [row.account_id for row in rows])
    return [people[row.account_id] for row in rows], [row.id for row in rows]
