"""Posts: publish, show, delete."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app import statuses as posts
from app.address import base_of
from app.authentication import Person, Viewer, person
from app.body import body_of
from app.entities import status_entity
from app.ids import from_api
from app.services import Parts, Write
from app.statuses import NewStatus

router = APIRouter(prefix="/api/v1/statuses", tags=["statuses"])

Author = Annotated[Person, Depends(person("write:statuses"))]


@router.post("")
async def publish(
    who: Author, form: Annotated[NewStatus, Depends(body_of(NewStatus))], request: Request, write: Write
) -> dict[str, Any]:
    """Publish a post; with the same Idempotency-Key again, give the same single post."""
    form.check()
    async with write.transaction() as connection:
        status_id = await posts.publish(connection, write, who, form)
        post = await posts.load(connection, status_id, who.account_id)
    return status_entity(post, base_of(request))


@router.get("/{status_id}")
async def show(status_id: str, request: Request, parts: Parts, viewer: Viewer) -> dict[str, Any]:
    """Give a post."""
    async with parts.database.read() as connection:
        return status_entity(await posts.load(connection, from_api(status_id), viewer), base_of(request))


@router.delete("/{status_id}")
async def remove(who: Author, status_id: str, request: Request, write: Write) -> dict[str, Any]:
    """Delete a post on every live site before answering: it must not come back with a failover."""
    async with write.transaction(every_standby=True) as connection:
        post = await posts.remove(connection, who, from_api(status_id))
    return status_entity(post, base_of(request)) | {"text": post.row.text} if post else {}
