"""Who is calling: a bearer token for the API, a signed cookie for the page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from app.errors import Forbidden, Unauthorized, Unprocessable
from app.services import Parts, Services
from app.tokens import Caller, find_caller

INVALID_TOKEN = "The access token is invalid"  # noqa: S105

NO_TOKEN = UUID(int=0)  # of the worker, who acts for people without one


@dataclass(frozen=True)
class Person:
    """A caller who acts for an account."""

    account_id: UUID
    application_id: UUID | None
    token_id: UUID = NO_TOKEN


def bearer(request: Request) -> str | None:
    """Give the token of the Authorization header."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() or None if kind.lower() == "bearer" else None


async def caller(request: Request, parts: Parts) -> Caller | None:
    """Find who calls the API; None without a token, Unauthorized with one that is not known."""
    secret = bearer(request)
    if secret is None:
        return None
    async with parts.database.read() as connection:
        found = await find_caller(connection, secret)
    if found is None:
        raise Unauthorized(INVALID_TOKEN)
    return found


MaybeCaller = Annotated[Caller | None, Depends(caller)]


def client(*scopes: str) -> Callable[[Caller | None], Awaitable[Caller]]:
    """Make the dependency that asks for a token with one of these scopes, of a person or of a client for itself."""

    async def check(found: MaybeCaller) -> Caller:
        if found is None:
            raise Unauthorized(INVALID_TOKEN)
        if not any(found.may(scope) for scope in scopes):
            raise Forbidden("This action is outside the authorized scopes")
        return found

    check.scopes = scopes  # ty: ignore[missing-attribute]  # for the description of the API
    return check


def person(*scopes: str) -> Callable[[Caller], Awaitable[Person]]:
    """Make the dependency that asks for a person's token with one of these scopes."""

    async def check(found: Annotated[Caller, Depends(client(*scopes))]) -> Person:
        if found.account_id is None:
            raise Unprocessable("This method requires an authenticated user")
        return Person(found.account_id, found.application_id, found.token_id)

    return check


async def viewer(found: MaybeCaller) -> UUID | None:
    """Give the account that looks at something public, if any."""
    return found.account_id if found else None


Viewer = Annotated[UUID | None, Depends(viewer)]


async def from_cookie(parts: Services, cookie: str | None) -> Caller | None:
    """Find the person of a browser session; a cookie that was not signed here costs no query."""
    secret = parts.sessions.read(cookie) if cookie else None
    if secret is None:
        return None
    async with parts.database.read() as connection:
        return await find_caller(connection, secret)
