"""Posts: checking, publishing, reading and deleting them. The API and the page use the same functions."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.authentication import Person
from app.body import Fields, invalid
from app.durability import Writer
from app.errors import NotFound, Unprocessable
from app.idempotency import claim, claimed
from app.ids import from_api, new_id
from app.models import Account, Application, MediaAttachment, Status

MAX_CHARACTERS = 500
MAX_PICTURES = 4

PICTURES = select(*MediaAttachment.__table__.columns).order_by(MediaAttachment.position)


class NewStatus(Fields):
    """What a client sends to post."""

    status: str = ""
    media_ids: list[str] = []  # noqa: RUF012
    in_reply_to_id: str | None = None
    sensitive: bool = False
    spoiler_text: str = ""
    visibility: Literal["public", "unlisted", "private", "direct"] = "public"
    language: str | None = None
    scheduled_at: str | None = None
    poll: Any = None

    def check(self) -> "NewStatus":
        """Give itself, or raise Unprocessable with the sentence a person can act on."""
        length = len(self.status) + len(self.spoiler_text)
        if length > MAX_CHARACTERS:
            text = f"character limit of {MAX_CHARACTERS} exceeded (this post has {length})"
            raise invalid({"text": [("ERR_TOO_LONG", text)]})
        if not self.status.strip() and not self.media_ids:
            raise invalid({"text": [("ERR_BLANK", "can't be blank")]})
        if len(self.media_ids) > MAX_PICTURES:
            raise Unprocessable(f"Validation failed: Cannot attach more than {MAX_PICTURES} files")
        if self.scheduled_at or self.poll:
            raise Unprocessable("Validation failed: Polls and scheduled posts are not offered by this server.")
        return self


@dataclass(frozen=True)
class Post:
    """A post with what its entity needs: its row, its author's row, its pictures' rows, the client's name."""

    row: Any
    account: Any
    pictures: Sequence[Any]
    application: str | None


async def publish(connection: AsyncConnection, writer: Writer, author: Person, form: NewStatus) -> UUID:
    """Write a post in a durable transaction; the same idempotency key gives the same single post."""
    made = new_id()
    status_id = await writer.claim(connection, author.account_id, "status", made)
    if status_id != made:
        return status_id
    row = insert(Status).values(
        id=made,
        account_id=author.account_id,
        application_id=author.application_id,
        **await _answered(connection, author.account_id, form.in_reply_to_id),
        text=form.status,
        spoiler_text=form.spoiler_text,
        sensitive=form.sensitive or bool(form.spoiler_text),
        visibility=form.visibility,
        language=form.language,
    )
    await connection.execute(row)
    await _attach(connection, author.account_id, made, form.media_ids)
    return made


async def remove(connection: AsyncConnection, owner: Person, status_id: UUID) -> Post | None:
    """Delete a post in a durable transaction; None when an earlier request did it already. Raises NotFound."""
    tombstone = f"deleted:{status_id}"
    if await claimed(connection, owner.account_id, tombstone):
        # Written again, so that this request too waits for every standby.
        await claim(connection, owner.account_id, tombstone, status_id)
        return None
    post = await load(connection, status_id, owner.account_id)
    if post.row.account_id != owner.account_id:
        raise NotFound
    await claim(connection, owner.account_id, tombstone, status_id)
    await connection.execute(delete(Status).where(Status.id == status_id))
    return post


async def load(connection: AsyncConnection, status_id: UUID, viewer: UUID | None) -> Post:
    """Give one post that `viewer` may see; raises NotFound."""
    posts = await complete(connection, everything().where(Status.id == status_id, visible_to(viewer)))
    if not posts:
        raise NotFound
    return posts[0]


@cache  # building it takes longer than running it
def everything() -> Any:
    """Select posts with their authors; a caller adds conditions, order and limit."""
    return (
        select(
            Status.id,
            Status.account_id,
            Status.created_at,
            Status.in_reply_to_id,
            Status.in_reply_to_account_id,
            Status.sensitive,
            Status.spoiler_text,
            Status.visibility,
            Status.language,
            Status.text,
            Application.name.label("application"),
            Account.username,
            Account.display_name,
            Account.note,
            Account.created_at.label("joined_at"),
        )
        .join(Account, Account.id == Status.account_id)
        .outerjoin(Application, Application.id == Status.application_id)
    )


def visible_to(viewer: UUID | None):
    """Give the condition that a post may be seen: followers-only and direct posts by their author alone so far."""
    public = Status.visibility.in_(("public", "unlisted"))
    return public if viewer is None else or_(public, Status.account_id == viewer)


async def complete(connection: AsyncConnection, query: Any) -> list[Post]:
    """Run a query made from `everything()` and add the pictures: two statements for any number of posts."""
    rows = (await connection.execute(query)).all()
    pictures = await _pictures(connection, [row.id for row in rows])
    return [Post(row, _Author(row), pictures[row.id], row.application) for row in rows]


class _Author:
    """The author's part of a joined row, under the names of the account table."""

    __slots__ = ("created_at", "display_name", "id", "note", "username")

    def __init__(self, row: Any) -> None:
        self.id, self.username, self.display_name = row.account_id, row.username, row.display_name
        self.note, self.created_at = row.note, row.joined_at


async def _pictures(connection: AsyncConnection, status_ids: list[UUID]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    if status_ids:
        for row in await connection.execute(PICTURES.where(MediaAttachment.status_id.in_(status_ids))):
            found[row.status_id].append(row)
    return found


async def _answered(connection: AsyncConnection, account_id: UUID, text: str | None) -> dict[str, UUID]:
    if not text:
        return {}
    query = select(Status.id, Status.account_id).where(Status.id == from_api(text), visible_to(account_id))
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise NotFound("The post you are replying to does not exist; it may have been deleted.")
    return {"in_reply_to_id": found.id, "in_reply_to_account_id": found.account_id}


async def _attach(connection: AsyncConnection, account_id: UUID, status_id: UUID, media_ids: list[str]) -> None:
    for position, media_id in enumerate(dict.fromkeys(media_ids)):
        change = (
            update(MediaAttachment)
            .where(MediaAttachment.id == from_api(media_id), MediaAttachment.account_id == account_id)
            .where(MediaAttachment.status_id.is_(None))
            .values(status_id=status_id, position=position)
        )
        if (await connection.execute(change)).rowcount != 1:
            raise Unprocessable("Validation failed: A picture of this post was not found, or belongs to another post.")
