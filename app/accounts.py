"""People: sign-up, log-in, look-up. The API and the page use the same functions."""

import re
from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app import invitations
from app.body import Fields, invalid
from app.database import Database
from app.durability import Writer
from app.errors import NotFound, Unprocessable
from app.ids import new_id
from app.models import Account, RetiredName
from app.post_columns import PUBLIC
from app.security import digest, hash_password, password_matches
from app.settings import SignUp

Trimmed = Annotated[str, StringConstraints(strip_whitespace=True)]
USERNAME = re.compile(r"[a-z0-9_]{1,30}")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]{1,63}")
PASSWORD_LENGTH = (8, 200)


class NewAccount(Fields):
    """What a person gives to sign up."""

    username: Trimmed = ""
    email: Trimmed = ""
    password: str = ""
    agreement: bool = False
    locale: str | None = None
    invite_code: Trimmed = ""

    def check(self) -> "NewAccount":
        """Give itself in lower case, or raise Unprocessable that names every field that is wrong."""
        if self.username.isascii():  # of the others some have an ASCII letter as their lower case
            self.username = self.username.lower()
        self.email = self.email.lower()
        if complaints := dict(self._complaints()):
            raise invalid(complaints)
        return self

    def _complaints(self):
        low, high = PASSWORD_LENGTH
        if not self.username:
            yield "username", [("ERR_BLANK", "can't be blank")]
        elif not USERNAME.fullmatch(self.username):
            yield "username", [("ERR_INVALID", "must contain only letters, numbers and underscores, at most 30")]
        if not EMAIL.fullmatch(self.email) or not self.email.isprintable() or len(self.email) > 254:
            yield "email", [("ERR_INVALID", "is not an e-mail address")]
        if not low <= len(self.password) <= high:
            yield "password", [("ERR_TOO_SHORT", f"must have {low} to {high} characters")]
        if not self.agreement:
            yield "agreement", [("ERR_ACCEPTED", "must be accepted")]


async def register(
    connection: AsyncConnection,
    writer: Writer,
    scope_id: UUID,
    form: NewAccount,
    password_hash: str,
    sign_up: SignUp,
) -> UUID:
    """Make an account in a durable transaction; a retry with the same key and password gives the same account.

    Raises Forbidden or Unprocessable when the server takes nobody, or nobody without an invitation.
    """
    made = new_id()
    account_id = await writer.claim(connection, scope_id, "account", made)
    if account_id != made:
        return await _same_person(connection, account_id, form)
    await invitations.admit(connection, sign_up, form.invite_code)
    row = insert(Account).values(id=made, username=form.username, email=form.email, password_hash=password_hash)
    if await _is_retired(connection, form.username):
        raise invalid({"username": [("ERR_TAKEN", "has already been taken")]})
    if await connection.scalar(row.on_conflict_do_nothing().returning(Account.id)) is None:
        raise await _taken(connection, form)
    return made


async def authenticate(database: Database, login: str, password: str) -> UUID | None:
    """Give the account of a username or e-mail address and its password; None when either is wrong, in equal time."""
    login = login.strip().lower()
    query = select(Account.id, Account.password_hash).where(or_(Account.username == login, Account.email == login))
    async with database.read() as connection:
        row = (await connection.execute(query)).first()
    matches = await password_matches(row.password_hash if row else None, password)
    return row.id if row and matches else None


async def load(connection: AsyncConnection, account_id: UUID) -> Any:
    """Give the public columns of an account; raises NotFound."""
    return await one(connection, Account.id == account_id)


async def by_name(connection: AsyncConnection, username: str) -> Any:
    """Give the public columns of the account with this username; raises NotFound."""
    return await one(connection, Account.username == username.lower())


async def many(connection: AsyncConnection, account_ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Give the public columns of accounts by their ids, in one statement; one that is gone is left out."""
    wanted = list(account_ids)
    if not wanted:
        return {}
    return {row.id: row for row in await connection.execute(select(*PUBLIC).where(Account.id.in_(wanted)))}


async def prepared(form: NewAccount) -> tuple[NewAccount, str]:
    """Check a sign-up and hash its password, before any transaction is open."""
    return form.check(), await hash_password(form.password)


async def one(connection: AsyncConnection, condition: ColumnElement[bool], *columns: Any) -> Any:
    """Give the public columns, or these, of the account that a condition finds; raises NotFound."""
    row = (await connection.execute(select(*(columns or PUBLIC)).where(condition))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def _is_retired(connection: AsyncConnection, username: str) -> bool:
    """Say whether a name belonged to somebody who left."""
    query = select(RetiredName.created_at).where(RetiredName.digest == digest(username))
    return await connection.scalar(query) is not None


async def _same_person(connection: AsyncConnection, account_id: UUID, form: NewAccount) -> UUID:
    query = select(Account.username, Account.password_hash).where(Account.id == account_id)
    row = (await connection.execute(query)).one_or_none()
    if row and row.username == form.username and await password_matches(row.password_hash, form.password):
        return account_id
    raise Unprocessable("This Idempotency-Key was used for another sign-up; use a fresh one.")


async def _taken(connection: AsyncConnection, form: NewAccount) -> Unprocessable:
    query = select(Account.username, Account.email)
    rows = await connection.execute(query.where(or_(Account.username == form.username, Account.email == form.email)))
    found = rows.all()
    fields = {
        "username": any(row.username == form.username for row in found),
        "email": any(row.email == form.email for row in found),
    }
    return invalid({name: [("ERR_TAKEN", "has already been taken")] for name, taken in fields.items() if taken})
