"""Pictures: upload, describe, look up, and the bytes themselves."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import UploadFile

from app import outbox, pictures
from app.address import base_of
from app.authentication import Person, person
from app.body import body_of, invalid
from app.copies import IMMUTABLE, KEY
from app.descriptions import Description
from app.entities import content_type, media_entity
from app.errors import NotArrived, NotFound, Unprocessable
from app.ids import from_api, new_id
from app.models import MediaAttachment
from app.pictures import POST, Picture, Shape
from app.placeholder import placeholder
from app.rule import Rule
from app.services import Parts, Services, Write

router = APIRouter(tags=["media"])

TABLE = MediaAttachment.__table__
Author = Annotated[Person, Depends(person("write:media"))]

decoding = asyncio.Semaphore(2)  # a large picture takes 250 MiB while it is decoded


class Upload(Description):
    """A picture with its description."""

    file: UploadFile | None = None


@router.post("/api/v1/media")
@router.post("/api/v2/media")
async def upload(
    who: Author, form: Annotated[Upload, Depends(body_of(Upload))], request: Request, parts: Parts, write: Write
) -> dict[str, Any]:
    """Take a picture, and answer when two clouds hold it."""
    if form.file is None:
        raise invalid({"file": [("ERR_BLANK", "can't be blank")]})
    row = await store(parts, write, who, await form.file.read(), form)
    return media_entity(row, base_of(request))


async def store(
    parts: Services, write: Write, who: Person, data: bytes, form: Description, shape: Shape = POST
) -> Row[Any]:
    """Check a picture, put it into the clouds and write its row; the page uses it too."""
    columns = form.columns()
    async with decoding:
        picture = await asyncio.to_thread(pictures.prepare, data, shape)
    fence = await parts.lease.must_be_open()
    async with parts.database.read() as connection:
        if await outbox.is_taken_down(connection, picture.key):
            raise _taken_down()
    kept = await asyncio.gather(*(parts.media.keep(copy, fence.rule) for copy in picture.copies))
    made = new_id()
    columns |= described(picture)
    async with write.transaction() as connection:
        media_id = await write.claim(connection, who.account_id, shape.purpose, made)
        if media_id == made:
            await outbox.lock(connection, (copy.key for copy in picture.copies))
            for copy, lacking in zip(picture.copies, kept, strict=True):
                await _keep_in_step(connection, parts, copy, fence.rule, lacking)
            await connection.execute(insert(MediaAttachment).values(id=made, account_id=who.account_id, **columns))
        return await _own(connection, who, media_id)


async def _keep_in_step(
    connection: AsyncConnection, parts: Services, picture: Picture, rule: Rule, lacking: frozenset[str]
) -> None:
    """Write into the outbox what the clouds still lack; store anew what was removed since, or is about to be."""
    if await outbox.was_removed(connection, picture.key):
        if await outbox.is_taken_down(connection, picture.key):
            raise _taken_down()
        lacking = await parts.media.keep(picture, rule)
    await outbox.want(connection, picture.key, len(picture.data), lacking)


def described(picture: Picture) -> dict[str, Any]:
    """Give the columns that say what is stored of a picture."""
    smaller = {
        name: {"key": copy.key, "width": copy.width, "height": copy.height, "bytes": len(copy.data)}
        for name, copy in picture.smaller.items()
    }
    size = {"width": picture.width, "height": picture.height, "size": len(picture.data)}
    return {"key": picture.key, "blurhash": picture.blurhash, "sizes": smaller} | size


@router.get("/api/v1/media/{media_id}")
async def show(who: Author, media_id: str, request: Request, parts: Parts) -> dict[str, Any]:
    """Give a picture of the caller's own."""
    async with parts.database.read() as connection:
        return media_entity(await _own(connection, who, from_api(media_id)), base_of(request))


@router.put("/api/v1/media/{media_id}")
async def describe(
    who: Author,
    media_id: str,
    form: Annotated[Description, Depends(body_of(Description))],
    request: Request,
    write: Write,
) -> dict[str, Any]:
    """Change the description or the focus point of a picture."""
    key, columns = from_api(media_id), form.columns()
    async with write.transaction() as connection:
        row = await _own(connection, who, key)
        if columns:
            change = update(MediaAttachment).where(MediaAttachment.id == key).values(**columns)
            row = (await connection.execute(change.returning(*TABLE.columns))).one()
    return media_entity(row, base_of(request))


@router.get("/media/{prefix}/{name}")
async def serve(prefix: str, name: str, request: Request, parts: Parts) -> Response:
    """Serve a picture that a row names, from the nearest cloud that holds it.

    A browser keeps it for a year; an edge asks again after ten minutes, so that a takedown ends there too.
    """
    key = f"media/{prefix}/{name}"
    if not KEY.fullmatch(key):
        raise NotFound
    async with parts.database.read() as connection:
        if not await outbox.is_named(connection, key):
            raise NotFound
    headers = {
        "Cache-Control": IMMUTABLE,
        "ETag": f'"{name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if f'"{name}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    try:
        return Response(await parts.media.read(key), media_type=content_type(key), headers=headers)
    except NotArrived as error:
        return placeholder(error)


async def _own(connection, who: Person, media_id: UUID) -> Row[Any]:
    query = select(*TABLE.columns).where(TABLE.c.id == media_id, TABLE.c.account_id == who.account_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    return row


def _taken_down() -> Unprocessable:
    return Unprocessable("Validation failed: File was removed by the moderators and is not taken again.")
