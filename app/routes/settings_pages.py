"""A member's settings: their profile, devices, invitations, archive; `security_pages` has what guards the account."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import field_validator
from starlette.responses import StreamingResponse

from app import export, invitations, profiles, sessions
from app.address import base_of
from app.descriptions import Description
from app.ids import from_api, new_id
from app.invitations import NewInvitation
from app.paging import PageOf
from app.pictures import SHAPES
from app.profiles import MAX_FIELDS, Profile
from app.routes.export import HEADERS
from app.routes.media import store
from app.routes.shell import Asks, FormRoute, Reader, View, older, show
from app.routes.taking import Form, Pressed, Taken, taken
from app.services import Parts

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)

HOUR = 3600  # seconds
LIFETIMES = ((HOUR, "an hour"), (24 * HOUR, "a day"), (7 * 24 * HOUR, "a week"), ("", "for ever"))


class ProfileForm(Form, Profile):
    """The form of a profile; a box that is not ticked is not sent."""

    locked: bool | None = False
    bot: bool | None = False
    discoverable: bool | None = False


class InvitationForm(Form, NewInvitation):
    """The form of an invitation; what was left empty has no limit."""

    @field_validator("expires_in", "max_uses", mode="before")
    @classmethod
    def _left_empty(cls, value: Any) -> Any:
        return None if value == "" else value


@router.get("/settings")
async def menu(request: Request, parts: Parts, who: Asks, _reader: Reader) -> Response:
    """Show the way to everything that has no place in the bar."""
    return await show(request, parts, who, View(heading="More", tab="more"), template="settings.html")


@router.get("/settings/profile")
async def profile(request: Request, parts: Parts, who: Asks, reader: Reader) -> Response:
    """Show the member's profile, to change it."""
    async with parts.database.read() as connection:
        row = await profiles.own(connection, reader)
    view = View(heading="Profile", tab="more")
    return await show(request, parts, who, view, template="profile.html", own=row, max_fields=MAX_FIELDS)


@router.post("/settings/profile")
async def change_profile(sent: Annotated[Taken[ProfileForm], Depends(taken(ProfileForm))]) -> Response:
    """Change the member's profile and its pictures; an old picture is gone on every live site."""
    columns, key = sent.form.columns(), sent.durable.key
    files = {column: data for column, file in sent.form.uploads.items() if (data := await file.read())}
    for column, data in files.items():
        sent.durable.key = f"{key} {column}"
        picture = await store(sent.parts, sent.durable, sent.me, data, Description(), shape=SHAPES[column])
        columns[column] = picture.key
    sent.durable.key = key
    async with sent.durable.transaction(every_standby=bool(files)) as connection:
        await profiles.change(connection, sent.me.account_id, columns)
    return sent.to(f"/@{sent.who.person.username}" if sent.who.person else "/")


@router.post("/settings/profile/{picture}/delete")
async def drop_picture(picture: str, sent: Pressed) -> Response:
    """Take the avatar or the header away on every live site."""
    column = "header_key" if picture == "header" else "avatar_key"
    async with sent.durable.transaction(every_standby=True) as connection:
        await profiles.change(connection, sent.me.account_id, {column: None})
    return sent.to("/settings/profile")


@router.get("/settings/devices")
async def devices(request: Request, parts: Parts, who: Asks, reader: Reader) -> Response:
    """Show where the member is logged in."""
    async with parts.database.read() as connection:
        rows = await sessions.of(connection, reader)
    view, current = View(heading="Devices", tab="more"), who.person and who.person.token_id
    return await show(request, parts, who, view, template="devices.html", rows=rows, current=current)


@router.post("/settings/devices/end-others")
async def end_others(sent: Pressed) -> Response:
    """End every session but this one on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await sessions.end_others(connection, sent.me.account_id, sent.me.token_id)
    return sent.to("/settings/devices")


@router.post("/settings/devices/{session_id}/end")
async def end(session_id: str, sent: Pressed) -> Response:
    """End a session on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await sessions.end(connection, sent.me.account_id, from_api(session_id))
    return sent.to("/settings/devices")


@router.get("/settings/invitations")
async def invited(request: Request, parts: Parts, who: Asks, reader: Reader, page: PageOf) -> Response:
    """Show the member's invitations."""
    async with parts.database.read() as connection:
        rows = await invitations.listed(connection, reader, page)
    view = View(heading="Invitations", tab="more", older=older(request.url.path, [row.id for row in rows]))
    return await show(
        request, parts, who, view, template="invitations.html", rows=rows, base=base_of(request), lifetimes=LIFETIMES
    )


@router.post("/settings/invitations")
async def invite(sent: Annotated[Taken[InvitationForm], Depends(taken(InvitationForm))]) -> Response:
    """Make an invitation."""
    sent.form.check()
    async with sent.durable.transaction() as connection:
        invitation_id = await sent.durable.claim(connection, sent.me.account_id, "invitation", new_id())
        await invitations.create(connection, sent.me.account_id, invitation_id, sent.form)
    return sent.to("/settings/invitations")


@router.post("/settings/invitations/{invitation_id}/delete")
async def revoke(invitation_id: str, sent: Pressed) -> Response:
    """Revoke an invitation on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await invitations.revoke(connection, sent.me.account_id, from_api(invitation_id))
    return sent.to("/settings/invitations")


@router.get("/settings/data")
async def data(request: Request, parts: Parts, who: Asks, _reader: Reader) -> Response:
    """Show how to take everything along, and how to leave."""
    return await show(request, parts, who, View(heading="Your data", tab="more"), template="data.html")


@router.get("/settings/archive")
async def archive(request: Request, parts: Parts, reader: Reader) -> Response:
    """Give all that the member put in, as a zip file."""
    file = await export.archive(parts, reader, base_of(request))
    return StreamingResponse(export.chunks(file), media_type="application/zip", headers=HEADERS)
