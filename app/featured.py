"""What a person shows on top of their profile, and the hashtags they read: pins, featured and followed tags."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.body import invalid
from app.errors import Unprocessable
from app.ids import new_id
from app.models import FeaturedTag, Pin, Status, StatusTag, TagFollow
from app.paging import Page
from app.posts import Post, load
from app.text import MAX_TAG, find_tags

MAX_PINS = 5
MAX_FEATURED = 10
MAX_FOLLOWED = 200
Tags = type[FeaturedTag | TagFollow]
LIMITS: dict[Tags, int] = {FeaturedTag: MAX_FEATURED, TagFollow: MAX_FOLLOWED}


async def pin(connection: AsyncConnection, person: UUID, status_id: UUID) -> Post:
    """Keep a post of one's own on top, in a durable transaction, and give it; doing it again changes nothing."""
    post = await load(connection, status_id, person)
    if post.row.account_id != person or post.row.reblog_of_id:
        raise Unprocessable("Validation failed: Someone else's post cannot be pinned")
    if post.row.visibility == "direct":
        raise Unprocessable("Validation failed: Posts that are only visible to mentioned users cannot be pinned")
    others = select(func.count()).where(Pin.account_id == person, Pin.status_id != status_id)
    if (await connection.scalar(others) or 0) >= MAX_PINS:
        raise Unprocessable("Validation failed: You have already pinned the maximum number of posts")
    row = insert(Pin).values(id=new_id(), account_id=person, status_id=status_id)
    await connection.execute(row.on_conflict_do_nothing())
    return await load(connection, status_id, person)


async def unpin(connection: AsyncConnection, person: UUID, status_id: UUID) -> Post:
    """Take a post from the top again, and give it."""
    await connection.execute(delete(Pin).where(Pin.account_id == person, Pin.status_id == status_id))
    return await load(connection, status_id, person)


def checked_name(text: str) -> str:
    """Give a hashtag in lower case and without its sign; raises Unprocessable for what is none."""
    name = text.removeprefix("#").lower()
    if find_tags(f"#{name}") != [name]:
        raise invalid({"name": [("ERR_INVALID", f"must be a hashtag of at most {MAX_TAG} characters")]})
    return name


async def add_tag(connection: AsyncConnection, table: Tags, person: UUID, name: str) -> None:
    """Follow or feature a hashtag in a durable transaction; doing it again changes nothing."""
    others = select(func.count()).where(table.account_id == person, table.name != name)
    if (await connection.scalar(others) or 0) >= LIMITS[table]:
        raise Unprocessable(f"Validation failed: You have reached the limit of {LIMITS[table]} hashtags")
    row = insert(table).values(id=new_id(), account_id=person, name=name)
    await connection.execute(row.on_conflict_do_nothing())


async def drop_tag(connection: AsyncConnection, table: Tags, person: UUID, name: str) -> None:
    """Follow or feature a hashtag no longer."""
    await connection.execute(delete(table).where(table.account_id == person, table.name == name))


async def follows_tag(connection: AsyncConnection, person: UUID | None, name: str) -> bool:
    """Say whether a person follows a hashtag."""
    query = select(TagFollow.id).where(TagFollow.account_id == person, TagFollow.name == name)
    return await connection.scalar(query) is not None


async def followed(connection: AsyncConnection, person: UUID, wanted: Page) -> list[Any]:
    """Give the hashtags that a person follows, the last one first."""
    query = select(TagFollow.id, TagFollow.name).where(TagFollow.account_id == person)
    return wanted.newest_first((await connection.execute(wanted.apply(query, TagFollow.id))).all())


async def featured(connection: AsyncConnection, person: UUID) -> list[Any]:
    """Give the hashtags that a person features, with how often and when they last used each."""
    query = _with_use().where(FeaturedTag.account_id == person).order_by(FeaturedTag.id)
    return list((await connection.execute(query)).all())


async def feature(connection: AsyncConnection, person: UUID, name: str) -> Any:
    """Feature a hashtag in a durable transaction and give it."""
    await add_tag(connection, FeaturedTag, person, name)
    return (
        await connection.execute(_with_use().where(FeaturedTag.account_id == person, FeaturedTag.name == name))
    ).one()


async def unfeature(connection: AsyncConnection, person: UUID, tag_id: UUID) -> None:
    """Feature a hashtag no longer; doing it again changes nothing."""
    await connection.execute(delete(FeaturedTag).where(FeaturedTag.id == tag_id, FeaturedTag.account_id == person))


async def most_used(connection: AsyncConnection, person: UUID, limit: int = 10) -> list[str]:
    """Give the hashtags that a person used most and does not feature yet."""
    kept = select(FeaturedTag.name).where(FeaturedTag.account_id == person)
    query = _used_by(select(StatusTag.name), person).where(StatusTag.name.not_in(kept)).group_by(StatusTag.name)
    return list(await connection.scalars(query.order_by(func.count().desc(), StatusTag.name).limit(limit)))


def _with_use() -> Select:
    used = _used_by(select(func.count()), FeaturedTag.account_id).where(StatusTag.name == FeaturedTag.name)
    last = _used_by(select(func.max(Status.created_at)), FeaturedTag.account_id).where(
        StatusTag.name == FeaturedTag.name
    )
    return select(
        FeaturedTag.id, FeaturedTag.name,
        used.correlate(FeaturedTag).scalar_subquery().label("used"),
        last.correlate(FeaturedTag).scalar_subquery().label("last"),
    )  # fmt: skip


def _used_by(query: Select, person: Any) -> Select:
    return (
        query.select_from(StatusTag).join(Status, Status.id == StatusTag.status_id).where(Status.account_id == person)
    )
