"""Posts: publish, show, change, delete, and the thread around one."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app import edits, posts, scheduling, statuses, threads
from app.address import base_of
from app.authentication import Person, Viewer, person
from app.body import body_of
from app.edits import ChangedStatus
from app.entities import edit_entity, status_entity
from app.ids import from_api, to_api
from app.routes.scheduled import scheduled_entity
from app.services import Parts, Write
from app.statuses import NewStatus

router = APIRouter(prefix="/api/v1/statuses", tags=["statuses"])

Author = Annotated[Person, Depends(person("write:statuses"))]


@router.post("")
async def publish(
    who: Author, form: Annotated[NewStatus, Depends(body_of(NewStatus))], request: Request, write: Write
) -> dict[str, Any]:
    """Publish a post, or keep it for its time; with the same Idempotency-Key again, give the same single post."""
    form.check()
    if scheduling.is_later(form):
        return await _schedule(who, form, request, write)
    async with write.transaction() as connection:
        status_id = await statuses.publish(connection, write, who, form)
        post = await posts.load(connection, status_id, who.account_id)
    return status_entity(post, base_of(request))


async def _schedule(who: Person, form: NewStatus, request: Request, write: Write) -> dict[str, Any]:
    async with write.transaction() as connection:
        scheduled_id = await scheduling.schedule(connection, write, who, form)
        found = await scheduling.one(connection, who.account_id, scheduled_id)
    return scheduled_entity(*found, base_of(request))


@router.get("/{status_id}")
async def show(status_id: str, request: Request, parts: Parts, viewer: Viewer) -> dict[str, Any]:
    """Give a post."""
    async with parts.database.read() as connection:
        return status_entity(await posts.load(connection, from_api(status_id), viewer), base_of(request))


@router.put("/{status_id}")
async def edit(
    who: Author,
    status_id: str,
    form: Annotated[ChangedStatus, Depends(body_of(ChangedStatus))],
    request: Request,
    write: Write,
) -> dict[str, Any]:
    """Change a post; every version is kept."""
    async with write.transaction() as connection:
        post = await edits.edit(connection, who, from_api(status_id), form)
    return status_entity(post, base_of(request))


@router.delete("/{status_id}")
async def remove(who: Author, status_id: str, request: Request, write: Write) -> dict[str, Any]:
    """Delete a post on every live site before answering: it must not come back with a failover."""
    async with write.transaction(every_standby=True) as connection:
        post = await statuses.remove(connection, who, from_api(status_id))
    return status_entity(post, base_of(request)) | {"text": post.row.text} if post else {}


@router.get("/{status_id}/context")
async def context(status_id: str, request: Request, parts: Parts, viewer: Viewer) -> dict[str, Any]:
    """Give the posts above and below a post."""
    async with parts.database.read() as connection:
        above, below = await threads.around(connection, from_api(status_id), viewer)
    base = base_of(request)
    return {
        "ancestors": [status_entity(post, base) for post in above],
        "descendants": [status_entity(post, base) for post in below],
    }


@router.get("/{status_id}/history")
async def history(status_id: str, request: Request, parts: Parts, viewer: Viewer) -> list[dict[str, Any]]:
    """Give every version of a post, the first one first."""
    async with parts.database.read() as connection:
        post, versions = await edits.history(connection, from_api(status_id), viewer)
    return [edit_entity(version, post, base_of(request)) for version in versions]


@router.get("/{status_id}/source")
async def source(
    who: Annotated[Person, Depends(person("read:statuses"))], status_id: str, parts: Parts
) -> dict[str, Any]:
    """Give a post as it was written, to change it."""
    async with parts.database.read() as connection:
        row = (await posts.load(connection, from_api(status_id), who.account_id)).row
    return {"id": to_api(row.id), "text": row.text, "spoiler_text": row.spoiler_text}
