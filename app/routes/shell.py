"""What every page of the browser shares: who asks, the frame around it, and how a refusal is shown."""

import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from app import pages, timelines
from app.database import DATABASE_ERRORS
from app.errors import LifeboatError
from app.handlers import headers, told
from app.pages import Browser, Draft
from app.paging import DEFAULT_LIMIT, Page
from app.pictures import MIME_TYPES
from app.posts import Post
from app.services import Parts, Services
from app.statuses import MAX_CHARACTERS


class FormRoute(APIRoute):
    """Shows a refusal as the page itself, with the sentence on top and the form as it was filled in."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route's own handler."""
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            try:
                return await handle(request)
            except (LifeboatError, RequestValidationError, *DATABASE_ERRORS) as error:
                if (refused := told(error)) is None:
                    raise
                return await _explain(request, refused)

        return handle_or_explain


async def browser(request: Request, parts: Parts) -> Browser:
    """Hand a route the browser that asks."""
    return await pages.browser_of(request, parts)


Asks = Annotated[Browser, Depends(browser)]


@dataclass(frozen=True)
class View:
    """What one page shows: a heading or a person, posts (with `focus` the one a thread is about), notices, people."""

    posts: list[Post] = field(default_factory=list)
    tab: str = ""
    heading: str = ""
    account: Any = None
    relationship: dict[str, Any] | None = None
    focus: Any = None
    notices: list[Any] | None = None
    people: list[Any] = field(default_factory=list)
    words: str = ""
    older: str = ""


async def show(
    request: Request, parts: Services, who: Browser, view: View, problem: LifeboatError | None = None
) -> Response:
    """Render a page."""
    key = getattr(request.state, "idempotency_key", None) if problem and problem.retry_after is not None else None
    return pages.render(
        request,
        who,
        problem.status if problem else 200,
        headers(request, problem) if problem else {},
        "page.html",
        site=parts.settings.site,
        writable=await _writable(parts),
        view=view,
        older=view.older if len(view.posts) >= DEFAULT_LIMIT else "",
        here=request.url.path if request.method == "GET" else "/",
        problem=str(problem) if problem else "",
        draft=getattr(request.state, "draft", Draft()),
        idempotency_key=key or secrets.token_urlsafe(16),
        max_characters=MAX_CHARACTERS,
        picture_types=",".join(MIME_TYPES),
    )


async def _explain(request: Request, error: LifeboatError) -> Response:
    """Show the page with the sentence on top; without a database it is only the sentence."""
    parts: Services = request.app.state.services
    try:
        who = await pages.browser_of(request, parts)
        async with parts.database.read() as connection:
            posts = await timelines.public(connection, Page(), pages.viewer_of(who))
    except (LifeboatError, *DATABASE_ERRORS):
        who, posts = Browser("", False, None, ""), []
    return await show(request, parts, who, View(posts, tab="local"), error)


async def _writable(parts: Services) -> bool:
    try:
        return (await parts.lease.read()).is_open(time.monotonic())
    except DATABASE_ERRORS:
        return False
