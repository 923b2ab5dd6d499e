"""What one member does with another from the page: follow, block, mute, answer who asks, put into a list."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app import featured, reading_lists, relationships
from app.ids import from_api
from app.models import TagFollow
from app.routes.shell import FormRoute
from app.routes.taking import Form, Pressed, Taken, taken

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)


class ListChoice(Form):
    """The list that a person is to be in."""

    list_id: str = ""


@router.post("/people/{account_id}/follow")
async def follow(account_id: str, sent: Pressed) -> Response:
    """Follow a person, or ask to."""
    async with sent.durable.transaction() as connection:
        await relationships.follow(connection, sent.me.account_id, from_api(account_id))
    return sent.back()


@router.post("/people/{account_id}/unfollow")
async def unfollow(account_id: str, sent: Pressed) -> Response:
    """Stop following a person, or asking to."""
    async with sent.durable.transaction() as connection:
        await relationships.unfollow(connection, sent.me.account_id, from_api(account_id))
    return sent.back()


@router.post("/people/{account_id}/block")
async def block(account_id: str, sent: Pressed) -> Response:
    """Block a person on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await relationships.block(connection, sent.me.account_id, from_api(account_id))
    return sent.back()


@router.post("/people/{account_id}/unblock")
async def unblock(account_id: str, sent: Pressed) -> Response:
    """Take a block back."""
    async with sent.durable.transaction() as connection:
        await relationships.unblock(connection, sent.me.account_id, from_api(account_id))
    return sent.back()


@router.post("/people/{account_id}/mute")
async def mute(account_id: str, sent: Pressed) -> Response:
    """Mute a person, and what they do, on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await relationships.mute(connection, sent.me.account_id, from_api(account_id), notifications=True)
    return sent.back()


@router.post("/people/{account_id}/unmute")
async def unmute(account_id: str, sent: Pressed) -> Response:
    """Read a person again."""
    async with sent.durable.transaction() as connection:
        await relationships.unmute(connection, sent.me.account_id, from_api(account_id))
    return sent.back()


@router.post("/people/{account_id}/accept")
async def accept(account_id: str, sent: Pressed) -> Response:
    """Let a person follow who asked to."""
    async with sent.durable.transaction() as connection:
        await relationships.accept(connection, sent.me.account_id, from_api(account_id))
    return sent.back()


@router.post("/people/{account_id}/refuse")
async def refuse(account_id: str, sent: Pressed) -> Response:
    """Refuse a person on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await relationships.refuse(connection, sent.me.account_id, from_api(account_id))
    return sent.back()


@router.post("/people/{account_id}/part")
async def part(account_id: str, sent: Pressed) -> Response:
    """End that a person follows the member, on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await relationships.unfollow(connection, from_api(account_id), sent.me.account_id)
    return sent.back()


@router.post("/people/{account_id}/list")
async def put_into_list(account_id: str, sent: Annotated[Taken[ListChoice], Depends(taken(ListChoice))]) -> Response:
    """Put a followed person into a list."""
    async with sent.durable.transaction() as connection:
        list_id, people = from_api(sent.form.list_id), [from_api(account_id)]
        await reading_lists.add(connection, sent.me.account_id, list_id, people)
    return sent.back()


@router.post("/tags/{name}/follow")
async def follow_tag(name: str, sent: Pressed) -> Response:
    """Read in the home timeline what carries a hashtag."""
    async with sent.durable.transaction() as connection:
        await featured.add_tag(connection, TagFollow, sent.me.account_id, featured.checked_name(name))
    return sent.back()


@router.post("/tags/{name}/unfollow")
async def unfollow_tag(name: str, sent: Pressed) -> Response:
    """Read a hashtag no longer."""
    async with sent.durable.transaction() as connection:
        await featured.drop_tag(connection, TagFollow, sent.me.account_id, featured.checked_name(name))
    return sent.back()
