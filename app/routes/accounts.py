"""Sign-up and looking at accounts."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app import accounts as people
from app import profiles, search, timelines
from app.accounts import NewAccount
from app.address import base_of, device_of
from app.authentication import Person, Viewer, client, person
from app.body import body_of
from app.descriptions import Description
from app.entities import account_entity, credential_entity, status_entity
from app.errors import Forbidden
from app.ids import from_api
from app.limits import address_of
from app.paging import PageOf
from app.pictures import SHAPES
from app.profiles import Profile
from app.routes.answers import ListingOf
from app.routes.media import store
from app.services import Parts, Write
from app.timelines import Narrowed
from app.tokens import Caller, issue

router = APIRouter(prefix="/api/v1", tags=["accounts"])

Owner = Annotated[Person, Depends(person("write:accounts"))]


@router.post("/accounts")
async def register(
    caller: Annotated[Caller, Depends(client("write:accounts"))],
    form: Annotated[NewAccount, Depends(body_of(NewAccount))],
    request: Request,
    parts: Parts,
    write: Write,
) -> dict[str, Any]:
    """Make an account for a client and give the person's first token."""
    if caller.application_id is None:
        raise Forbidden("This method requires a client's own token")
    await parts.limits.count(write, (parts.limits.sign_up, address_of(request, parts.settings)))
    form, password_hash = await people.prepared(form)
    scopes = " ".join(sorted(caller.scopes))
    async with write.transaction() as connection:
        account_id = await people.register(
            connection, write, caller.application_id, form, password_hash, parts.settings.sign_up
        )
        whose = {"application_id": caller.application_id, "account_id": account_id}
        token = await issue(connection, scopes, **whose, device=device_of(request))
    return token.entity()


@router.get("/accounts/verify_credentials")
async def verify(
    who: Annotated[Person, Depends(person("read:accounts", "profile"))], request: Request, parts: Parts
) -> dict[str, Any]:
    """Give the caller's own account."""
    async with parts.database.read() as connection:
        return credential_entity(await profiles.own(connection, who.account_id), base_of(request))


@router.patch("/accounts/update_credentials")
async def update(
    who: Owner,
    form: Annotated[Profile, Depends(body_of(Profile))],
    request: Request,
    parts: Parts,
    write: Write,
) -> dict[str, Any]:
    """Change the caller's profile and its pictures."""
    columns = form.columns()
    for column, file in form.uploads.items():
        picture = await store(parts, write, who, await file.read(), Description(), shape=SHAPES[column])
        columns[column] = picture.key
    async with write.transaction(every_standby=bool(form.uploads)) as connection:
        await profiles.change(connection, who.account_id, columns)
        row = await profiles.own(connection, who.account_id)
    return credential_entity(row, base_of(request))


@router.delete("/profile/avatar")
async def remove_avatar(who: Owner, request: Request, write: Write) -> dict[str, Any]:
    """Take the caller's avatar away on every live site before answering."""
    return await _without(who, "avatar_key", request, write)


@router.delete("/profile/header")
async def remove_header(who: Owner, request: Request, write: Write) -> dict[str, Any]:
    """Take the caller's header away on every live site before answering."""
    return await _without(who, "header_key", request, write)


async def _without(who: Person, column: str, request: Request, write: Write) -> dict[str, Any]:
    async with write.transaction(every_standby=True) as connection:
        await profiles.change(connection, who.account_id, {column: None})
        row = await profiles.own(connection, who.account_id)
    return credential_entity(row, base_of(request))


@router.get("/accounts/lookup")
async def lookup(acct: str, request: Request, parts: Parts, _viewer: Viewer) -> dict[str, Any]:
    """Give the account with a username."""
    async with parts.database.read() as connection:
        return account_entity(
            await people.by_name(connection, acct.removeprefix("@").replace("\x00", "")), base_of(request)
        )


@router.get("/accounts/search")
async def find(
    who: Annotated[Person, Depends(person("read:accounts"))], q: str, request: Request, parts: Parts, page: PageOf
) -> list[dict[str, Any]]:
    """Give the accounts whose name begins with `q`."""
    async with parts.database.read() as connection:
        found = await search.people(connection, q.replace("\x00", ""), who.account_id, page.limit, 0)
    return [account_entity(row, base_of(request)) for row in found]


@router.get("/accounts/{account_id}")
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


@router.get("/accounts/{account_id}/statuses")
async def posts(
    account_id: str,
    parts: Parts,
    viewer: Viewer,
    listing: ListingOf,
    wanted: Annotated[Narrowed, Depends(narrowed)],
    pinned: bool = False,
) -> list[dict[str, Any]]:
    """Give an account's posts and boosts, newest first, or those it keeps on top."""
    async with parts.database.read() as connection:
        row = await people.load(connection, from_api(account_id))
        if pinned:
            found = await timelines.pinned(connection, row.id, viewer)
            return [status_entity(post, base_of(listing.request)) for post in found]
        found = await timelines.of_account(connection, row.id, viewer, listing.page, wanted)
    return listing.posts(found)
