"""A person lets a client act for them (RFC 6749 section 4.1, with the code challenge of RFC 7636)."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import RedirectResponse

from app import logins, pages
from app.body import Fields, body_of
from app.errors import OAuthError, Unprocessable
from app.logins import LogIn
from app.pages import Browser
from app.routes.shell import Asks, FormRoute
from app.services import Parts, Services, Write
from app.tokens import OUT_OF_BAND, find_application, granted_scopes, issue_code

router = APIRouter(prefix="/oauth/authorize", tags=["oauth"], route_class=FormRoute, include_in_schema=False)


class Wish(Fields):
    """What a client asks for, in the address it sends the person to."""

    response_type: str = ""
    client_id: str = ""
    redirect_uri: str = ""
    scope: str = "read"
    state: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None


class Decision(Wish):
    """The person's answer, with name and password where the browser has no session."""

    form_token: str = ""
    decision: str = ""
    login: str = ""
    password: str = ""
    code: str = ""


@router.get("")
async def ask(request: Request, parts: Parts, who: Asks, wish: Annotated[Wish, Depends(body_of(Wish))]) -> Response:
    """Show what the client asks for."""
    client = await _client(parts, wish)
    return _page(request, who, client, wish)


@router.post("")
async def decide(
    request: Request, parts: Parts, who: Asks, form: Annotated[Decision, Depends(body_of(Decision))], write: Write
) -> Response:
    """Send the person back to the client, with a code or with the refusal."""
    client = await _client(parts, form)
    pages.check_form(who, form.form_token)
    if form.decision != "allow":
        return _back(form, error="access_denied")
    scopes = granted_scopes(form.scope, client.scopes)
    async with _asked(request, parts, who, form, write) as (connection, account_id):
        code = await issue_code(connection, account_id, client.id, form.redirect_uri, scopes, form.code_challenge)
    return _page(request, who, client, form, code=code) if form.redirect_uri == OUT_OF_BAND else _back(form, code=code)


async def _client(parts: Services, wish: Wish) -> Any:
    """Find the client and check its wish; a refusal is shown here, as nothing proves where else it belongs."""
    async with parts.database.read() as connection:
        client = await find_application(connection, wish.client_id)
    if client is None:
        raise OAuthError("invalid_client", "No client with this client_id is registered here.", 401)
    if wish.redirect_uri not in client.redirect_uris.split("\n"):
        raise OAuthError("invalid_request", "The client did not register this redirect_uri.")
    if wish.response_type != "code":
        raise OAuthError("unsupported_response_type", "This server answers with a code only (response_type=code).")
    if wish.code_challenge and wish.code_challenge_method != "S256":
        raise OAuthError("invalid_request", "The code_challenge_method must be S256.")
    granted_scopes(wish.scope, client.scopes)
    return client


@asynccontextmanager
async def _asked(
    request: Request, parts: Services, who: Browser, form: Decision, write: Write
) -> AsyncGenerator[tuple[AsyncConnection, UUID]]:
    """Lend the durable transaction and the person of the browser, who logs in where it has no session."""
    if who.person is not None and who.person.account_id is not None:
        async with write.transaction() as connection:
            yield connection, who.person.account_id
        return
    given = LogIn(form.login, form.password, form.code)
    account_id = await logins.known(request, parts, write, given)
    if account_id is None:
        raise Unprocessable("This name and password do not belong together; go back and try again.")
    async with logins.completed(parts, write, account_id, given) as connection:
        yield connection, account_id


def _back(wish: Wish, **answer: str) -> RedirectResponse:
    if wish.redirect_uri == OUT_OF_BAND:
        return pages.go_home()
    if wish.state is not None:
        answer["state"] = wish.state
    separator = "&" if "?" in wish.redirect_uri else "?"
    return RedirectResponse(f"{wish.redirect_uri}{separator}{urlencode(answer)}", 302)


def _page(request: Request, who: Browser, client: Any, wish: Wish, code: str = "") -> Response:
    asked = {name: value for name in Wish.model_fields if (value := getattr(wish, name)) is not None}
    return pages.render(request, who, 200, {}, "authorize.html", client=client, asked=asked, code=code)
