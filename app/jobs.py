"""What promised jobs do; each runs inside the transaction that notes it as done."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app import polls, scheduling
from app.durability import Writer
from app.notifications import notify
from app.promises import Job


async def publish(connection: AsyncConnection, writer: Writer, arguments: dict[str, Any]) -> None:
    """Publish a post whose time has come."""
    await scheduling.publish_one(connection, writer, UUID(arguments["scheduled_id"]))


async def poll_ended(connection: AsyncConnection, _writer: Writer, arguments: dict[str, Any]) -> None:
    """Tell the voters and the author that a poll has ended; a poll that is gone is told to nobody."""
    ended = await polls.ended(connection, UUID(arguments["poll_id"]))
    if ended is not None:
        await notify(connection, "poll", ended.author, ended.voters, ended.status_id, also_sender=True)


JOBS: dict[str, Job] = {scheduling.PUBLISH: publish, polls.ENDED: poll_ended}
