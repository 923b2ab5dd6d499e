"""The pages: home, everybody's posts, a person, a thread, a hashtag, notifications, search. `forms` and `acts` send."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app import accounts, notifications, relationships, search, threads, timelines
from app.errors import NotFound
from app.ids import from_api
from app.notifications import KINDS
from app.pages import viewer_of
from app.paging import DEFAULT_LIMIT, PageOf
from app.posts import load
from app.routes.shell import Asks, FormRoute, View, show
from app.services import Parts

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)


@router.get("/")
async def feed(request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show a member what they read, and a guest everybody's posts."""
    reader = viewer_of(who)
    if reader is None:
        return await local(request, parts, who, page)
    async with parts.database.read() as connection:
        posts = await timelines.home(connection, reader, page)
    return await show(request, parts, who, View(posts, tab="home", older="/"))


@router.get("/local")
async def local(request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show everybody's posts."""
    async with parts.database.read() as connection:
        posts = await timelines.public(connection, page, viewer_of(who))
    return await show(request, parts, who, View(posts, tab="local", older="/local"))


@router.get("/tags/{name}")
async def tag(name: str, request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show the posts with a hashtag."""
    name = name.replace("\x00", "").lower()
    async with parts.database.read() as connection:
        posts = await timelines.tagged(connection, name, page, viewer_of(who))
    return await show(request, parts, who, View(posts, heading=f"#{name}", older=f"/tags/{name}"))


@router.get("/notifications")
async def notices(request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show a member who mentioned, followed, favourited or boosted them."""
    reader = viewer_of(who)
    if reader is None:
        raise NotFound("Log in to see your notifications.")
    async with parts.database.read() as connection:
        found = await notifications.listed(connection, reader, page, KINDS)
    return await show(request, parts, who, View(tab="notifications", notices=found))


@router.get("/search")
async def find(request: Request, parts: Parts, who: Asks, q: Annotated[str, Query(max_length=500)] = "") -> Response:
    """Show the people and posts that hold the words."""
    words, reader = q.replace("\x00", "").strip(), viewer_of(who)
    async with parts.database.read() as connection:
        people = await search.people(connection, words, reader, 10, 0) if words else []
        posts = await search.posts(connection, words, reader, DEFAULT_LIMIT, 0) if words else []
    return await show(request, parts, who, View(posts, tab="search", people=people, words=words))


@router.get("/@{username}")
async def profile(username: str, request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show one person's posts."""
    viewer = viewer_of(who)
    async with parts.database.read() as connection:
        account = await accounts.by_name(connection, username.replace("\x00", ""))
        posts = await timelines.of_account(connection, account.id, viewer, page)
        others = viewer is not None and viewer != account.id
        relationship = await relationships.to_one(connection, viewer, account.id) if others else None
    view = View(posts, account=account, relationship=relationship, older=f"/@{account.username}")
    return await show(request, parts, who, view)


@router.get("/@{username}/{status_id}")
async def thread(username: str, status_id: str, request: Request, parts: Parts, who: Asks) -> Response:
    """Show one post with what it answers above it, and what answers it below."""
    key, viewer = from_api(status_id), viewer_of(who)
    async with parts.database.read() as connection:
        post = await load(connection, key, viewer)
        above, below = await threads.around(connection, key, viewer)
    if post.account.username != username.lower():
        raise NotFound
    return await show(request, parts, who, View([*above, post, *below], tab="thread", focus=post))
