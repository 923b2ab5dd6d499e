"""The pages of people: who follows whom, who asks, whom the member keeps away, and the conversations with them."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app import accounts, conversations, relationships
from app.ids import from_api
from app.models import Block, Mute
from app.paging import Page, PageOf
from app.routes.shell import Asks, FormRoute, Reader, View, older, show
from app.routes.taking import Pressed
from app.services import Parts

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)

Listed = Callable[[AsyncConnection, UUID, Page], Awaitable[tuple[list[Any], list[UUID]]]]
Act = tuple[str, str]  # the last word of its path, and what its button says


@router.get("/@{username}/followers")
async def followers(username: str, request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show who follows a person."""
    return await _of(username, "Who follows", relationships.followers, request, parts, who, page)


@router.get("/@{username}/following")
async def following(username: str, request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show whom a person follows."""
    return await _of(username, "Followed by", relationships.following, request, parts, who, page)


async def _of(
    username: str, words: str, listed: Listed, request: Request, parts: Parts, who: Asks, page: Page
) -> Response:
    async with parts.database.read() as connection:
        account = await accounts.by_name(connection, username.replace("\x00", ""))
        people, keys = await listed(connection, account.id, page)
    heading = f"{words} @{account.username}"
    own = who.person is not None and who.person.account_id == account.id and listed is relationships.followers
    acts = (("part", "Remove"),) if own else ()
    return await _show(request, parts, who, heading, people, keys, acts, "Nobody yet.")


@router.get("/follow-requests")
async def requests(request: Request, parts: Parts, who: Asks, reader: Reader, page: PageOf) -> Response:
    """Show who asks to follow the member."""
    async with parts.database.read() as connection:
        people, keys = await relationships.requests(connection, reader, page)
    acts = (("accept", "Accept"), ("refuse", "Refuse"))
    return await _show(request, parts, who, "Follow requests", people, keys, acts, "Nobody is waiting for an answer.")


@router.get("/blocks")
async def blocks(request: Request, parts: Parts, who: Asks, reader: Reader, page: PageOf) -> Response:
    """Show whom the member blocks."""
    async with parts.database.read() as connection:
        people, keys = await relationships.kept_away(connection, Block, reader, page)
    acts = (("unblock", "Unblock"),)
    return await _show(request, parts, who, "Blocked people", people, keys, acts, "You block nobody.")


@router.get("/mutes")
async def mutes(request: Request, parts: Parts, who: Asks, reader: Reader, page: PageOf) -> Response:
    """Show whom the member mutes."""
    async with parts.database.read() as connection:
        people, keys = await relationships.kept_away(connection, Mute, reader, page)
    acts = (("unmute", "Unmute"),)
    return await _show(request, parts, who, "Muted people", people, keys, acts, "You mute nobody.")


async def _show(
    request: Request,
    parts: Parts,
    who: Asks,
    heading: str,
    people: list[Any],
    keys: list[UUID],
    acts: tuple[Act, ...],
    empty: str,
) -> Response:
    view = View(people=people, heading=heading, tab="more", older=older(request.url.path, keys))
    return await show(request, parts, who, view, template="people.html", acts=acts, empty=empty)


@router.get("/conversations")
async def talks(request: Request, parts: Parts, who: Asks, reader: Reader, page: PageOf) -> Response:
    """Show the member's conversations, the one with the newest post first."""
    async with parts.database.read() as connection:
        found = await conversations.listed(connection, reader, page)
    link = older("/conversations", [talk.row.last_status_id for talk in found])
    view = View(heading="Conversations", tab="conversations", older=link)
    return await show(request, parts, who, view, template="conversations.html", talks=found)


@router.post("/conversations/{conversation_id}/read")
async def read(conversation_id: str, sent: Pressed) -> Response:
    """Mark a conversation as read."""
    async with sent.durable.transaction() as connection:
        await conversations.read(connection, sent.me.account_id, from_api(conversation_id))
    return sent.back()


@router.post("/conversations/{conversation_id}/delete")
async def remove(conversation_id: str, sent: Pressed) -> Response:
    """Take a conversation out of the member's list on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await conversations.remove(connection, sent.me.account_id, from_api(conversation_id))
    return sent.back()
