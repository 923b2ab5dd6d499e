"""Idempotency keys: rows written in the same transaction as what they stand for, so a retry finds both or neither."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import IdempotencyKey
from app.statements import Statement, value

CLAIM = Statement(
    insert(IdempotencyKey)
    .values({name: value(name) for name in ("scope_id", "key", "target_id")})
    .on_conflict_do_nothing()
    .returning(IdempotencyKey.target_id)
)


async def claim(connection: AsyncConnection, scope_id: UUID, key: str, target_id: UUID) -> UUID:
    """Store `key` with `target_id` in this transaction; a key that is there already gives the target it has."""
    if await CLAIM.first(connection, scope_id=scope_id, key=key, target_id=target_id):
        return target_id
    return (await connection.execute(_target(scope_id, key))).scalar_one()


async def claimed(connection: AsyncConnection, scope_id: UUID, key: str) -> UUID | None:
    """Look up what `key` is bound to."""
    return await connection.scalar(_target(scope_id, key))


def _target(scope_id: UUID, key: str) -> Select[UUID]:
    return select(IdempotencyKey.target_id).where(IdempotencyKey.scope_id == scope_id, IdempotencyKey.key == key)
