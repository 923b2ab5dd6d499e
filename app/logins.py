"""Log-in: name and password, limited, with the second factor where it is on. The API and the page use the same."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from app import second_factor
from app.accounts import PASSWORD_LENGTH, authenticate
from app.body import invalid
from app.durability import Writer
from app.errors import Unprocessable
from app.ids import new_id
from app.limits import address_of
from app.models import AccessToken, Account, AuthorizationCode, ResetToken
from app.security import digest, hash_password, new_secret, password_matches
from app.services import Services

RESET_LIFE = "24 hours"


@dataclass(frozen=True)
class LogIn:
    """What a person gives to log in."""

    login: str
    password: str
    code: str = ""


async def known(request: Request, parts: Services, write: Writer, given: LogIn) -> UUID | None:
    """Give the account of a name and its password, None when they do not belong together; counts the attempt.

    Raises TooMany after too many of them, for one name or from one address.
    """
    limits = parts.limits
    address = address_of(request, parts.settings)
    await limits.count(write, (limits.log_in, given.login), (limits.log_in_address, address))
    return await authenticate(parts.database, given.login, given.password)


@asynccontextmanager
async def completed(parts: Services, write: Writer, account_id: UUID, given: LogIn) -> AsyncGenerator[AsyncConnection]:
    """Lend the durable transaction of a log-in, when its code was taken; raises CodeNeeded."""
    async with write.transaction() as connection:
        await second_factor.pass_second(connection, parts.sealer, account_id, given.code)
        await parts.limits.forget(connection, parts.limits.log_in, given.login)
        yield connection


async def must_know_password(parts: Services, write: Writer, account_id: UUID, password: str) -> None:
    """Ask for the password again before what cannot be taken back; raises Unprocessable or TooMany."""
    await parts.limits.count(write, (parts.limits.log_in, account_id))
    async with parts.database.read() as connection:
        stored = await connection.scalar(select(Account.password_hash).where(Account.id == account_id))
    if not await password_matches(stored, password):
        raise invalid({"password": [("ERR_INVALID", "is not your password")]})


async def new_hash(password: str) -> str:
    """Check and hash a new password, before any transaction is open."""
    low, high = PASSWORD_LENGTH
    if not low <= len(password) <= high:
        raise invalid({"password": [("ERR_TOO_SHORT", f"must have {low} to {high} characters")]})
    return await hash_password(password)


async def set_password(
    connection: AsyncConnection, account_id: UUID, password_hash: str, keep: UUID | None = None
) -> None:
    """Set a password in a durable transaction and end every session and token but `keep`."""
    await connection.execute(update(Account).where(Account.id == account_id).values(password_hash=password_hash))
    tokens = delete(AccessToken).where(AccessToken.account_id == account_id)
    await connection.execute(tokens if keep is None else tokens.where(AccessToken.id != keep))
    for table in (AuthorizationCode, ResetToken):
        await connection.execute(delete(table).where(table.account_id == account_id))


async def issue_reset(connection: AsyncConnection, username: str) -> str | None:
    """Make a token with which a person sets a new password once; None when there is no such person."""
    account_id = await connection.scalar(select(Account.id).where(Account.username == username.lower()))
    if account_id is None:
        return None
    token = new_secret()
    await connection.execute(insert(ResetToken).values(id=new_id(), account_id=account_id, digest=digest(token)))
    return token


async def spend_reset(connection: AsyncConnection, token: str) -> UUID:
    """Take a reset token in a durable transaction and give its account; raises Unprocessable."""
    fresh = ResetToken.created_at > func.now() - text(f"interval '{RESET_LIFE}'")
    used = delete(ResetToken).where(ResetToken.digest == digest(token), fresh)
    account_id = await connection.scalar(used.returning(ResetToken.account_id))
    if account_id is None:
        raise Unprocessable("Validation failed: This reset token is unknown, used or too old; ask for a new one.")
    return account_id
