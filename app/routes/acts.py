"""The small buttons under a post: favourite, boost, keep, vote, pin. They work without JavaScript."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app import featured, interactions, polls
from app.ids import from_api, to_api
from app.models import Bookmark, Favourite
from app.routes.shell import FormRoute
from app.routes.taking import Form, Pressed, Taken, taken

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)


class Vote(Form):
    """The answers that were chosen, counted from 0."""

    choices: list[int] = []  # noqa: RUF012


@router.post("/posts/{status_id}/favourite")
async def favourite(status_id: str, sent: Pressed) -> Response:
    """Favourite a post."""
    async with sent.durable.transaction() as connection:
        await interactions.mark(connection, Favourite, sent.me.account_id, from_api(status_id))
    return await sent.card(status_id)


@router.post("/posts/{status_id}/unfavourite")
async def unfavourite(status_id: str, sent: Pressed) -> Response:
    """Take a favourite back."""
    async with sent.durable.transaction() as connection:
        await interactions.unmark(connection, Favourite, sent.me.account_id, from_api(status_id))
    return await sent.card(status_id)


@router.post("/posts/{status_id}/bookmark")
async def bookmark(status_id: str, sent: Pressed) -> Response:
    """Keep a post for later."""
    async with sent.durable.transaction() as connection:
        await interactions.mark(connection, Bookmark, sent.me.account_id, from_api(status_id))
    return await sent.card(status_id)


@router.post("/posts/{status_id}/unbookmark")
async def unbookmark(status_id: str, sent: Pressed) -> Response:
    """Keep a post no longer."""
    async with sent.durable.transaction() as connection:
        await interactions.unmark(connection, Bookmark, sent.me.account_id, from_api(status_id))
    return await sent.card(status_id)


@router.post("/posts/{status_id}/boost")
async def boost(status_id: str, sent: Pressed) -> Response:
    """Boost a post."""
    async with sent.durable.transaction() as connection:
        await interactions.boost(connection, sent.me, from_api(status_id))
    return await sent.card(status_id)


@router.post("/posts/{status_id}/unboost")
async def unboost(status_id: str, sent: Pressed) -> Response:
    """Take a boost back on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await interactions.unboost(connection, sent.me.account_id, from_api(status_id))
    return await sent.card(status_id)


@router.post("/posts/{status_id}/pin")
async def pin(status_id: str, sent: Pressed) -> Response:
    """Keep a post of one's own on top of one's profile."""
    async with sent.durable.transaction() as connection:
        await featured.pin(connection, sent.me.account_id, from_api(status_id))
    return await sent.card(status_id)


@router.post("/posts/{status_id}/unpin")
async def unpin(status_id: str, sent: Pressed) -> Response:
    """Take a post from the top again."""
    async with sent.durable.transaction() as connection:
        await featured.unpin(connection, sent.me.account_id, from_api(status_id))
    return await sent.card(status_id)


@router.post("/polls/{poll_id}/vote")
async def vote(poll_id: str, sent: Annotated[Taken[Vote], Depends(taken(Vote))]) -> Response:
    """Vote in a poll."""
    async with sent.durable.transaction() as connection:
        post = await polls.vote(connection, from_api(poll_id), sent.me.account_id, sent.form.choices)
    return await sent.card(to_api(post.row.id))
