"""What every page of the browser shares: who asks, the frame around it, and how a refusal is shown."""

import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from app import pages, timelines
from app.database import DATABASE_ERRORS
from app.errors import Forbidden, LifeboatError
from app.handlers import headers, told
from app.ids import to_api
from app.pages import Browser, Draft
from app.paging import DEFAULT_LIMIT, Page
from app.pictures import MIME_TYPES
from app.post_columns import MAX_OPTIONS
from app.posts import Post
from app.services import Parts, Services
from app.statuses import MAX_CHARACTERS, MAX_PICTURES

FEED_FORMS = {"post", "sign-up", "log-in"}  # the forms that stand on the page of posts
REFUSED = "That did not work"


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
                return await explain(request, refused)

        return handle_or_explain


async def browser(request: Request, parts: Parts) -> Browser:
    """Hand a route the browser that asks."""
    return await pages.browser_of(request, parts)


Asks = Annotated[Browser, Depends(browser)]


@dataclass(frozen=True)
class View:
    """What one page shows: a heading or a person, posts (with `focus` the one a thread is about), notices, people.

    `context` is the word of the reader's filters for this place; `older` the address of the page after this one.
    """

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
    context: str = "home"


async def show(
    request: Request,
    parts: Services,
    who: Browser,
    view: View,
    problem: LifeboatError | None = None,
    *,
    template: str = "page.html",
    **context: Any,
) -> Response:
    """Render a page; `context` is what its own template shows beside the view."""
    key = getattr(request.state, "idempotency_key", None) if problem and problem.retry_after is not None else None
    return pages.render(
        request,
        who,
        problem.status if problem else 200,
        headers(request, problem) if problem else {},
        template,
        site=parts.settings.site,
        writable=await _writable(parts),
        sign_up=parts.settings.sign_up,
        view=view,
        here=request.url.path if request.method == "GET" else getattr(request.state, "back", "/"),
        problem=str(problem) if problem else "",
        draft=getattr(request.state, "draft", Draft()),
        idempotency_key=key or secrets.token_urlsafe(16),
        max_characters=MAX_CHARACTERS,
        max_pictures=MAX_PICTURES,
        max_options=MAX_OPTIONS,
        picture_types=",".join(MIME_TYPES),
        **context,
    )


def older(path: str, keys: Sequence[UUID]) -> str:
    """Give the address of the page after one that ends with the last of these keys; nothing when it was the last."""
    if len(keys) < DEFAULT_LIMIT:
        return ""
    return f"{path}{'&' if '?' in path else '?'}max_id={to_api(keys[-1])}"


async def member(who: Asks) -> UUID:
    """Hand a page the member who reads it; raises Forbidden for a guest."""
    if (reader := pages.viewer_of(who)) is None:
        raise Forbidden("Log in to see this page.")
    return reader


Reader = Annotated[UUID, Depends(member)]


async def explain(request: Request, error: LifeboatError) -> Response:
    """Show a refused form as it was filled in, with the sentence on top; anything else as the sentence alone."""
    parts: Services = request.app.state.services
    draft: Draft = getattr(request.state, "draft", Draft())
    try:
        who = await pages.browser_of(request, parts)
        async with parts.database.read() as connection:
            typed = draft.form in FEED_FORMS
            posts = await timelines.public(connection, Page(), pages.viewer_of(who)) if typed else []
    except (LifeboatError, *DATABASE_ERRORS):
        who, typed, posts = Browser("", False, None, ""), False, []
    template = "page.html" if typed else "refused.html"
    view = View(posts, tab="local" if typed else "", heading="" if typed else REFUSED, context="public")
    return await show(request, parts, who, view, error, template=template, action=request.url.path)


async def _writable(parts: Services) -> bool:
    try:
        return (await parts.lease.read()).is_open(time.monotonic())
    except DATABASE_ERRORS:
        return False
