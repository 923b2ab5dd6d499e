"""Posts: checking, publishing and deleting them. The API and the page use the same functions."""

import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app import conversations, polls, streams
from app.authentication import Person
from app.body import Fields, invalid
from app.durability import Writer
from app.errors import NotFound, Unprocessable
from app.idempotency import claim, claimed
from app.ids import from_api, new_id
from app.mentions import name_people_and_tags
from app.models import Account, Follow, MediaAttachment, Status
from app.notifications import notify
from app.polls import NewPoll
from app.posts import Post, load
from app.statements import Statement, key, value
from app.text import Language
from app.visibility import visible_to

MAX_CHARACTERS = 500
MAX_PICTURES = 4

POST = Statement(
    insert(Status).values({
        name: value(name)
        for name in (
            "id", "account_id", "application_id", "in_reply_to_id", "in_reply_to_account_id", "conversation_id", "text",
            "spoiler_text", "sensitive", "visibility", "language",
        )
    })
)  # fmt: skip
USUAL = Statement(select(Account.privacy, Account.language).where(Account.id == key("author")))
WISHED = Statement(select(Follow.account_id).where(Follow.target_id == key("author"), Follow.notify))


class NewStatus(Fields):
    """What a client sends to post."""

    status: str = ""
    media_ids: list[str] = []  # noqa: RUF012
    in_reply_to_id: str | None = None
    sensitive: bool = False
    spoiler_text: str = ""
    visibility: Literal["public", "unlisted", "private", "direct"] | None = None
    language: Language = None
    scheduled_at: datetime.datetime | None = None
    poll: NewPoll | None = None

    def check(self) -> "NewStatus":
        """Give itself, or raise Unprocessable with the sentence a person can act on."""
        check_text(self.status, self.spoiler_text, self.media_ids)
        if self.poll:
            self.poll.check()
            if self.media_ids:
                raise Unprocessable("Validation failed: A post has pictures or a poll, not both.")
        return self


def check_text(text: str, spoiler_text: str, pictures: list[str]) -> None:
    """Raise Unprocessable for a post that says too much or nothing, or shows too many pictures."""
    length = len(text) + len(spoiler_text)
    if length > MAX_CHARACTERS:
        sentence = f"character limit of {MAX_CHARACTERS} exceeded (this post has {length})"
        raise invalid({"text": [("ERR_TOO_LONG", sentence)]})
    if not text.strip() and not pictures:
        raise invalid({"text": [("ERR_BLANK", "can't be blank")]})
    if len(pictures) > MAX_PICTURES:
        raise Unprocessable(f"Validation failed: Cannot attach more than {MAX_PICTURES} files")


async def publish(connection: AsyncConnection, writer: Writer, author: Person, form: NewStatus) -> UUID:
    """Write a post in a durable transaction; the same idempotency key gives the same single post."""
    made = new_id()
    status_id = await writer.claim(connection, author.account_id, "status", made)
    if status_id != made:
        return status_id
    answered = await _answered(connection, author.account_id, form.in_reply_to_id)
    visibility, language = await _usual(connection, author.account_id, form)
    thread = None
    if visibility == "direct":
        thread = await conversations.thread_of(connection, made, answered.get("in_reply_to_id"))
    await POST.all(
        connection,
        id=made,
        account_id=author.account_id,
        application_id=author.application_id,
        in_reply_to_id=answered.get("in_reply_to_id"),
        in_reply_to_account_id=answered.get("in_reply_to_account_id"),
        conversation_id=thread,
        text=form.status,
        spoiler_text=form.spoiler_text,
        sensitive=form.sensitive or bool(form.spoiler_text),
        visibility=visibility,
        language=language,
    )
    await attach(connection, author.account_id, made, form.media_ids)
    if form.poll:
        await polls.create(connection, made, form.poll)
    people = await name_people_and_tags(connection, author.account_id, made, form.status)
    if thread:
        await conversations.record(connection, author.account_id, made, thread, people)
    elif not form.in_reply_to_id:
        await _tell_followers(connection, author.account_id, made, people)
    return made


async def _usual(connection: AsyncConnection, author: UUID, form: NewStatus) -> tuple[str, str | None]:
    """Give visibility and language of a post; what it does not say itself is as its author's posts usually are."""
    if form.visibility and form.language:
        return form.visibility, form.language
    usual = (await USUAL.all(connection, author=author))[0]
    return form.visibility or usual.privacy, form.language or usual.language


async def _tell_followers(connection: AsyncConnection, author: UUID, status_id: UUID, told: set[UUID]) -> None:
    """Tell the followers who wish to hear of every post, but nobody who was told already."""
    wished = {row.account_id for row in await WISHED.all(connection, author=author)}
    await notify(connection, "status", author, sorted(wished - told), status_id)


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
    if post.row.conversation_id:
        await conversations.forget(connection, status_id, post.row.conversation_id)
    await streams.tell(connection, streams.DELETED, post)
    await connection.execute(delete(Status).where(Status.id == status_id))
    return post


async def _answered(connection: AsyncConnection, account_id: UUID, text: str | None) -> dict[str, UUID]:
    if not text:
        return {}
    query = select(Status.id, Status.account_id).where(Status.id == from_api(text), visible_to(account_id))
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise NotFound("The post you are replying to does not exist; it may have been deleted.")
    return {"in_reply_to_id": found.id, "in_reply_to_account_id": found.account_id}


async def attach(connection: AsyncConnection, account_id: UUID, status_id: UUID, media_ids: list[str]) -> None:
    """Give pictures of a person's own, in this order, to a post; raises Unprocessable for one that is not free."""
    for position, media_id in enumerate(dict.fromkeys(media_ids)):
        change = (
            update(MediaAttachment)
            .where(MediaAttachment.id == from_api(media_id), MediaAttachment.account_id == account_id)
            .where(MediaAttachment.status_id.is_(None), MediaAttachment.scheduled_status_id.is_(None))
            .values(status_id=status_id, position=position)
        )
        if (await connection.execute(change)).rowcount != 1:
            raise Unprocessable("Validation failed: A picture of this post was not found, or belongs to another post.")
