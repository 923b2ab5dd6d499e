"""Streams: live updates as server-sent events."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import PlainTextResponse, StreamingResponse

from app import reading_lists
from app.address import base_of
from app.authentication import INVALID_TOKEN, bearer
from app.errors import Forbidden, Unauthorized
from app.ids import from_api
from app.listeners import Channel
from app.pages import SESSION_COOKIE
from app.services import Parts, Services
from app.tokens import Caller, find_caller

router = APIRouter(prefix="/api/v1/streaming", tags=["streaming"])

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def listener(request: Request, parts: Parts, access_token: str | None = None) -> Caller | None:
    """Find who listens: a browser's EventSource sends no header, so the token may stand in the query.

    A page of ours listens with its session's cookie.
    """
    secret = bearer(request) or access_token or parts.sessions.read(request.cookies.get(SESSION_COOKIE, ""))
    if secret is None:
        return None
    async with parts.database.read() as connection:
        found = await find_caller(connection, secret)
    if found is None:
        raise Unauthorized(INVALID_TOKEN)
    return found


Listens = Annotated[Caller | None, Depends(listener)]
Tag = Annotated[str, Query(max_length=100)]


@router.get("/health", response_class=PlainTextResponse)
async def health() -> PlainTextResponse:
    """Say that streams are served."""
    return PlainTextResponse("OK")


@router.get("/user")
async def user(who: Listens, request: Request, parts: Parts) -> StreamingResponse:
    """Tell the caller's home timeline and notifications."""
    return await _stream(request, parts, Channel("user", _person(who, "read:statuses")), who)


@router.get("/user/notification")
async def notices(who: Listens, request: Request, parts: Parts) -> StreamingResponse:
    """Tell the caller's notifications."""
    return await _stream(request, parts, Channel("user:notification", _person(who, "read:notifications")), who)


@router.get("/public")
@router.get("/public/local")
async def public(who: Listens, request: Request, parts: Parts, only_media: bool = False) -> StreamingResponse:
    """Tell everybody's public posts."""
    return await _stream(request, parts, Channel("public", _anybody(who), only_media=only_media), who)


@router.get("/hashtag")
@router.get("/hashtag/local")
async def hashtag(who: Listens, tag: Tag, request: Request, parts: Parts) -> StreamingResponse:
    """Tell the public posts with a hashtag."""
    return await _stream(request, parts, Channel("hashtag", _anybody(who), tag=tag.lower()), who)


@router.get("/direct")
async def direct(who: Listens, request: Request, parts: Parts) -> StreamingResponse:
    """Tell the caller's conversations, each when a direct post is new in it."""
    return await _stream(request, parts, Channel("direct", _person(who, "read:statuses")), who)


@router.get("/list")
async def of_list(who: Listens, list: str, request: Request, parts: Parts) -> StreamingResponse:
    """Tell the posts of the people in one of the caller's lists."""
    viewer = _person(who, "read:lists")
    async with parts.database.read() as connection:
        listed = await reading_lists.one(connection, viewer, from_api(list))
    return await _stream(request, parts, Channel("list", viewer, list_id=listed.id), who)


def _anybody(who: Caller | None) -> UUID | None:
    return who.account_id if who else None


def _person(who: Caller | None, scope: str) -> UUID:
    if who is None or who.account_id is None:
        raise Unauthorized(INVALID_TOKEN)
    if not who.may(scope):
        raise Forbidden("This action is outside the authorized scopes")
    return who.account_id


async def _stream(request: Request, parts: Services, channel: Channel, who: Caller | None) -> StreamingResponse:
    events = await parts.hub.listen(channel, base_of(request), who.token_id if who else None)
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)
