"""What people are to each other: following, blocking, muting, and the lists of them."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app import accounts, reading_lists
from app.errors import Forbidden, NotFound, Unprocessable
from app.ids import new_id, to_api
from app.models import Account, Block, Follow, FollowRequest, Mute, Notification
from app.notifications import notify, take_back
from app.paging import Page
from app.visibility import blocked_by


async def follow(
    connection: AsyncConnection, person: UUID, target: UUID, *, reblogs: bool | None = None, notices: bool | None = None
) -> None:
    """Follow somebody or ask to, or change what is read of them; raises NotFound, or Forbidden where one blocks."""
    other = await _other(connection, person, target)
    query = select(or_(blocked_by(person, target), blocked_by(target, person)))
    if await connection.scalar(query):
        raise Forbidden("This action is not allowed")
    wishes = {name: wish for name, wish in (("reblogs", reblogs), ("notify", notices)) if wish is not None}
    table = FollowRequest if other.asks and not await _follows(connection, person, target) else Follow
    if await _add(connection, table, person, target, **wishes):
        await notify(connection, table.__tablename__, person, [target])
    elif wishes:
        change = update(table).where(table.account_id == person, table.target_id == target)
        await connection.execute(change.values(**wishes))


async def unfollow(connection: AsyncConnection, person: UUID, target: UUID) -> None:
    """Stop following somebody, or asking to."""
    await _other(connection, person, target)
    for table in (Follow, FollowRequest):
        await _remove(connection, table, person, target)
        await take_back(connection, table.__tablename__, person, target, None)
    await reading_lists.take_from_lists_of(connection, person, target)


async def accept(connection: AsyncConnection, person: UUID, asking: UUID) -> None:
    """Let somebody follow who asked to, in a durable transaction; raises NotFound when they neither asked nor follow."""
    await _other(connection, person, asking)
    asked = delete(FollowRequest).where(FollowRequest.account_id == asking, FollowRequest.target_id == person)
    row = (await connection.execute(asked.returning(FollowRequest.reblogs, FollowRequest.notify))).one_or_none()
    if row is None and not await _follows(connection, asking, person):
        raise NotFound
    if row is not None:
        await _add(connection, Follow, asking, person, reblogs=row.reblogs, notify=row.notify)
        await take_back(connection, "follow_request", asking, person, None)


async def accept_everybody(connection: AsyncConnection, person: UUID) -> None:
    """Let everybody follow who has asked to."""
    for asking in list(await connection.scalars(_asking(person))):
        await accept(connection, person, asking)


async def refuse(connection: AsyncConnection, person: UUID, asking: UUID) -> None:
    """Refuse somebody who asked to follow; doing it again changes nothing."""
    await _other(connection, person, asking)
    await _remove(connection, FollowRequest, asking, person)
    await take_back(connection, "follow_request", asking, person, None)


async def requests(connection: AsyncConnection, person: UUID, wanted: Page) -> tuple[list[Any], list[UUID]]:
    """Give who asks to follow a person, the last one first, and the keys of the requests."""
    return await _listed(connection, FollowRequest, FollowRequest.account_id, FollowRequest.target_id == person, wanted)


async def block(connection: AsyncConnection, person: UUID, target: UUID) -> None:
    """Part two people: neither follows the other any more, and what one told the other is gone."""
    await _other(connection, person, target)
    await _add(connection, Block, person, target)
    for one, other in ((person, target), (target, person)):
        await _remove(connection, Follow, one, other)
        await _remove(connection, FollowRequest, one, other)
        await reading_lists.take_from_lists_of(connection, one, other)
    both = tuple_(Notification.account_id, Notification.from_account_id).in_([(person, target), (target, person)])
    await connection.execute(delete(Notification).where(both))


async def unblock(connection: AsyncConnection, person: UUID, target: UUID) -> None:
    """Let somebody see and follow again."""
    await _other(connection, person, target)
    await _remove(connection, Block, person, target)


async def mute(connection: AsyncConnection, person: UUID, target: UUID, *, notifications: bool) -> None:
    """Leave somebody out of a person's timelines, and of the notifications too if they wish."""
    await _other(connection, person, target)
    if not await _add(connection, Mute, person, target, notifications=notifications):
        change = update(Mute).where(Mute.account_id == person, Mute.target_id == target)
        await connection.execute(change.values(notifications=notifications))


async def unmute(connection: AsyncConnection, person: UUID, target: UUID) -> None:
    """Read somebody again."""
    await _other(connection, person, target)
    await _remove(connection, Mute, person, target)


