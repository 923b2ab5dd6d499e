"""The second factor of a log-in: time-based codes (RFC 6238) and recovery codes."""

import secrets
import time
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import CodeNeeded, Unprocessable
from app.ids import new_id
from app.models import Account, RecoveryCode
from app.security import Sealer, digest

SECRET_BYTES = 20  # RFC 4226 section 4, R6
STEP_SECONDS = 30
DRIFT_STEPS = (0, -1, 1)  # a clock may be a step away (RFC 6238 section 5.2)
RECOVERY_CODES = 10
ISSUER = "Lifeboat"
WRONG = "Validation failed: This code is wrong, or too old; enter the one that your authenticator app shows now."


async def begin(connection: AsyncConnection, sealer: Sealer, account_id: UUID) -> dict[str, str]:
    """Give a new secret for the authenticator app, in a durable transaction; it counts once a code was confirmed."""
    query = select(Account.username, Account.totp_since).where(Account.id == account_id)
    row = (await connection.execute(query)).one()
    if row.totp_since is not None:
        raise Unprocessable("Validation failed: The second factor is on already; turn it off first.")
    secret = secrets.token_bytes(SECRET_BYTES)
    await _change(connection, account_id, totp_secret=sealer.seal(secret), totp_step=None)
    uri = _totp(secret).get_provisioning_uri(row.username, ISSUER)
    return {"otpauth_uri": uri, "secret": uri.partition("secret=")[2].partition("&")[0]}


async def confirm(connection: AsyncConnection, sealer: Sealer, account_id: UUID, code: str) -> list[str]:
    """Turn the second factor on by a first code, in a durable transaction, and give the recovery codes, this once."""
    row = await _locked(connection, account_id)
    if row.totp_secret is None or row.totp_since is not None:
        raise Unprocessable("Validation failed: Ask for a secret first, then confirm it with a code.")
    step = _step(sealer.open(row.totp_secret), code, row.totp_step)
    if step is None:
        raise Unprocessable(WRONG)
    await _change(connection, account_id, totp_since=func.now(), totp_step=step)
    return await new_recovery_codes(connection, account_id)


async def new_recovery_codes(connection: AsyncConnection, account_id: UUID) -> list[str]:
    """Replace the recovery codes of a person in a durable transaction and give the new ones, this once."""
    await connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = [f"{code[:8]}-{code[8:]}" for code in (secrets.token_hex(8) for _ in range(RECOVERY_CODES))]
    rows = [{"id": new_id(), "account_id": account_id, "digest": _kept(account_id, code)} for code in codes]
    await connection.execute(insert(RecoveryCode), rows)
    return codes


async def turn_off(connection: AsyncConnection, account_id: UUID) -> None:
    """Ask for no second factor any more; a secret, a step and all recovery codes go."""
    await connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    await _change(connection, account_id, totp_secret=None, totp_since=None, totp_step=None)


async def pass_second(connection: AsyncConnection, sealer: Sealer, account_id: UUID, code: str) -> None:
    """Take the code of a log-in in its durable transaction; each is good once, on all sites.

    Does nothing for a person without a second factor. Raises CodeNeeded without a code and for a wrong one.
    """
    row = await _locked(connection, account_id)
    if row.totp_since is None:
        return
    code = code.strip().replace(" ", "")
    step = _step(sealer.open(row.totp_secret), code, row.totp_step)
    if step is not None:
        await _change(connection, account_id, totp_step=step)
    elif not code or not await _spend_recovery_code(connection, account_id, code):
        raise CodeNeeded


async def is_on(connection: AsyncConnection, account_id: UUID) -> bool:
    """Say whether a person's log-in asks for a second factor."""
    return await connection.scalar(select(Account.totp_since).where(Account.id == account_id)) is not None


async def _spend_recovery_code(connection: AsyncConnection, account_id: UUID, code: str) -> bool:
    used = delete(RecoveryCode).where(RecoveryCode.digest == _kept(account_id, code.lower()))
    return (await connection.execute(used)).rowcount == 1


async def _locked(connection: AsyncConnection, account_id: UUID) -> Any:
    """Give the second factor of an account; two log-ins with one code take turns, so the second one fails."""
    query = select(Account.totp_secret, Account.totp_since, Account.totp_step).where(Account.id == account_id)
    return (await connection.execute(query.with_for_update())).one()


async def _change(connection: AsyncConnection, account_id: UUID, **columns: Any) -> None:
    await connection.execute(update(Account).where(Account.id == account_id).values(**columns))


def _step(secret: bytes, code: str, last: int | None) -> int | None:
    """Give the time step that a code belongs to, None when it fits none or is not newer than the last one used."""
    now = int(time.time()) // STEP_SECONDS
    for step in (now + drift for drift in DRIFT_STEPS):
        try:
            _totp(secret).verify(code.encode(), step * STEP_SECONDS)
        except InvalidToken:
            continue
        return step if last is None or step > last else None
    return None


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, 6, SHA1(), STEP_SECONDS)  # noqa: S303  (RFC 6238's default; apps know no other)  # nosec B303


def _kept(account_id: UUID, code: str) -> bytes:
    return digest(f"{account_id} {code}")
