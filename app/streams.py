"""What streams must tell that no row shows any more: a post was changed or deleted. Written with the change itself."""

from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ids import new_id
from app.models import Status, StreamEvent
from app.posts import Post

DELETED = "delete"
CHANGED = "status.update"


async def tell(connection: AsyncConnection, kind: str, post: Post) -> None:
    """Note that a post was changed or deleted, in the transaction of that."""
    row = post.row
    about = {"status_id": row.id, "author_id": row.account_id, "public": row.visibility == "public"}
    await connection.execute(insert(StreamEvent).values(id=new_id(), kind=kind, **about))


async def tell_all_deleted(connection: AsyncConnection, author: UUID) -> None:
    """Note that all posts of somebody who leaves are deleted."""
    query = select(Status.id, Status.visibility).where(Status.account_id == author)
    rows = [
        {
            "id": new_id(),
            "kind": DELETED,
            "status_id": post.id,
            "author_id": author,
            "public": post.visibility == "public",
        }
        for post in await connection.execute(query)
    ]
    if rows:
        await connection.execute(insert(StreamEvent), rows)