async def between(connection: AsyncConnection, person: UUID, others: list[UUID]) -> list[dict[str, Any]]:
    """Give the Relationship entities of a person to others, in their order: one statement for any number."""
    query = select(Account.id, *(column.label(name) for name, column in _columns(person).items()))
    rows = {row.id: row for row in await connection.execute(query.where(Account.id.in_(others)))}
    return [_entity(rows[other]) for other in dict.fromkeys(others) if other in rows]


async def to_one(connection: AsyncConnection, person: UUID, other: UUID) -> dict[str, Any]:
    """Give the Relationship entity of a person to one other; raises NotFound."""
    if found := await between(connection, person, [other]):
        return found[0]
    raise NotFound


async def followers(connection: AsyncConnection, account_id: UUID, wanted: Page) -> tuple[list[Any], list[UUID]]:
    """Give who follows an account, the last one first, and the keys of the follows."""
    return await _listed(connection, Follow, Follow.account_id, Follow.target_id == account_id, wanted)


async def following(connection: AsyncConnection, account_id: UUID, wanted: Page) -> tuple[list[Any], list[UUID]]:
    """Give whom an account follows, the last one first, and the keys of the follows."""
    return await _listed(connection, Follow, Follow.target_id, Follow.account_id == account_id, wanted)


async def kept_away(
    connection: AsyncConnection, table: type[Block | Mute], person: UUID, wanted: Page
) -> tuple[list[Any], list[UUID]]:
    """Give whom a person blocks or mutes, the last one first, and the keys of that."""
    return await _listed(connection, table, table.target_id, table.account_id == person, wanted)


async def _listed(connection: AsyncConnection, table: Any, other: Any, condition: Any, wanted: Page):
    query = wanted.apply(select(table.id, other.label("other")).where(condition), table.id)
    rows = wanted.newest_first((await connection.execute(query)).all())
    people = await accounts.many(connection, [row.other for row in rows])
    return [people[row.other] for row in rows], [row.id for row in rows]


def _asking(person: UUID):
    return select(FollowRequest.account_id).where(FollowRequest.target_id == person).order_by(FollowRequest.id)


async def _follows(connection: AsyncConnection, person: UUID, target: UUID) -> bool:
    query = select(Follow.id).where(Follow.account_id == person, Follow.target_id == target)
    return await connection.scalar(query) is not None


async def _other(connection: AsyncConnection, person: UUID, target: UUID) -> Any:
    """Refuse oneself and nobody, and say whether the other one wants to be asked (`asks`).

    From here on this takes turns with whatever else changes between these two people. Without the turn, a follow that
    runs beside a block would not see it and would outlive it.
    """
    if person == target:
        raise Unprocessable("This is you; nobody follows, blocks or mutes themselves.")
    pair = "between {} {}".format(*sorted((person, target)))
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(pair, 0))))
    asks = or_(Account.locked, Account.limited_at.is_not(None)).label("asks")
    row = (await connection.execute(select(asks).where(Account.id == target))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def _add(connection: AsyncConnection, table: Any, person: UUID, target: UUID, **columns: Any) -> bool:
    row = insert(table).values(id=new_id(), account_id=person, target_id=target, **columns)
    return await connection.scalar(row.on_conflict_do_nothing().returning(table.id)) is not None


async def _remove(connection: AsyncConnection, table: Any, person: UUID, target: UUID) -> None:
    await connection.execute(delete(table).where(table.account_id == person, table.target_id == target))


def _columns(person: UUID) -> dict[str, Any]:
    other = Account.id
    mine = (Follow.account_id == person, Follow.target_id == other)
    muted = (Mute.account_id == person, Mute.target_id == other)
    return {
        "following": select(1).where(*mine).exists(),
        "showing_reblogs": select(1).where(*mine, Follow.reblogs).exists(),
        "notifying": select(1).where(*mine, Follow.notify).exists(),
        "followed_by": select(1).where(Follow.account_id == other, Follow.target_id == person).exists(),
        "requested": _asks(person, other),
        "requested_by": _asks(other, person),
        "blocking": blocked_by(person, other),
        "blocked_by": blocked_by(other, person),
        "muting": select(1).where(*muted).exists(),
        "muting_notifications": select(1).where(*muted, Mute.notifications).exists(),
    }


def _asks(person: Any, other: Any) -> Any:
    return select(1).where(FollowRequest.account_id == person, FollowRequest.target_id == other).exists()


def _entity(row: Any) -> dict[str, Any]:
    found = {name: value for name, value in row._mapping.items() if name != "id"}
    constant = {"domain_blocking": False, "endorsed": False}
    return {"id": to_api(row.id), **found, **constant, "languages": None, "muting_expires_at": None, "note": ""}
