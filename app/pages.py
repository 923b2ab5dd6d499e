"""The HTML side: who the browser is, forms that only our own page can send, and the one template."""

import datetime
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from app.authentication import from_cookie
from app.descriptions import POINTS
from app.entities import content
from app.errors import Forbidden
from app.icons import icon
from app.ids import to_api
from app.languages import LANGUAGES
from app.notifications import TOLD
from app.poll_entities import poll_entity
from app.security import same
from app.services import Services
from app.text import to_html
from app.tokens import Caller

SESSION_COOKIE = "lifeboat_session"
BROWSER_COOKIE = "lifeboat_browser"
SESSION_SECONDS = 30 * 24 * 3600

# Scripts come from our own files alone: what people write never runs, and nothing here needs an inline one.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "font", "connect", "manifest", "worker")),
        "base-uri 'none'",
    )
)

BACK = re.compile(r"/(?:[@\w%-]{1,300}(?:/[@\w%-]{1,300}){0,3})?", re.ASCII)

FILES = (
    "style.css",
    "page.js",
    "waiting.js",
    "push.js",
    "live.js",
    "focus.js",
    "moments.js",
)  # of app/static, that every page loads

templates = Environment(
    loader=PackageLoader("app"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True)
class Browser:
    """One browser: its nonce, its person if it is logged in, and the token its forms must carry."""

    nonce: str
    is_new: bool
    person: Caller | None
    form_token: str


@dataclass(frozen=True)
class Draft:
    """What was typed into a form that was refused, so that nobody types it twice; `fields` can be sent as they are."""

    form: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    fields: Sequence[tuple[str, str]] = ()


async def browser_of(request: Request, parts: Services) -> Browser:
    """Find out who the browser is; one that comes for the first time gets a nonce."""
    known = parts.forms.read(request.cookies.get(BROWSER_COOKIE, ""))
    nonce = known or secrets.token_urlsafe(16)
    session = request.cookies.get(SESSION_COOKIE, "")
    person = await from_cookie(parts, session)
    return Browser(nonce, known is None, person, parts.forms.signature(f"{nonce} {session if person else ''}"))


def check_form(browser: Browser, token: str) -> None:
    """Refuse a form that did not come from a page of ours in this browser; raises Forbidden."""
    if browser.is_new or not same(token, browser.form_token):
        raise Forbidden("This form is too old, or came from another page; it was not sent. Please send it again.")


def render(
    request: Request, browser: Browser, status: int, headers: dict[str, str], template: str, **context: Any
) -> HTMLResponse:
    """Show a page; a new browser gets its nonce with it."""
    html = templates.get_template(template).render(browser=browser, version=files_version(), **context)
    framed_by = request.app.state.services.settings.framed_by
    policy = {"Content-Security-Policy": _policy(template, framed_by), "Cache-Control": "no-store"}
    response = HTMLResponse(html, status, headers | policy)
    if browser.is_new:
        signed = request.app.state.services.forms.sign(browser.nonce)
        _set_cookie(request, response, BROWSER_COOKIE, signed)
    return response


def _policy(template: str, framed_by: str) -> str:
    """Return a page's policy; what asks for a person's consent is never shown inside another page."""
    # A browser holds `form-action` against the redirect to a client too, and that may be any registered address.
    if template == "authorize.html":
        return f"{CONTENT_SECURITY_POLICY}; frame-ancestors 'none'"
    return f"{CONTENT_SECURITY_POLICY}; form-action 'self'; frame-ancestors {framed_by}"


def go_home() -> RedirectResponse:
    """Send the browser back to the page after a form was taken."""
    return RedirectResponse("/", 303)


def go_back(path: str, anchor: str = "") -> RedirectResponse:
    """Send the browser back to one of our own pages, or home from any other address (no open redirect)."""
    found = path if BACK.fullmatch(path) else "/"
    return RedirectResponse(f"{found}#{anchor}" if anchor else found, 303)


def viewer_of(browser: Browser) -> UUID | None:
    """Give the account of the browser's person; None for a guest."""
    return browser.person.account_id if browser.person else None


def log_in(request: Request, parts: Services, secret: str) -> RedirectResponse:
    """Send the browser home with its session: the signed secret, which no script can read."""
    response = go_home()
    _set_cookie(request, response, SESSION_COOKIE, parts.sessions.sign(secret))
    return response


def log_out() -> RedirectResponse:
    """Send the browser home without its session."""
    response = go_home()
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def session_secret(request: Request, parts: Services) -> str | None:
    """Give the secret of the browser's session."""
    return parts.sessions.read(request.cookies.get(SESSION_COOKIE, ""))


def _set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=SESSION_SECONDS, path="/", secure=secure, httponly=True, samesite="lax")


def ago(when: datetime.datetime) -> str:
    """Say how long ago something was, as short as a feed shows it."""
    seconds = max(0, int((datetime.datetime.now(datetime.UTC) - when).total_seconds()))
    if seconds < 60:
        return "now" if seconds < 5 else f"{seconds} s"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and (unit != "d" or seconds < 30 * size):
            return f"{seconds // size} {unit}"
    return when.strftime("%-d %b %Y")


def hue(identifier: Any) -> int:
    """Choose one of twelve colours for a person without a picture, the same on every site."""
    return identifier.int % 12


def shown(row: Any) -> Markup:
    """Give the text of a post as HTML, with links inside this site; `content` has escaped everything it was given."""
    return Markup(content(row, ""))  # noqa: S704  (`content` has escaped it)  # nosec B704


def hidden_from(row: Any, context: str) -> str:
    """Say what the reader's filters do with a post here: `hide`, `warn` or nothing."""
    found = {"hide" if one["action"] == "hide" else "warn" for one in row.filtered if context in one["context"]}
    return min(found, default="")


def in_view(picture: Any) -> str:
    """Name the style classes that keep a picture's point in view where it is cut, in steps of a quarter."""
    return f"at-x-{round(2 * (picture.focus_x + 1))} at-y-{round(2 * (1 - picture.focus_y))}"


def filter_titles(row: Any, context: str) -> str:
    """Name the reader's filters that fit a post here."""
    return ", ".join(one["title"] for one in row.filtered if context in one["context"])


@cache
def files_version() -> str:
    """Name the state of the files that every page loads, so that a new release is seen at once."""
    folder = resources.files("app") / "static"
    contents = b"".join((folder / name).read_bytes() for name in FILES)
    return hashlib.sha256(contents).hexdigest()[:12]


OFFERED: Any = {"languages": LANGUAGES, "points": POINTS}
templates.globals |= OFFERED
templates.filters |= {
    "ago": ago,
    "hue": hue,
    "api": lambda key: to_api(UUID(key) if isinstance(key, str) else key),  # a key in JSON is a text
    "html": to_html,
    "content": shown,
    "poll": poll_entity,
    "hidden_from": hidden_from,
    "filter_titles": filter_titles,
    "in_view": in_view,
    "icon": icon,
    "told": TOLD.get,
}
