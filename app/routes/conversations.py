"""Conversations: the threads of direct posts."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app import conversations
from app.address import base_of
from app.authentication import Person, person
from app.conversation_entities import conversation_entity
from app.ids import from_api
from app.routes.answers import ListingOf
from app.services import Parts, Write

router = APIRouter(prefix="/api/v1/conversations", tags=["conversations"])

Author = Annotated[Person, Depends(person("write:conversations"))]


@router.get("")
async def listed(
    who: Annotated[Person, Depends(person("read:statuses"))],
    parts: Parts,
    listing: ListingOf,
) -> list[dict[str, Any]]:
    """Give the caller's conversations."""
    async with parts.database.read() as connection:
        found = await conversations.listed(connection, who.account_id, listing.page)
    return listing.give(found, conversation_entity, [talk.row.last_status_id for talk in found])


@router.post("/{conversation_id}/read")
async def read(who: Author, conversation_id: str, request: Request, write: Write) -> dict[str, Any]:
    """Mark a conversation as read."""
    async with write.transaction() as connection:
        talk = await conversations.read(connection, who.account_id, from_api(conversation_id))
    return conversation_entity(talk, base_of(request))


@router.post("/{conversation_id}/unread")
async def unread(who: Author, conversation_id: str, request: Request, write: Write) -> dict[str, Any]:
    """Mark a conversation as unread."""
    async with write.transaction() as connection:
        talk = await conversations.read(connection, who.account_id, from_api(conversation_id), unread=True)
    return conversation_entity(talk, base_of(request))


@router.delete("/{conversation_id}")
async def remove(who: Author, conversation_id: str, write: Write) -> dict[str, Any]:
    """Take a conversation out of the caller's list on every live site before answering."""
    async with write.transaction(every_standby=True) as connection:
        await conversations.remove(connection, who.account_id, from_api(conversation_id))
    return {}
