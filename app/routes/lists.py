"""Lists of people."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from app import reading_lists, timelines
from app.authentication import Person, person
from app.body import body_of
from app.ids import from_api, new_id, to_api
from app.reading_lists import ListForm, Members
from app.routes.answers import ListingOf
from app.services import Parts, Write

router = APIRouter(prefix="/api/v1", tags=["lists"])

Reader = Annotated[Person, Depends(person("read:lists"))]
Author = Annotated[Person, Depends(person("write:lists"))]
Sent = Annotated[ListForm, Depends(body_of(ListForm))]
Named = Annotated[Members, Depends(body_of(Members))]


@router.get("/lists")
async def listed(who: Reader, parts: Parts) -> list[dict[str, Any]]:
    """Give the caller's lists."""
    async with parts.database.read() as connection:
        return [_entity(row) for row in await reading_lists.of(connection, who.account_id)]


@router.post("/lists")
async def create(who: Author, form: Sent, write: Write) -> dict[str, Any]:
    """Make a list."""
    async with write.transaction() as connection:
        list_id = await write.claim(connection, who.account_id, "list", new_id())
        return _entity(await reading_lists.create(connection, who.account_id, list_id, form))


@router.get("/lists/{list_id}")
async def show(who: Reader, list_id: str, parts: Parts) -> dict[str, Any]:
    """Give one of the caller's lists."""
    async with parts.database.read() as connection:
        return _entity(await reading_lists.one(connection, who.account_id, from_api(list_id)))


@router.put("/lists/{list_id}")
async def change(who: Author, list_id: str, form: Sent, write: Write) -> dict[str, Any]:
    """Change a list."""
    async with write.transaction() as connection:
        return _entity(await reading_lists.change(connection, who.account_id, from_api(list_id), form))


@router.delete("/lists/{list_id}")
async def remove(who: Author, list_id: str, write: Write) -> dict[str, Any]:
    """Delete a list on every live site before answering."""
    async with write.transaction(every_standby=True) as connection:
        await reading_lists.remove(connection, who.account_id, from_api(list_id))
    return {}


@router.get("/lists/{list_id}/accounts")
async def members(who: Reader, list_id: str, parts: Parts, listing: ListingOf) -> list[dict[str, Any]]:
    """Give the people of a list."""
    async with parts.database.read() as connection:
        people, keys = await reading_lists.members(connection, who.account_id, from_api(list_id), listing.page)
    return listing.people(people, keys)


@router.post("/lists/{list_id}/accounts")
async def add(who: Author, list_id: str, form: Named, write: Write) -> dict[str, Any]:
    """Put followed people into a list."""
    async with write.transaction() as connection:
        await reading_lists.add(connection, who.account_id, from_api(list_id), form.keys)
    return {}


@router.delete("/lists/{list_id}/accounts")
async def take_out(who: Author, list_id: str, form: Named, write: Write) -> dict[str, Any]:
    """Take people out of a list."""
    async with write.transaction(every_standby=True) as connection:
        await reading_lists.take_out(connection, who.account_id, from_api(list_id), form.keys)
    return {}


@router.get("/accounts/{account_id}/lists")
async def holding(who: Reader, account_id: str, parts: Parts) -> list[dict[str, Any]]:
    """Give the caller's lists that hold an account."""
    async with parts.database.read() as connection:
        return [_entity(row) for row in await reading_lists.of(connection, who.account_id, from_api(account_id))]


@router.get("/timelines/list/{list_id}")
async def timeline(who: Reader, list_id: str, parts: Parts, listing: ListingOf) -> list[dict[str, Any]]:
    """Give the posts of the people in a list."""
    async with parts.database.read() as connection:
        row = await reading_lists.one(connection, who.account_id, from_api(list_id))
        found = await timelines.of_list(connection, who.account_id, row, listing.page)
    return listing.posts(found)


def _entity(row: Any) -> dict[str, Any]:
    settings = {"replies_policy": row.replies_policy, "exclusive": row.exclusive}
    return {"id": to_api(row.id), "title": row.title, **settings}
