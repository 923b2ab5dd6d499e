"""Posts that change: the new text in place, every version kept."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app import polls, streams
from app.authentication import Person
from app.body import Fields
from app.descriptions import Description
from app.errors import NotFound
from app.ids import from_api, new_id, to_api
from app.mentions import name_people_and_tags
from app.models import MediaAttachment, Status, StatusEdit
from app.notifications import notify
from app.polls import NewPoll
from app.posts import Post, load
from app.statuses import attach, check_text
from app.text import Language


class ChangedPicture(Description):
    """What is to be said of a picture that the post has or gets."""

    id: str = ""


class ChangedStatus(Fields):
    """What a client sends to change a post; what is not sent stays as it is."""

    status: str | None = None
    spoiler_text: str | None = None
    sensitive: bool | None = None
    language: Language = None
    media_ids: list[str] | None = None
    media_attributes: list[ChangedPicture] | dict[str, ChangedPicture] = []  # noqa: RUF012
    poll: NewPoll | None = None

    def columns(self, row: Any) -> dict[str, Any]:
        """Give the columns that differ from the post as it is."""
        sent = {
            "text": self.status,
            "spoiler_text": self.spoiler_text,
            "sensitive": self.sensitive,
            "language": self.language,
        }
        return {name: value for name, value in sent.items() if value is not None and value != getattr(row, name)}

    def described(self) -> dict[str, dict[str, Any]]:
        """Give what is said anew of pictures: id -> columns; raises Unprocessable."""
        given = self.media_attributes
        return {one.id: one.columns() for one in (given.values() if isinstance(given, dict) else given)}


async def edit(connection: AsyncConnection, owner: Person, status_id: UUID, form: ChangedStatus) -> Post:
    """Change a post of one's own in a durable transaction, and give it; sending the same again changes nothing."""
    await connection.execute(select(Status.id).where(Status.id == status_id).with_for_update())
    post = await load(connection, status_id, owner.account_id)
    if post.row.account_id != owner.account_id or post.row.reblog_of_id:
        raise NotFound
    changed = form.columns(post.row)
    kept = [to_api(picture.id) for picture in post.pictures]
    pictures = kept if form.media_ids is None else list(dict.fromkeys(form.media_ids))
    if form.poll:
        form.poll.check()
    asked_anew = await polls.replace(connection, post, form.poll)
    described = form.described()
    if not changed and pictures == kept and not asked_anew and not _says_more(post, described):
        return post
    check_text(changed.get("text", post.row.text), changed.get("spoiler_text", post.row.spoiler_text), pictures)
    await _remember(connection, post, changed, form.poll.options if form.poll else None)
    if pictures != kept:
        await _exchange(connection, owner.account_id, status_id, pictures)
    await _describe(connection, status_id, described)
    text = changed.get("text", post.row.text)
    await name_people_and_tags(connection, owner.account_id, status_id, text, edited=True)
    boosters = await connection.scalars(select(Status.account_id).where(Status.reblog_of_id == status_id))
    await notify(connection, "update", owner.account_id, boosters, status_id)
    await streams.tell(connection, streams.CHANGED, post)
    return await load(connection, status_id, owner.account_id)


async def history(connection: AsyncConnection, status_id: UUID, viewer: UUID | None) -> tuple[Post, list[Any]]:
    """Give a post and all its versions, the first one first; raises NotFound."""
    post = await load(connection, status_id, viewer)
    query = select(*StatusEdit.__table__.columns).where(StatusEdit.status_id == status_id).order_by(StatusEdit.id)
    return post, list((await connection.execute(query)).all()) or [SimpleNamespace(**_version(post))]


def _version(post: Post) -> dict[str, Any]:
    row = post.row
    shown = {"text": row.text, "spoiler_text": row.spoiler_text, "sensitive": row.sensitive}
    return shown | {"created_at": row.created_at, "poll_options": row.poll and row.poll["options"]}


async def _remember(connection: AsyncConnection, post: Post, changed: dict[str, Any], asked: list[str] | None) -> None:
    row, version = post.row, _version(post) | {"status_id": post.row.id}
    if row.edited_at is None:
        await connection.execute(insert(StatusEdit).values(id=new_id(), **version))
    now = func.now()
    latest = version | {name: value for name, value in changed.items() if name in version}
    latest |= {"created_at": now, "poll_options": asked or version["poll_options"]}
    await connection.execute(insert(StatusEdit).values(id=new_id(), **latest))
    await connection.execute(update(Status).where(Status.id == row.id).values(edited_at=now, **changed))


def _says_more(post: Post, described: dict[str, dict[str, Any]]) -> bool:
    said = ((picture, described.get(to_api(picture.id), {})) for picture in post.pictures)
    return any(getattr(picture, name) != value for picture, columns in said for name, value in columns.items())


async def _describe(connection: AsyncConnection, status_id: UUID, described: dict[str, dict[str, Any]]) -> None:
    """Say anew what the pictures of a post show; of a picture that the post does not have nothing is said."""
    for picture, columns in described.items():
        if columns:
            of_post = (MediaAttachment.id == from_api(picture), MediaAttachment.status_id == status_id)
            await connection.execute(update(MediaAttachment).where(*of_post).values(**columns))


async def _exchange(connection: AsyncConnection, owner: UUID, status_id: UUID, pictures: list[str]) -> None:
    """Free the pictures that the post had, then give it these; one that it does not name again is free for another."""
    wanted = [from_api(picture) for picture in pictures]
    freed = update(MediaAttachment).where(MediaAttachment.status_id == status_id).values(status_id=None)
    await connection.execute(freed)
    await attach(connection, owner, status_id, [str(picture.int) for picture in wanted])
