"""The page: everybody's posts, one person's, one post. `forms` holds what can be sent from it."""

import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from app import accounts, pages, statuses, timelines
from app.database import DATABASE_ERRORS
from app.errors import LifeboatError, NotFound
from app.handlers import headers, told
from app.ids import from_api
from app.pages import Browser, Draft
from app.pictures import MIME_TYPES
from app.services import Parts, Services
from app.statuses import MAX_CHARACTERS, Post
from app.timelines import Page, PageOf

BROWSERS = UUID(int=0)  # the scope of idempotency keys that no account owns yet


class FormRoute(APIRoute):
    """Shows a refusal as the page itself, with the sentence on top and the form as it was filled in."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route's own handler."""
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            try:
                return await handle(request)
            except (LifeboatError, *DATABASE_ERRORS) as error:
                if (refused := told(error)) is None:
                    raise
                return await _explain(request, refused)

        return handle_or_explain


router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)


async def browser(request: Request, parts: Parts) -> Browser:
    """Hand a route the browser that asks."""
    return await pages.browser_of(request, parts)


Asks = Annotated[Browser, Depends(browser)]


@router.get("/")
async def feed(request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show everybody's posts, and the forms."""
    return await _page(request, parts, who, await _public(parts, page), older="/")


@router.get("/@{username}")
async def profile(username: str, request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show one person's posts."""
    viewer = who.person.account_id if who.person else None
    async with parts.database.read() as connection:
        account = await accounts.by_name(connection, username.replace("\x00", ""))
        posts = await timelines.of_account(connection, account.id, viewer, page)
    return await _page(request, parts, who, posts, account=account, older=f"/@{account.username}")


@router.get("/@{username}/{status_id}")
async def permalink(username: str, status_id: str, request: Request, parts: Parts, who: Asks) -> Response:
    """Show one post."""
    viewer = who.person.account_id if who.person else None
    async with parts.database.read() as connection:
        post = await statuses.load(connection, from_api(status_id), viewer)
    if post.account.username != username.lower():
        raise NotFound
    return await _page(request, parts, who, [post])


async def _explain(request: Request, error: LifeboatError) -> Response:
    """Show the page with the sentence on top; without a database it is only the sentence."""
    parts: Services = request.app.state.services
    try:
        who = await pages.browser_of(request, parts)
        posts = await _public(parts, Page())
    except (LifeboatError, *DATABASE_ERRORS):
        who, posts = Browser("", False, None, ""), []
    return await _page(request, parts, who, posts, problem=error)


async def _public(parts: Services, page: Page) -> list[Post]:
    async with parts.database.read() as connection:
        return await timelines.public(connection, page)


async def _page(
    request: Request,
    parts: Services,
    who: Browser,
    posts: list[Post],
    *,
    account: Any = None,
    older: str = "",
    problem: LifeboatError | None = None,
) -> Response:
    key = getattr(request.state, "idempotency_key", None) if problem and problem.retry_after is not None else None
    return pages.render(
        request,
        who,
        problem.status if problem else 200,
        headers(request, problem) if problem else {},
        "page.html",
        site=parts.settings.site,
        writable=await _writable(parts),
        posts=posts,
        account=account,
        older=older if len(posts) >= timelines.DEFAULT_LIMIT else "",
        problem=str(problem) if problem else "",
        draft=getattr(request.state, "draft", Draft()),
        idempotency_key=key or secrets.token_urlsafe(16),
        max_characters=MAX_CHARACTERS,
        picture_types=",".join(MIME_TYPES),
    )


async def _writable(parts: Services) -> bool:
    try:
        return (await parts.lease.read()).is_open(time.monotonic())
    except DATABASE_ERRORS:
        return False
