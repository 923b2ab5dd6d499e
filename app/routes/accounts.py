"""Sign-up and looking at accounts."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from app import accounts as people
from app.accounts import NewAccount
from app.address import base_of
from app.authentication import Person, Viewer, client, person
from app.body import body_of
from app.entities import account_entity, credential_entity, status_entity
from app.errors import Forbidden
from app.ids import from_api
from app.services import Parts, Write
from app.timelines import PageOf, link_header, of_account
from app.tokens import Caller, issue

router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"])


@router.post("")
async def register(
    caller: Annotated[Caller, Depends(client("write:accounts"))],
    form: Annotated[NewAccount, Depends(body_of(NewAccount))],
    write: Write,
) -> dict[str, Any]:
    """Make an account for a client and give the person's first token."""
    if caller.application_id is None:
        raise Forbidden("This method requires a client's own token")
    form, password_hash = await people.prepared(form)
    scopes = " ".join(sorted(caller.scopes))
    async with write.transaction() as connection:
        account_id = await people.register(connection, write, caller.application_id, form, password_hash)
        token = await issue(connection, scopes, application_id=caller.application_id, account_id=account_id)
    return token.entity()


@router.get("/verify_credentials")
async def verify(
    who: Annotated[Person, Depends(person("read:accounts", "profile"))], request: Request, parts: Parts
) -> dict[str, Any]:
    """Give the caller's own account."""
    async with parts.database.read() as connection:
        row = await people.load(connection, who.account_id)
        return credential_entity(row, base_of(request), **await people.counts(connection, row.id))


@router.get("/lookup")
async def lookup(acct: str, request: Request, parts: Parts, _viewer: Viewer) -> dict[str, Any]:
    """Give the account with a username."""
    async with parts.database.read() as connection:
        row = await people.by_name(connection, acct.removeprefix("@").replace("\x00", ""))
        return account_entity(row, base_of(request), **await people.counts(connection, row.id))


@router.get("/{account_id}")
async def show(account_id: str, request: Request, parts: Parts, _viewer: Viewer) -> dict[str, Any]:
    """Give an account."""
    async with parts.database.read() as connection:
        row = await people.load(connection, from_api(account_id))
        return account_entity(row, base_of(request), **await people.counts(connection, row.id))


@router.get("/{account_id}/statuses")
async def posts(
    account_id: str, request: Request, response: Response, parts: Parts, viewer: Viewer, page: PageOf
) -> list[dict[str, Any]]:
    """Give an account's posts, newest first."""
    base = base_of(request)
    async with parts.database.read() as connection:
        row = await people.load(connection, from_api(account_id))
        found = await of_account(connection, row.id, viewer, page)
    response.headers.update(link_header(request, base, [post.row.id for post in found]))
    return [status_entity(post, base) for post in found]
