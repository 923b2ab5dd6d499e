"""The small buttons of the page: favourite, boost, follow, block. They work without JavaScript."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app import interactions, pages, relationships
from app.body import body_of
from app.ids import from_api
from app.models import Favourite
from app.routes.forms import Form, LoggedIn, accept
from app.routes.shell import Asks, FormRoute
from app.services import Write

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)

Sent = Annotated[Form, Depends(body_of(Form))]


@router.post("/posts/{status_id}/favourite")
async def favourite(status_id: str, request: Request, who: Asks, me: LoggedIn, form: Sent, write: Write) -> Response:
    """Favourite a post."""
    accept(request, who, write, form)
    async with write.transaction() as connection:
        await interactions.mark(connection, Favourite, me.account_id, from_api(status_id))
    return pages.go_back(form.back, f"p{status_id}")


@router.post("/posts/{status_id}/unfavourite")
async def unfavourite(status_id: str, request: Request, who: Asks, me: LoggedIn, form: Sent, write: Write) -> Response:
    """Take a favourite back."""
    accept(request, who, write, form)
    async with write.transaction() as connection:
        await interactions.unmark(connection, Favourite, me.account_id, from_api(status_id))
    return pages.go_back(form.back, f"p{status_id}")


@router.post("/posts/{status_id}/boost")
async def boost(status_id: str, request: Request, who: Asks, me: LoggedIn, form: Sent, write: Write) -> Response:
    """Boost a post."""
    accept(request, who, write, form)
    async with write.transaction() as connection:
        await interactions.boost(connection, me, from_api(status_id))
    return pages.go_back(form.back, f"p{status_id}")


@router.post("/posts/{status_id}/unboost")
async def unboost(status_id: str, request: Request, who: Asks, me: LoggedIn, form: Sent, write: Write) -> Response:
    """Take a boost back on every live site."""
    accept(request, who, write, form)
    async with write.transaction(every_standby=True) as connection:
        await interactions.unboost(connection, me.account_id, from_api(status_id))
    return pages.go_back(form.back, f"p{status_id}")


@router.post("/people/{account_id}/follow")
async def follow(account_id: str, request: Request, who: Asks, me: LoggedIn, form: Sent, write: Write) -> Response:
    """Follow a person."""
    accept(request, who, write, form)
    async with write.transaction() as connection:
        await relationships.follow(connection, me.account_id, from_api(account_id))
    return pages.go_back(form.back)


@router.post("/people/{account_id}/unfollow")
async def unfollow(account_id: str, request: Request, who: Asks, me: LoggedIn, form: Sent, write: Write) -> Response:
    """Stop following a person."""
    accept(request, who, write, form)
    async with write.transaction() as connection:
        await relationships.unfollow(connection, me.account_id, from_api(account_id))
    return pages.go_back(form.back)


@router.post("/people/{account_id}/block")
async def block(account_id: str, request: Request, who: Asks, me: LoggedIn, form: Sent, write: Write) -> Response:
    """Block a person on every live site."""
    accept(request, who, write, form)
    async with write.transaction(every_standby=True) as connection:
        await relationships.block(connection, me.account_id, from_api(account_id))
    return pages.go_back(form.back)


@router.post("/people/{account_id}/unblock")
async def unblock(account_id: str, request: Request, who: Asks, me: LoggedIn, form: Sent, write: Write) -> Response:
    """Take a block back."""
    accept(request, who, write, form)
    async with write.transaction() as connection:
        await relationships.unblock(connection, me.account_id, from_api(account_id))
    return pages.go_back(form.back)
