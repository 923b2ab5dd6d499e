"""Invitations of a member, and whether a code is still good."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app import invitations
from app.address import base_of
from app.authentication import Person, person
from app.body import body_of
from app.ids import from_api, new_id
from app.invitations import NewInvitation, entity
from app.routes.answers import ListingOf
from app.services import Parts, Write

router = APIRouter(prefix="/api/v1/invites", tags=["invitations"])

Host = Annotated[Person, Depends(person("write:accounts"))]


@router.get("")
async def listed(
    who: Annotated[Person, Depends(person("read:accounts"))],
    parts: Parts,
    listing: ListingOf,
) -> list[dict[str, Any]]:
    """Give the caller's invitations."""
    async with parts.database.read() as connection:
        found = await invitations.listed(connection, who.account_id, listing.page)
    return listing.give(found, entity, [row.id for row in found])


@router.post("")
async def create(
    who: Host, form: Annotated[NewInvitation, Depends(body_of(NewInvitation))], request: Request, write: Write
) -> dict[str, Any]:
    """Make an invitation."""
    form.check()
    async with write.transaction() as connection:
        invitation_id = await write.claim(connection, who.account_id, "invitation", new_id())
        row = await invitations.create(connection, who.account_id, invitation_id, form)
    return entity(row, base_of(request))


@router.get("/{code}")
async def show(code: str, parts: Parts) -> dict[str, str]:
    """Say whether a code is still good; 404 when it is not."""
    async with parts.database.read() as connection:
        return {"invite_code": (await invitations.usable(connection, code.replace("\x00", ""))).code}


@router.delete("/{invitation_id}")
async def revoke(who: Host, invitation_id: str, write: Write) -> dict[str, Any]:
    """Revoke an invitation on every live site before answering."""
    async with write.transaction(every_standby=True) as connection:
        await invitations.revoke(connection, who.account_id, from_api(invitation_id))
    return {}
