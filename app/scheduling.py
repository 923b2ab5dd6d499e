"""Posts that wait for their time."""

import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app import promises
from app.authentication import Person
from app.body import Fields, invalid
from app.durability import Writer
from app.errors import NotFound, Unprocessable
from app.ids import from_api, new_id
from app.models import MediaAttachment, ScheduledStatus
from app.paging import Page
from app.promises import promise
from app.statuses import NewStatus, publish

PUBLISH = "publish"  # the promised job that does it
SOONEST = datetime.timedelta(minutes=5)
LATEST = datetime.datetime(3000, 1, 1, tzinfo=datetime.UTC)
MAX_WAITING = 300  # of one person
COLUMNS = ScheduledStatus.__table__.columns


class NewTime(Fields):
    """When a scheduled post is to be published instead."""

    scheduled_at: datetime.datetime | None = None


def is_later(form: NewStatus) -> bool:
    """Say whether a post is to wait; a time in the past means now. Raises Unprocessable for one that is too soon."""
    if form.scheduled_at is None or _aware(form.scheduled_at) <= datetime.datetime.now(datetime.UTC):
        return False
    checked_time(form.scheduled_at)
    return True


def checked_time(when: datetime.datetime | None) -> datetime.datetime:
    """Give a time that is far enough away, and not farther; raises Unprocessable."""
    soonest = datetime.datetime.now(datetime.UTC) + SOONEST
    if when is None or not soonest <= _aware(when) < LATEST:
        raise invalid(
            {"scheduled_at": [("ERR_INVALID", "must be at least 5 minutes in the future, in this millennium")]}
        )
    return _aware(when)


def typed(when: datetime.datetime | None) -> str:
    """Give a time that is to come as a form's field holds it, in UTC; nothing for any other."""
    if when is None or not datetime.datetime.now(datetime.UTC) <= _aware(when) < LATEST:
        return ""
    return _aware(when).astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M")


async def schedule(connection: AsyncConnection, writer: Writer, author: Person, form: NewStatus) -> UUID:
    """Keep a post for later in a durable transaction; the same idempotency key gives the same single one."""
    made = new_id()
    kept = await writer.claim(connection, author.account_id, "scheduled", made)
    if kept != made:
        return kept
    waiting = select(ScheduledStatus.id).where(ScheduledStatus.account_id == author.account_id).limit(MAX_WAITING)
    if len((await connection.execute(waiting)).all()) == MAX_WAITING:
        raise Unprocessable(f"Validation failed: You have reached the limit of {MAX_WAITING} scheduled posts")
    row = insert(ScheduledStatus).values(
        id=made,
        account_id=author.account_id,
        application_id=author.application_id,
        scheduled_at=checked_time(form.scheduled_at),
        form=form.model_dump(mode="json", include=set(NewStatus.model_fields) - {"scheduled_at"}),
    )
    await connection.execute(row)
    await promise(connection, PUBLISH, {"scheduled_id": str(made)}, checked_time(form.scheduled_at), made)
    await _reserve(connection, author.account_id, made, form.media_ids)
    return made


async def _reserve(connection: AsyncConnection, owner: UUID, scheduled_id: UUID, media_ids: list[str]) -> None:
    for media_id in dict.fromkeys(media_ids):
        change = update(MediaAttachment).values(scheduled_status_id=scheduled_id).where(
            MediaAttachment.id == from_api(media_id),
            MediaAttachment.account_id == owner,
            MediaAttachment.status_id.is_(None),
            MediaAttachment.scheduled_status_id.is_(None),
        )  # fmt: skip
        if (await connection.execute(change)).rowcount != 1:
            raise Unprocessable("Validation failed: A picture of this post was not found, or belongs to another post.")


async def one(connection: AsyncConnection, owner: UUID, scheduled_id: UUID) -> Any:
    """Give a scheduled post of a person, with its pictures; raises NotFound."""
    found = await _with_pictures(connection, _of(owner).where(ScheduledStatus.id == scheduled_id))
    if not found:
        raise NotFound
    return found[0]


async def listed(connection: AsyncConnection, owner: UUID, wanted: Page) -> list[Any]:
    """Give a person's scheduled posts with their pictures, the last made first."""
    return wanted.newest_first(await _with_pictures(connection, wanted.apply(_of(owner), ScheduledStatus.id)))


async def move(connection: AsyncConnection, owner: UUID, scheduled_id: UUID, when: datetime.datetime) -> None:
    """Give a scheduled post another time, in a durable transaction; raises NotFound."""
    change = update(ScheduledStatus).where(ScheduledStatus.id == scheduled_id, ScheduledStatus.account_id == owner)
    if (await connection.execute(change.values(scheduled_at=when))).rowcount != 1:
        raise NotFound
    await promises.move(connection, scheduled_id, when)


async def cancel(connection: AsyncConnection, owner: UUID, scheduled_id: UUID) -> None:
    """Drop a scheduled post; dropping it again changes nothing, so that a retry waits for every standby too."""
    mine = delete(ScheduledStatus).where(ScheduledStatus.id == scheduled_id, ScheduledStatus.account_id == owner)
    if (await connection.execute(mine)).rowcount:
        await promises.take_back(connection, scheduled_id)


async def publish_one(connection: AsyncConnection, writer: Writer, scheduled_id: UUID) -> UUID | None:
    """Turn a scheduled post into a post in one durable transaction; None when another worker has it already."""
    taken = delete(ScheduledStatus).where(ScheduledStatus.id == scheduled_id).returning(*COLUMNS)
    row = (await connection.execute(taken)).one_or_none()
    if row is None:
        return None
    form = NewStatus.model_validate(row.form)
    return await publish(connection, writer, Person(row.account_id, row.application_id), form)


def _of(owner: UUID):
    return select(*COLUMNS).where(ScheduledStatus.account_id == owner)


async def _with_pictures(connection: AsyncConnection, query: Any) -> list[tuple[Any, list[Any]]]:
    rows = (await connection.execute(query)).all()
    pictures = select(*MediaAttachment.__table__.columns).order_by(MediaAttachment.id)
    reserved = pictures.where(MediaAttachment.scheduled_status_id.in_([row.id for row in rows]))
    found = (await connection.execute(reserved)).all() if rows else []
    return [(row, [picture for picture in found if picture.scheduled_status_id == row.id]) for row in rows]


def _aware(when: datetime.datetime) -> datetime.datetime:
    return when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
