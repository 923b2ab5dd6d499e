"""Tokens: password, client credentials and authorization code with PKCE (RFC 6749, 7636, 7009)."""

import base64
import binascii
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from app import logins
from app.address import device_of
from app.body import Fields, body_of
from app.errors import CodeNeeded, OAuthError
from app.logins import LogIn
from app.services import Parts, Services, Write
from app.tokens import INVALID_GRANT, Token, find_client, granted_scopes, issue, revoke, spend_code

router = APIRouter(prefix="/oauth", tags=["oauth"])


class TokenRequest(Fields):
    """The fields of every grant together."""

    grant_type: str = ""
    client_id: str = ""
    client_secret: str | None = None
    scope: str | None = None
    username: str = ""
    password: str = ""
    code: str = ""
    redirect_uri: str = ""
    code_verifier: str | None = None
    otp_attempt: str = ""


class Revocation(Fields):
    """Which token to end."""

    client_id: str = ""
    client_secret: str | None = None
    token: str = ""


@router.post("/token")
async def token(
    request: Request, form: Annotated[TokenRequest, Depends(body_of(TokenRequest))], parts: Parts, write: Write
) -> dict[str, Any]:
    """Hand out a token for one of the three grants."""
    client = await _client(request, parts, form)
    if form.grant_type == "password":
        return (await _by_password(request, form, client, parts, write)).entity()
    if form.grant_type == "client_credentials":
        scopes = granted_scopes(form.scope, client.scopes)
        async with write.transaction() as connection:
            made = await issue(connection, scopes, application_id=client.id)
        return made.entity()
    if form.grant_type == "authorization_code":
        return (await _by_code(request, form, client, write)).entity()
    raise OAuthError(
        "unsupported_grant_type", "The authorization grant type is not supported by the authorization server."
    )


@router.post("/revoke")
async def end(
    request: Request, form: Annotated[Revocation, Depends(body_of(Revocation))], parts: Parts, write: Write
) -> dict[str, Any]:
    """End a token on every live site before answering: it must not come back with a failover."""
    client = await _client(request, parts, form)
    async with write.transaction(every_standby=True) as connection:
        await revoke(connection, form.token, application_id=client.id)
    return {}


async def _by_password(request: Request, form: TokenRequest, client: Any, parts: Services, write: Write) -> Token:
    scopes = granted_scopes(form.scope, client.scopes)
    given = LogIn(form.username, form.password, form.otp_attempt)
    account_id = await logins.known(request, parts, write, given)
    if account_id is None:
        raise OAuthError("invalid_grant", INVALID_GRANT)
    try:
        async with logins.completed(parts, write, account_id, given) as connection:
            return await _issue(connection, request, client, account_id, scopes)
    except CodeNeeded as needed:
        raise OAuthError("invalid_grant", str(needed)) from None


async def _issue(connection: AsyncConnection, request: Request, client: Any, account_id: UUID, scopes: str) -> Token:
    whose = {"application_id": client.id, "account_id": account_id}
    return await issue(connection, scopes, **whose, device=device_of(request))


async def _by_code(request: Request, form: TokenRequest, client: Any, write: Write) -> Token:
    async with write.transaction() as connection:
        account_id, scopes = await spend_code(connection, form.code, client.id, form.redirect_uri, form.code_verifier)
        return await _issue(connection, request, client, account_id, scopes)


async def _client(request: Request, parts: Services, form: TokenRequest | Revocation) -> Any:
    client_id, secret = _basic(request) or (form.client_id, form.client_secret)
    async with parts.database.read() as connection:
        return await find_client(connection, client_id, secret)


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret
