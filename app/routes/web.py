"""The pages of posts: home, everybody's, a list's, a hashtag's, a person's, a thread, kept ones; notifications, search."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app import accounts, featured, notifications, reading_lists, relationships, search, threads, timelines
from app.errors import NotFound
from app.ids import from_api
from app.models import Bookmark, Favourite
from app.notifications import KINDS
from app.pages import viewer_of
from app.paging import DEFAULT_LIMIT, PageOf
from app.posts import Post, load
from app.routes.shell import Asks, FormRoute, Reader, View, older, show
from app.services import Parts

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)


@router.get("/")
async def feed(
    request: Request, parts: Parts, who: Asks, page: PageOf, invite_code: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Show a member what they read, and a guest everybody's posts and how to become one."""
    reader = viewer_of(who)
    if reader is None:
        return await _local(request, parts, who, page, invite_code)
    async with parts.database.read() as connection:
        posts = await timelines.home(connection, reader, page)
    return await show(request, parts, who, _posts(posts, "/", tab="home", context="home"))


@router.get("/local")
async def local(request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show everybody's posts."""
    return await _local(request, parts, who, page)


async def _local(request: Request, parts: Parts, who: Asks, page: PageOf, invite_code: str = "") -> Response:
    async with parts.database.read() as connection:
        posts = await timelines.public(connection, page, viewer_of(who))
    view = _posts(posts, "/local", tab="local", context="public")
    return await show(request, parts, who, view, invite_code=invite_code)


@router.get("/tags/{name}")
async def tag(name: str, request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show the posts with a hashtag."""
    name, viewer = name.replace("\x00", "").lower(), viewer_of(who)
    async with parts.database.read() as connection:
        posts = await timelines.tagged(connection, name, page, viewer)
        followed = await featured.follows_tag(connection, viewer, name)
    view = _posts(posts, f"/tags/{name}", heading=f"#{name}", context="public")
    return await show(request, parts, who, view, tag=name, tag_followed=followed)


@router.get("/lists/{list_id}")
async def of_list(list_id: str, request: Request, parts: Parts, who: Asks, reader: Reader, page: PageOf) -> Response:
    """Show the posts of the people in one of the member's lists."""
    async with parts.database.read() as connection:
        row = await reading_lists.one(connection, reader, from_api(list_id))
        posts = await timelines.of_list(connection, reader, row, page)
    view = _posts(posts, f"/lists/{list_id}", tab="lists", heading=row.title, context="home")
    return await show(request, parts, who, view, list_id=list_id)


@router.get("/bookmarks")
async def bookmarks(request: Request, parts: Parts, who: Asks, reader: Reader, page: PageOf) -> Response:
    """Show what the member keeps for later."""
    async with parts.database.read() as connection:
        posts, keys = await timelines.marked(connection, Bookmark, reader, page)
    view = View(posts, tab="bookmarks", heading="Bookmarks", older=older("/bookmarks", keys))
    return await show(request, parts, who, view)


@router.get("/favourites")
async def favourites(request: Request, parts: Parts, who: Asks, reader: Reader, page: PageOf) -> Response:
    """Show what the member likes."""
    async with parts.database.read() as connection:
        posts, keys = await timelines.marked(connection, Favourite, reader, page)
    view = View(posts, tab="favourites", heading="Favourites", older=older("/favourites", keys))
    return await show(request, parts, who, view)


@router.get("/notifications")
async def notices(request: Request, parts: Parts, who: Asks, reader: Reader, page: PageOf) -> Response:
    """Show a member who mentioned, followed, favourited or boosted them."""
    async with parts.database.read() as connection:
        found = await notifications.listed(connection, reader, page, KINDS)
    link = older("/notifications", [notice.row.id for notice in found])
    view = View(tab="notifications", heading="Notifications", notices=found, older=link, context="notifications")
    return await show(request, parts, who, view)


@router.get("/search")
async def find(request: Request, parts: Parts, who: Asks, q: Annotated[str, Query(max_length=500)] = "") -> Response:
    """Show the people, tags and posts that hold the words."""
    words, reader = q.replace("\x00", "").strip(), viewer_of(who)
    async with parts.database.read() as connection:
        people = await search.people(connection, words, reader, 10, 0) if words else []
        tags = await search.tags(connection, words, 10, 0) if words else []
        posts = await search.posts(connection, words, reader, DEFAULT_LIMIT, 0) if words else []
    view = View(posts, tab="search", heading="Search", people=people, words=words, context="public")
    return await show(request, parts, who, view, tags=tags)


@router.get("/@{username}")
async def profile(username: str, request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show one person: who they are, what they keep on top, their posts."""
    viewer = viewer_of(who)
    async with parts.database.read() as connection:
        account = await accounts.by_name(connection, username.replace("\x00", ""))
        posts = await timelines.of_account(connection, account.id, viewer, page)
        pinned = await timelines.pinned(connection, account.id, viewer) if page.max_id is None else []
        around = await _between(connection, viewer, account)
    view = _posts(posts, f"/@{account.username}", account=account, context="account", **around)
    return await show(request, parts, who, view, pinned=pinned)


async def _between(connection: AsyncConnection, viewer: Any, account: Any) -> dict[str, Any]:
    """Give what the reader and a person are to each other; nothing for a guest or oneself."""
    if viewer is None or viewer == account.id:
        return {}
    found = await relationships.to_one(connection, viewer, account.id)
    lists = await reading_lists.of(connection, viewer) if found["following"] else []
    return {"relationship": found | {"lists": lists}}


@router.get("/@{username}/{status_id}")
async def thread(username: str, status_id: str, request: Request, parts: Parts, who: Asks) -> Response:
    """Show one post with what it answers above it, and what answers it below."""
    key, viewer = from_api(status_id), viewer_of(who)
    async with parts.database.read() as connection:
        post = await load(connection, key, viewer)
        above, below = await threads.around(connection, key, viewer)
    if post.account.username != username.lower():
        raise NotFound
    view = View([*above, post, *below], tab="thread", focus=post, context="thread")
    return await show(request, parts, who, view)


def _posts(posts: list[Post], path: str, **parts: Any) -> View:
    return View(posts, older=older(path, [post.row.id for post in posts]), **parts)
