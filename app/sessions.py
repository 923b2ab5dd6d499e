"""The sessions and clients of a person: what they are, and ending them."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ids import to_api
from app.models import AccessToken, Application
from app.moments import moment


async def of(connection: AsyncConnection, account_id: UUID) -> list[Any]:
    """Give the tokens of a person, the last one first."""
    columns = (AccessToken.id, AccessToken.scopes, AccessToken.device, AccessToken.created_at)
    query = select(*columns, Application.name.label("application")).where(AccessToken.account_id == account_id)
    query = query.outerjoin(Application, Application.id == AccessToken.application_id).order_by(AccessToken.id.desc())
    return list((await connection.execute(query)).all())


async def end(connection: AsyncConnection, account_id: UUID, token_id: UUID) -> None:
    """End a session of a person; ending it again changes nothing."""
    mine = delete(AccessToken).where(AccessToken.id == token_id, AccessToken.account_id == account_id)
    await connection.execute(mine)


async def end_others(connection: AsyncConnection, account_id: UUID, kept: UUID) -> None:
    """End every session of a person but one."""
    mine = delete(AccessToken).where(AccessToken.account_id == account_id, AccessToken.id != kept)
    await connection.execute(mine)


def entity(row: Any, current: UUID) -> dict[str, Any]:
    """Give a session as the API shows it; without an application it is a browser's."""
    return {
        "id": to_api(row.id),
        "application": row.application,
        "device": row.device,
        "scopes": row.scopes.split(),
        "created_at": moment(row.created_at),
        "current": row.id == current,
    }
