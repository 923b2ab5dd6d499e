"""All that a person put in, as one file: ActivityStreams JSON, lists as CSV, and the pictures.

https://www.w3.org/TR/activitystreams-core/ says what the JSON means; the file names are those of Mastodon's archive.
"""

import asyncio
import io
import json
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterable
from csv import writer as csv_writer
from typing import IO, Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app import profiles
from app.entities import account_entity
from app.errors import NotFound, Unavailable
from app.ids import to_api
from app.models import Account, Block, Bookmark, Favourite, Follow, MediaAttachment, Mute, Status, StatusTag
from app.moments import moment
from app.services import Services
from app.text import to_html

CONTEXT = "https://www.w3.org/ns/activitystreams"
EVERYBODY = f"{CONTEXT}#Public"
BATCH = 500
CHUNK = 64 * 1024  # bytes
IN_MEMORY = 8 * 1024 * 1024  # bytes; a larger archive goes to a temporary file

one_at_a_time = asyncio.Semaphore(1)


async def archive(parts: Services, account_id: UUID, base: str) -> IO[bytes]:
    """Write the archive of a person and give it, to be read from its beginning; raises Unavailable while one is made."""
    if one_at_a_time.locked():
        raise Unavailable("Another archive is being made at this moment; ask again in a minute.", 60)
    async with one_at_a_time:
        file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archived:
            async with parts.database.read() as connection:
                await _write_words(connection, archived, account_id, base)
                keys = await _picture_keys(connection, account_id)
            for key in keys:
                await _write_picture(parts, archived, key)
        file.seek(0)
        return file


async def chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Give an archive piece by piece, and close it."""
    with file:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            yield piece


async def _write_words(connection: AsyncConnection, archived: zipfile.ZipFile, account_id: UUID, base: str) -> None:
    row = await profiles.own(connection, account_id)
    actor = _actor(row, base)
    archived.writestr("actor.json", _json(actor))
    items = [item async for item in _activities(connection, account_id, actor, base)]
    archived.writestr("outbox.json", _json(_collection("outbox.json", items)))
    for name, table in (("likes", Favourite), ("bookmarks", Bookmark)):
        query = select(table.status_id).where(table.account_id == account_id).order_by(table.id)
        posts = [f"{base}/statuses/{to_api(key)}" for key in await connection.scalars(query)]
        archived.writestr(f"{name}.json", _json(_collection(f"{name}.json", posts)))
    for name, table in (("following_accounts", Follow), ("blocked_accounts", Block), ("muted_accounts", Mute)):
        query = (
            select(Account.username).join(table, table.target_id == Account.id).where(table.account_id == account_id)
        )
        archived.writestr(f"{name}.csv", _csv(await connection.scalars(query.order_by(table.id))))
    query = select(Account.username).join(Follow, Follow.account_id == Account.id).where(Follow.target_id == account_id)
    archived.writestr("followers.csv", _csv(await connection.scalars(query.order_by(Follow.id))))


def _actor(row: Any, base: str) -> dict[str, Any]:
    shown = account_entity(row, base)
    fields = [{"type": "PropertyValue", "name": field["name"], "value": field["value"]} for field in shown["fields"]]
    return {
        "@context": CONTEXT,
        "type": "Service" if row.bot else "Person",
        "id": shown["uri"],
        "preferredUsername": row.username,
        "name": row.display_name,
        "summary": shown["note"],
        "url": shown["url"],
        "manuallyApprovesFollowers": row.locked,
        "discoverable": row.discoverable,
        "published": shown["created_at"],
        "attachment": fields,
        "icon": _picture(row.avatar_key),
        "image": _picture(row.header_key),
        "outbox": "outbox.json",
        "likes": "likes.json",
    }


def _picture(key: str | None, name: str | None = None) -> dict[str, Any] | None:
    return {"type": "Image", "mediaType": f"image/{key.rpartition('.')[2]}", "url": key, "name": name} if key else None


async def _activities(
    connection: AsyncConnection, account_id: UUID, actor: dict[str, Any], base: str
) -> AsyncIterator[dict[str, Any]]:
    last = UUID(int=0)
    while True:
        query = select(Status.__table__).where(Status.account_id == account_id, Status.id > last)
        rows = (await connection.execute(query.order_by(Status.id).limit(BATCH))).all()
        if not rows:
            return
        last = rows[-1].id
        pictures = await _by_post(connection, select(MediaAttachment.__table__), MediaAttachment, rows)
        tags = await _by_post(connection, select(StatusTag.__table__), StatusTag, rows)
        for row in rows:
            yield _activity(row, pictures.get(row.id, []), tags.get(row.id, []), actor, base)


async def _by_post(connection: AsyncConnection, query: Any, table: Any, posts: Any) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in await connection.execute(query.where(table.status_id.in_([post.id for post in posts]))):
        found.setdefault(row.status_id, []).append(row)
    return found


def _activity(row: Any, pictures: list[Any], tags: list[Any], actor: dict[str, Any], base: str) -> dict[str, Any]:
    address = f"{actor['id']}/statuses/{to_api(row.id)}"
    shared = {"actor": actor["id"], "published": moment(row.created_at), "to": _readers(row, actor)}
    if row.reblog_of_id:
        return {"type": "Announce", "id": address, "object": f"{base}/statuses/{to_api(row.reblog_of_id)}", **shared}
    answered = f"{base}/statuses/{to_api(row.in_reply_to_id)}" if row.in_reply_to_id else None
    note = {
        "type": "Note",
        "id": address,
        "attributedTo": actor["id"],
        "published": shared["published"],
        "updated": moment(row.edited_at) if row.edited_at else None,
        "to": shared["to"],
        "summary": row.spoiler_text or None,
        "sensitive": row.sensitive,
        "inReplyTo": answered,
        "content": str(to_html(row.text)),
        "source": {"content": row.text, "mediaType": "text/plain"},
        "contentMap": {row.language: str(to_html(row.text))} if row.language else None,
        "tag": [{"type": "Hashtag", "name": f"#{tag.name}", "href": f"{base}/tags/{tag.name}"} for tag in tags],
        "attachment": [_picture(picture.key, picture.description) for picture in pictures],
    }
    return {"type": "Create", "id": f"{address}/activity", "object": note, **shared}


def _readers(row: Any, actor: dict[str, Any]) -> list[str]:
    followers = f"{actor['id']}/followers"
    return {"public": [EVERYBODY], "unlisted": [followers, EVERYBODY], "private": [followers]}.get(row.visibility, [])


def _collection(name: str, items: list[Any]) -> dict[str, Any]:
    kind = "OrderedCollection"
    return {"@context": CONTEXT, "id": name, "type": kind, "totalItems": len(items), "orderedItems": items}


async def _picture_keys(connection: AsyncConnection, account_id: UUID) -> list[str]:
    query = select(MediaAttachment.key).where(MediaAttachment.account_id == account_id).distinct()
    return list(await connection.scalars(query))


async def _write_picture(parts: Services, archived: zipfile.ZipFile, key: str) -> None:
    """Put a picture into the archive as it is; one that was taken down is left out."""
    try:
        data = await parts.media.read(key)
    except NotFound:
        return
    archived.writestr(zipfile.ZipInfo(key), data)  # stored: it is compressed already


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _csv(names: Iterable[str]) -> str:
    written = io.StringIO()
    rows = csv_writer(written)
    rows.writerow(["Account address"])
    rows.writerows([name] for name in names)
    return written.getvalue()
