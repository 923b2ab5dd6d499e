"""How far a person has read home and notifications, so that another device goes on there."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ids import from_api, to_api
from app.models import Marker
from app.moments import moment

TIMELINES = ("home", "notifications")


async def place(connection: AsyncConnection, reader: UUID, timeline: str, last_read_id: str) -> None:
    """Store how far a timeline was read, in a durable transaction; raises NotFound for what is no id."""
    row = insert(Marker).values(
        account_id=reader, timeline=timeline, last_read_id=to_api(from_api(last_read_id)), version=1
    )
    newer = {"last_read_id": row.excluded.last_read_id, "version": Marker.version + 1, "updated_at": func.now()}
    same = Marker.last_read_id != row.excluded.last_read_id
    await connection.execute(
        row.on_conflict_do_update(index_elements=["account_id", "timeline"], set_=newer, where=same)
    )


async def of(connection: AsyncConnection, reader: UUID, timelines: list[str]) -> dict[str, Any]:
    """Give the Marker entities of these timelines by their names."""
    query = select(*Marker.__table__.columns).where(Marker.account_id == reader, Marker.timeline.in_(timelines))
    return {
        row.timeline: {
            "last_read_id": row.last_read_id,
            "version": row.version,
            "updated_at": moment(row.updated_at),
        }
        for row in await connection.execute(query)
    }
