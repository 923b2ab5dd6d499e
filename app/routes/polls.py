"""Polls: look at one, vote."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from app import polls
from app.authentication import Person, Viewer, person
from app.body import Fields, body_of
from app.ids import from_api
from app.poll_entities import poll_entity
from app.services import Parts, Write

router = APIRouter(prefix="/api/v1/polls", tags=["polls"])


class Vote(Fields):
    """The answers that a person chooses, counted from 0."""

    choices: list[int] = []  # noqa: RUF012


@router.get("/{poll_id}")
async def show(poll_id: str, parts: Parts, viewer: Viewer) -> dict[str, Any] | None:
    """Give a poll."""
    async with parts.database.read() as connection:
        return poll_entity((await polls.show(connection, from_api(poll_id), viewer)).row.poll)


@router.post("/{poll_id}/votes")
async def vote(
    who: Annotated[Person, Depends(person("write:statuses"))],
    poll_id: str,
    form: Annotated[Vote, Depends(body_of(Vote))],
    write: Write,
) -> dict[str, Any] | None:
    """Vote, and give the poll."""
    async with write.transaction() as connection:
        post = await polls.vote(connection, from_api(poll_id), who.account_id, form.choices)
    return poll_entity(post.row.poll)
