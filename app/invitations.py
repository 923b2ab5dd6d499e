"""Invitations: codes with which somebody may sign up."""

import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.body import Fields, invalid
from app.errors import Forbidden, NotFound, Unprocessable
from app.ids import to_api
from app.models import Invitation
from app.moments import moment
from app.paging import Page
from app.security import new_secret
from app.settings import SignUp

LONGEST = 365 * 24 * 3600  # seconds
MAX_INVITATIONS = 100  # of one person
COLUMNS = Invitation.__table__.columns
USABLE = (
    or_(Invitation.expires_at.is_(None), Invitation.expires_at > func.now()),
    or_(Invitation.max_uses.is_(None), Invitation.uses < Invitation.max_uses),
)


class NewInvitation(Fields):
    """How long (seconds) and how often an invitation is good; without a limit for ever and for everybody."""

    expires_in: int | None = None
    max_uses: int | None = None

    def check(self) -> None:
        """Raise Unprocessable for an odd limit."""
        if self.expires_in is not None and not 0 < self.expires_in <= LONGEST:
            raise invalid({"expires_in": [("ERR_INVALID", f"must be 1 to {LONGEST} seconds")]})
        if self.max_uses is not None and not 0 < self.max_uses <= 10_000:
            raise invalid({"max_uses": [("ERR_INVALID", "must be 1 to 10000")]})


async def create(connection: AsyncConnection, owner: UUID, invitation_id: UUID, form: NewInvitation) -> Any:
    """Make an invitation in a durable transaction, once for its id, and give it."""
    if len((await connection.execute(_of(owner).limit(MAX_INVITATIONS))).all()) == MAX_INVITATIONS:
        raise Unprocessable(f"Validation failed: You have reached the limit of {MAX_INVITATIONS} invitations")
    known = await _one(connection, owner, invitation_id)
    if known is not None:
        return known
    ends = func.now() + datetime.timedelta(seconds=form.expires_in) if form.expires_in else None
    row = {"code": new_secret()[:16], "max_uses": form.max_uses, "expires_at": ends}
    await connection.execute(insert(Invitation).values(id=invitation_id, account_id=owner, **row))
    return await _one(connection, owner, invitation_id)


async def listed(connection: AsyncConnection, owner: UUID, wanted: Page) -> list[Any]:
    """Give a person's invitations, the last one first."""
    return wanted.newest_first((await connection.execute(wanted.apply(_of(owner), Invitation.id))).all())


async def revoke(connection: AsyncConnection, owner: UUID, invitation_id: UUID) -> None:
    """Delete an invitation; deleting it again changes nothing."""
    await connection.execute(delete(Invitation).where(Invitation.id == invitation_id, Invitation.account_id == owner))


async def usable(connection: AsyncConnection, code: str) -> Any:
    """Give the invitation of a code that is still good; raises NotFound."""
    row = (await connection.execute(select(*COLUMNS).where(Invitation.code == code, *USABLE))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def admit(connection: AsyncConnection, policy: SignUp, code: str) -> None:
    """Let somebody in who signs up, and count their invitation; raises Forbidden or Unprocessable."""
    if policy == "closed":
        raise Forbidden("This server takes no new people at the moment.")
    if policy == "open":
        return
    used = update(Invitation).where(Invitation.code == code, *USABLE).values(uses=Invitation.uses + 1)
    if not code or (await connection.execute(used)).rowcount != 1:
        raise invalid({"invite_code": [("ERR_INVALID", "is unknown, used up or too old; ask for a new invitation")]})


def entity(row: Any, base: str) -> dict[str, Any]:
    """Give an invitation as the API shows it."""
    return {
        "id": to_api(row.id),
        "code": row.code,
        "url": f"{base}/?invite_code={row.code}",
        "uses": row.uses,
        "max_uses": row.max_uses,
        "expires_at": moment(row.expires_at) if row.expires_at else None,
        "created_at": moment(row.created_at),
    }


def _of(owner: UUID):
    return select(*COLUMNS).where(Invitation.account_id == owner)


async def _one(connection: AsyncConnection, owner: UUID, invitation_id: UUID) -> Any:
    return (await connection.execute(_of(owner).where(Invitation.id == invitation_id))).one_or_none()
