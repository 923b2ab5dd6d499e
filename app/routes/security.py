"""What guards an account: sessions, password, second factor, reset; and leaving for good."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app import leaving, logins, second_factor, sessions
from app.authentication import Person, person
from app.body import Fields, body_of
from app.ids import from_api
from app.limits import address_of
from app.services import Parts, Write

router = APIRouter(prefix="/api/v1", tags=["security"])

Owner = Annotated[Person, Depends(person("write:accounts"))]
Reader = Annotated[Person, Depends(person("read:accounts"))]


class Proof(Fields):
    """What a person gives again before what cannot be taken back."""

    password: str = ""
    code: str = ""


class NewPassword(Proof):
    """The old password and the new one."""

    new_password: str = ""


class Code(Fields):
    """A code of the authenticator app."""

    code: str = ""


class Reset(Fields):
    """A reset token and the new password."""

    token: str = ""
    new_password: str = ""


@router.get("/sessions")
async def listed(who: Reader, parts: Parts) -> list[dict[str, Any]]:
    """Give where the caller is logged in, and with which clients."""
    async with parts.database.read() as connection:
        return [sessions.entity(row, who.token_id) for row in await sessions.of(connection, who.account_id)]


@router.delete("/sessions/{session_id}")
async def end(who: Owner, session_id: str, write: Write) -> dict[str, Any]:
    """End a session on every live site before answering."""
    async with write.transaction(every_standby=True) as connection:
        await sessions.end(connection, who.account_id, from_api(session_id))
    return {}


@router.delete("/sessions")
async def end_others(who: Owner, write: Write) -> dict[str, Any]:
    """End every session but the caller's on every live site before answering."""
    async with write.transaction(every_standby=True) as connection:
        await sessions.end_others(connection, who.account_id, who.token_id)
    return {}


@router.post("/account/password")
async def change_password(
    who: Owner, form: Annotated[NewPassword, Depends(body_of(NewPassword))], parts: Parts, write: Write
) -> dict[str, Any]:
    """Change the password and end every other session on every live site before answering."""
    await logins.must_know_password(parts, write, who.account_id, form.password)
    password_hash = await logins.new_hash(form.new_password)
    async with write.transaction(every_standby=True) as connection:
        await second_factor.pass_second(connection, parts.sealer, who.account_id, form.code)
        await logins.set_password(connection, who.account_id, password_hash, keep=who.token_id)
    return {}


@router.post("/password_reset")
async def reset(
    form: Annotated[Reset, Depends(body_of(Reset))], request: Request, parts: Parts, write: Write
) -> dict[str, Any]:
    """Set a new password by a token of the operator; every session ends on every live site before the answer."""
    await parts.limits.count(write, (parts.limits.reset, address_of(request, parts.settings)))
    password_hash = await logins.new_hash(form.new_password)
    async with write.transaction(every_standby=True) as connection:
        account_id = await logins.spend_reset(connection, form.token)
        await logins.set_password(connection, account_id, password_hash)
    return {}


@router.get("/account/two_factor")
async def state(who: Reader, parts: Parts) -> dict[str, bool]:
    """Say whether the caller's log-in asks for a second factor."""
    async with parts.database.read() as connection:
        return {"enabled": await second_factor.is_on(connection, who.account_id)}


@router.post("/account/two_factor")
async def begin(
    who: Owner, form: Annotated[Proof, Depends(body_of(Proof))], parts: Parts, write: Write
) -> dict[str, str]:
    """Give a secret for the authenticator app."""
    await logins.must_know_password(parts, write, who.account_id, form.password)
    async with write.transaction() as connection:
        return await second_factor.begin(connection, parts.sealer, who.account_id)


@router.post("/account/two_factor/confirm")
async def confirm(
    who: Owner, form: Annotated[Code, Depends(body_of(Code))], parts: Parts, write: Write
) -> dict[str, list[str]]:
    """Turn the second factor on by a first code, and give the recovery codes, this once."""
    await parts.limits.count(write, (parts.limits.log_in, who.account_id))
    async with write.transaction() as connection:
        codes = await second_factor.confirm(connection, parts.sealer, who.account_id, form.code)
    return {"recovery_codes": codes}


@router.post("/account/recovery_codes")
async def recovery_codes(
    who: Owner, form: Annotated[Proof, Depends(body_of(Proof))], parts: Parts, write: Write
) -> dict[str, list[str]]:
    """Replace the recovery codes; the old ones are good on no live site any more."""
    await logins.must_know_password(parts, write, who.account_id, form.password)
    async with write.transaction(every_standby=True) as connection:
        await second_factor.pass_second(connection, parts.sealer, who.account_id, form.code)
        return {"recovery_codes": await second_factor.new_recovery_codes(connection, who.account_id)}


@router.post("/account/two_factor/off")
async def turn_off(
    who: Owner, form: Annotated[Proof, Depends(body_of(Proof))], parts: Parts, write: Write
) -> dict[str, Any]:
    """Ask for no second factor any more."""
    await logins.must_know_password(parts, write, who.account_id, form.password)
    async with write.transaction(every_standby=True) as connection:
        await second_factor.pass_second(connection, parts.sealer, who.account_id, form.code)
        await second_factor.turn_off(connection, who.account_id)
    return {}


@router.post("/account/delete")
async def leave(
    who: Owner, form: Annotated[Proof, Depends(body_of(Proof))], parts: Parts, write: Write
) -> dict[str, Any]:
    """Delete the account and all that is in it on every live site before answering."""
    await logins.must_know_password(parts, write, who.account_id, form.password)
    async with write.transaction(every_standby=True) as connection:
        await second_factor.pass_second(connection, parts.sealer, who.account_id, form.code)
        await leaving.delete_account(connection, who.account_id)
    return {}
