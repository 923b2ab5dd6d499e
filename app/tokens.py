"""OAuth clients, tokens and scopes (RFC 6749, in the form that Mastodon's API documents)."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import OAuthError
from app.ids import new_id
from app.models import AccessToken, Account, Application, AuthorizationCode
from app.security import digest, new_secret, same
from app.statements import Statement, value

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
BROWSER_SCOPES = "read write follow push"
TOP_SCOPES = {"read", "write", "follow", "push", "profile", "admin:read", "admin:write"}
MAX_DEVICE = 200  # characters of what a client says of itself
CODE_LIFE = "10 minutes"

INVALID_GRANT = (
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the"
    " authorization request, or was issued to another client."
)


CALLER = Statement(
    select(AccessToken.id, AccessToken.account_id, AccessToken.application_id, AccessToken.scopes, Account.username)
    .outerjoin(Account, Account.id == AccessToken.account_id)
    .where(AccessToken.digest == value("digest"))
)


@dataclass(frozen=True)
class Caller:
    """Who sent a request: a person through a client, or (without an account) a client for itself."""

    token_id: UUID
    account_id: UUID | None
    application_id: UUID | None
    scopes: frozenset[str]
    username: str | None

    def may(self, scope: str) -> bool:
        """Say whether the token covers a scope; `write` covers `write:statuses`."""
        return scope in self.scopes or scope.partition(":")[0] in self.scopes


@dataclass(frozen=True)
class Token:
    """A token as it is handed out, once."""

    secret: str
    scopes: str
    created_at: int

    def entity(self) -> dict[str, object]:
        """Give the Token entity."""
        return {
            "access_token": self.secret,
            "token_type": "Bearer",
            "scope": self.scopes,
            "created_at": self.created_at,
        }


async def find_caller(connection: AsyncConnection, secret: str) -> Caller | None:
    """Look up the token that a request carries."""
    row = await CALLER.first(connection, digest=digest(secret))
    return row and Caller(row.id, row.account_id, row.application_id, frozenset(row.scopes.split()), row.username)


async def find_application(connection: AsyncConnection, client_id: str) -> Any:
    """Look up a client by its public id; None when there is none."""
    query = select(Application.__table__).where(Application.client_id == client_id)
    return (await connection.execute(query)).one_or_none()


async def find_client(connection: AsyncConnection, client_id: str, secret: str | None):
    """Look up a client and check its secret; raises OAuthError invalid_client, also when there is no such client."""
    row = await find_application(connection, client_id)
    stored = row.secret_digest if row else digest("nobody")
    if not same(stored, digest(secret or "")) or row is None:
        raise OAuthError(
            "invalid_client",
            "Client authentication failed due to unknown client, no client authentication included, or unsupported"
            " authentication method.",
            401,
        )
    return row


def granted_scopes(wanted: str | None, registered: str) -> str:
    """Narrow the scopes a client asks for to those it registered; raises OAuthError invalid_scope for others."""
    asked = (wanted or "read").split()
    known = frozenset(registered.split())
    if not asked or any(scope not in known and scope.partition(":")[0] not in known for scope in asked):
        raise OAuthError("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
    return " ".join(dict.fromkeys(asked))


def is_scope(scope: str) -> bool:
    """Say whether a word is a scope this API knows, such as `read` or `write:statuses`."""
    return scope in TOP_SCOPES or scope.partition(":")[0] in {"read", "write", "admin"}


async def issue(
    connection: AsyncConnection,
    scopes: str,
    *,
    application_id: UUID | None = None,
    account_id: UUID | None = None,
    device: str | None = None,
) -> Token:
    """Store a new token inside a durable transaction and give it with its secret."""
    secret = new_secret()
    row = insert(AccessToken).values(
        id=new_id(),
        digest=digest(secret),
        scopes=scopes,
        application_id=application_id,
        account_id=account_id,
        device=device and device[:MAX_DEVICE],
    )
    created_at = (await connection.execute(row.returning(AccessToken.created_at))).scalar_one()
    return Token(secret, scopes, int(created_at.timestamp()))


async def revoke(connection: AsyncConnection, secret: str, *, application_id: UUID | None) -> None:
    """Delete a token of this client, or of the browser when that is None; an unknown one is no error (RFC 7009)."""
    owner = AccessToken.application_id.is_not_distinct_from(application_id)
    await connection.execute(delete(AccessToken).where(AccessToken.digest == digest(secret), owner))


async def issue_code(
    connection: AsyncConnection,
    account_id: UUID,
    application_id: UUID,
    redirect_uri: str,
    scopes: str,
    challenge: str | None,
) -> str:
    """Store an authorization code inside a durable transaction and give it."""
    code = new_secret()
    row = insert(AuthorizationCode).values(
        id=new_id(),
        digest=digest(code),
        account_id=account_id,
        application_id=application_id,
        redirect_uri=redirect_uri,
        scopes=scopes,
        code_challenge=challenge,
    )
    await connection.execute(row)
    return code


async def spend_code(
    connection: AsyncConnection, code: str, application_id: UUID, redirect_uri: str, verifier: str | None
) -> tuple[UUID, str]:
    """Take a code out of the table and give (account, scopes); raises OAuthError invalid_grant when it does not fit."""
    row = (
        await connection.execute(
            delete(AuthorizationCode)
            .where(AuthorizationCode.digest == digest(code), AuthorizationCode.application_id == application_id)
            .where(AuthorizationCode.created_at > func.now() - text(f"interval '{CODE_LIFE}'"))
            .returning(
                AuthorizationCode.account_id,
                AuthorizationCode.scopes,
                AuthorizationCode.redirect_uri,
                AuthorizationCode.code_challenge,
            )
        )
    ).one_or_none()
    if row is None or row.redirect_uri != redirect_uri or not _proves(verifier, row.code_challenge):
        raise OAuthError("invalid_grant", INVALID_GRANT)
    return row.account_id, row.scopes


def _proves(verifier: str | None, challenge: str | None) -> bool:
    """Check the code verifier of RFC 7636, method S256."""
    if challenge is None:
        return True
    hashed = hashlib.sha256((verifier or "").encode()).digest()
    return same(base64.urlsafe_b64encode(hashed).rstrip(b"=").decode(), challenge)
