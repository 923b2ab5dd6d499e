"""Threads: what a post answers, and what answers it."""

from uuid import UUID

from sqlalchemy import Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Status
from app.posts import Post, complete, load
from app.visibility import visible_to

MAX_ANCESTORS = 200
MAX_DESCENDANTS = 400
MAX_DEPTH = 60


async def around(connection: AsyncConnection, status_id: UUID, viewer: UUID | None) -> tuple[list[Post], list[Post]]:
    """Give the posts above a post, oldest first, and those below it as one reads a tree; raises NotFound."""
    await load(connection, status_id, viewer)
    above = await complete(connection, _above(status_id, viewer), viewer)
    return above, await complete(connection, _below(status_id, viewer), viewer)


def _above(status_id: UUID, viewer: UUID | None):
    start = select(Status.in_reply_to_id.label("id"), literal(1).label("steps")).where(Status.id == status_id)
    chain = start.cte("chain", recursive=True)
    parent = select(Status.in_reply_to_id, chain.c.steps + 1).where(Status.id == chain.c.id)
    chain = chain.union_all(parent.where(chain.c.steps < MAX_ANCESTORS))
    query = select(Status.id, Status.reblog_of_id).join(chain, chain.c.id == Status.id)
    return query.where(visible_to(viewer)).order_by(chain.c.steps.desc())


def _below(status_id: UUID, viewer: UUID | None):
    key = cast(Status.id, Text)  # a key as text sorts as the key does
    start = select(Status.id, array([key]).label("path")).where(Status.in_reply_to_id == status_id)
    tree = start.cte("tree", recursive=True)
    reply = select(Status.id, func.array_append(tree.c.path, key)).where(Status.in_reply_to_id == tree.c.id)
    tree = tree.union_all(reply.where(func.cardinality(tree.c.path) < MAX_DEPTH))
    query = select(Status.id, Status.reblog_of_id).join(tree, tree.c.id == Status.id)
    return query.where(visible_to(viewer)).order_by(tree.c.path).limit(MAX_DESCENDANTS)
