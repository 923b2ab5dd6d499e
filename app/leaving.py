"""The end of an account: everything of it goes, and nobody else is ever taken for its person."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app import conversations, streams
from app.models import Account, RetiredName, Status
from app.security import digest


async def delete_account(connection: AsyncConnection, account_id: UUID) -> None:
    """Delete an account and all that belongs to it, in a durable transaction; its name is good for nobody again."""
    username = await connection.scalar(select(Account.username).where(Account.id == account_id))
    if username is None:
        return
    row = insert(RetiredName).values(digest=digest(username))
    await connection.execute(row.on_conflict_do_nothing())
    query = select(Status.id, Status.conversation_id, Status.visibility).where(Status.account_id == account_id)
    for post in (await connection.execute(query)).all():
        if post.conversation_id:
            await conversations.forget(connection, post.id, post.conversation_id)
    await streams.tell_all_deleted(connection, account_id)
    await connection.execute(delete(Account).where(Account.id == account_id))
