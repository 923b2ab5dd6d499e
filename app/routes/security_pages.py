"""What guards a member's account, in their settings: password, second factor, reset; and leaving for good."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from app import leaving, logins, pages, second_factor
from app.body import body_of
from app.limits import address_of
from app.routes.shell import Asks, FormRoute, Reader, View, show
from app.routes.taking import Form, Taken, accept, taken
from app.services import Parts, Write

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)


class ProofForm(Form):
    """What a person gives again before what cannot be taken back."""

    password: str = ""
    code: str = ""
    new_password: str = ""


class CodeForm(Form):
    """A code of the authenticator app."""

    code: str = ""


class ResetForm(Form):
    """A reset token and the new password."""

    token: str = ""
    new_password: str = ""


Proof = Annotated[Taken[ProofForm], Depends(taken(ProofForm))]


@router.get("/settings/security")
async def security(request: Request, parts: Parts, who: Asks, reader: Reader) -> Response:
    """Show what guards the account."""
    async with parts.database.read() as connection:
        on = await second_factor.is_on(connection, reader)
    return await _security(request, parts, who, on=on)


@router.post("/settings/password")
async def change_password(sent: Proof) -> Response:
    """Change the password and end every other session on every live site."""
    parts, me, form = sent.parts, sent.me, sent.form
    await logins.must_know_password(parts, sent.durable, me.account_id, form.password)
    password_hash = await logins.new_hash(form.new_password)
    async with sent.durable.transaction(every_standby=True) as connection:
        await second_factor.pass_second(connection, parts.sealer, me.account_id, form.code)
        await logins.set_password(connection, me.account_id, password_hash, keep=me.token_id)
    return sent.to("/settings/security")


@router.post("/settings/two-factor")
async def begin(sent: Proof) -> Response:
    """Give a secret for the authenticator app."""
    await logins.must_know_password(sent.parts, sent.durable, sent.me.account_id, sent.form.password)
    async with sent.durable.transaction() as connection:
        made = await second_factor.begin(connection, sent.parts.sealer, sent.me.account_id)
    return await _security(sent.request, sent.parts, sent.who, on=False, made=made)


@router.post("/settings/two-factor/confirm")
async def confirm(sent: Annotated[Taken[CodeForm], Depends(taken(CodeForm))]) -> Response:
    """Turn the second factor on by a first code, and show the recovery codes, this once."""
    parts, me = sent.parts, sent.me
    await parts.limits.count(sent.durable, (parts.limits.log_in, me.account_id))
    async with sent.durable.transaction() as connection:
        codes = await second_factor.confirm(connection, parts.sealer, me.account_id, sent.form.code)
    return await _security(sent.request, parts, sent.who, on=True, codes=codes)


@router.post("/settings/recovery-codes")
async def recovery_codes(sent: Proof) -> Response:
    """Replace the recovery codes; the old ones are good on no live site any more."""
    parts, me = sent.parts, sent.me
    await logins.must_know_password(parts, sent.durable, me.account_id, sent.form.password)
    async with sent.durable.transaction(every_standby=True) as connection:
        await second_factor.pass_second(connection, parts.sealer, me.account_id, sent.form.code)
        codes = await second_factor.new_recovery_codes(connection, me.account_id)
    return await _security(sent.request, parts, sent.who, on=True, codes=codes)


@router.post("/settings/two-factor/off")
async def turn_off(sent: Proof) -> Response:
    """Ask for no second factor any more."""
    parts, me = sent.parts, sent.me
    await logins.must_know_password(parts, sent.durable, me.account_id, sent.form.password)
    async with sent.durable.transaction(every_standby=True) as connection:
        await second_factor.pass_second(connection, parts.sealer, me.account_id, sent.form.code)
        await second_factor.turn_off(connection, me.account_id)
    return sent.to("/settings/security")


async def _security(
    request: Request, parts: Parts, who: Asks, *, on: bool, made: Any = None, codes: Sequence[str] = ()
) -> Response:
    view = View(heading="Password and second factor", tab="more")
    return await show(request, parts, who, view, template="security.html", on=on, made=made, codes=codes)


@router.post("/settings/leave")
async def leave(sent: Proof) -> Response:
    """Delete the account and all that is in it on every live site."""
    parts, me = sent.parts, sent.me
    await logins.must_know_password(parts, sent.durable, me.account_id, sent.form.password)
    async with sent.durable.transaction(every_standby=True) as connection:
        await second_factor.pass_second(connection, parts.sealer, me.account_id, sent.form.code)
        await leaving.delete_account(connection, me.account_id)
    return pages.log_out()


@router.get("/reset-password")
async def resetting(request: Request, parts: Parts, who: Asks, token: str = "") -> Response:
    """Show the form that sets a new password by a token of the operator."""
    return await show(request, parts, who, View(heading="Set a new password"), template="reset.html", token=token)


@router.post("/reset-password")
async def reset(
    request: Request, parts: Parts, who: Asks, form: Annotated[ResetForm, Depends(body_of(ResetForm))], write: Write
) -> Response:
    """Set a new password; every session ends on every live site."""
    accept(request, who, write, form)
    await parts.limits.count(write, (parts.limits.reset, address_of(request, parts.settings)))
    password_hash = await logins.new_hash(form.new_password)
    async with write.transaction(every_standby=True) as connection:
        account_id = await logins.spend_reset(connection, form.token)
        await logins.set_password(connection, account_id, password_hash)
    return pages.log_out()
