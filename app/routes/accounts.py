"""Sign-up and looking at accounts."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from app import accounts as people
from app import search
from app.accounts import NewAccount, Profile
from app.address import base_of
from app.authentication import Person, Viewer, client, person
from app.body import body_of
from app.entities import account_entity, credential_entity
from app.errors import Forbidden
from app.ids import from_api
from app.paging import PageOf
from app.routes.answers import posts_page
from app.services import Parts, Write
from app.timelines import Narrowed, of_account
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
        return credential_entity(await people.load(connection, who.account_id), base_of(request))


@router.patch("/update_credentials")
async def update(
    who: Annotated[Person, Depends(person("write:accounts"))],
    form: Annotated[Profile, Depends(body_of(Profile))],
    request: Request,
    write: Write,
) -> dict[str, Any]:
    """Change the caller's shown name and note."""
    form.columns()
    async with write.transaction() as connection:
        await people.change(connection, who.account_id, form)
        row = await people.load(connection, who.account_id)
    return credential_entity(row, base_of(request))


@router.get("/lookup")
async def lookup(acct: str, request: Request, parts: Parts, _viewer: Viewer) -> dict[str, Any]:
    """Give the account with a username."""
    async with parts.database.read() as connection:
        return account_entity(
            await people.by_name(connection, acct.removeprefix("@").replace("\x00", "")), base_of(request)
        )


@router.get("/search")
async def find(
    who: Annotated[Person, Depends(person("read:accounts"))], q: str, request: Request, parts: Parts, page: PageOf
) -> list[dict[str, Any]]:
    """Give the accounts whose name begins with `q`."""
    async with parts.database.read() as connection:
        found = await search.people(connection, q.replace("\x00", ""), who.account_id, page.limit, 0)
    return [account_entity(row, base_of(request)) for row in found]


@router.get("/{account_id}")
async def show(account_id: str, request: Request, parts: Parts, _viewer: Viewer) -> dict[str, Any]:
    """Give an account."""
    async with parts.database.read() as connection:
        return account_entity(await people.load(connection, from_api(account_id)), base_of(request))


async def narrowed(
    only_media: bool = False,
    exclude_replies: bool = False,
    exclude_reblogs: bool = False,
    tagged: str | None = None,
) -> Narrowed:
    """Read from the query what a client leaves out."""
    return Narrowed(only_media, exclude_replies, exclude_reblogs, tagged and tagged.replace("\x00", ""))


@router.get("/{account_id}/statuses")
async def posts(
    account_id: str,
    request: Request,
    response: Response,
    parts: Parts,
    viewer: Viewer,
    page: PageOf,
    wanted: Annotated[Narrowed, Depends(narrowed)],
    pinned: bool = False,
) -> list[dict[str, Any]]:
    """Give an account's posts and boosts, newest first; nobody can pin a post here, so none are pinned."""
    async with parts.database.read() as connection:
        row = await people.load(connection, from_api(account_id))
        found = [] if pinned else await of_account(connection, row.id, viewer, page, wanted)
    return posts_page(found, request, response)
