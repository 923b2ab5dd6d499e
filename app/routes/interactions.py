"""Favourites, boosts and bookmarks, and the lists of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app import featured, interactions, timelines
from app.address import base_of
from app.authentication import Person, Viewer, person
from app.entities import status_entity
from app.ids import from_api
from app.models import Bookmark, Favourite
from app.routes.answers import ListingOf
from app.services import Parts, Write

router = APIRouter(prefix="/api/v1", tags=["interactions"])

Liker = Annotated[Person, Depends(person("write:favourites"))]
Keeper = Annotated[Person, Depends(person("write:bookmarks"))]
Owner = Annotated[Person, Depends(person("write:accounts"))]
Booster = Annotated[Person, Depends(person("write:statuses"))]


@router.post("/statuses/{status_id}/favourite")
async def favourite(who: Liker, status_id: str, request: Request, write: Write) -> dict[str, Any]:
    """Favourite a post."""
    async with write.transaction() as connection:
        post = await interactions.mark(connection, Favourite, who.account_id, from_api(status_id))
    return status_entity(post, base_of(request))


@router.post("/statuses/{status_id}/unfavourite")
async def unfavourite(who: Liker, status_id: str, request: Request, write: Write) -> dict[str, Any]:
    """Take a favourite back."""
    async with write.transaction() as connection:
        post = await interactions.unmark(connection, Favourite, who.account_id, from_api(status_id))
    return status_entity(post, base_of(request))


@router.post("/statuses/{status_id}/bookmark")
async def bookmark(who: Keeper, status_id: str, request: Request, write: Write) -> dict[str, Any]:
    """Keep a post for later."""
    async with write.transaction() as connection:
        post = await interactions.mark(connection, Bookmark, who.account_id, from_api(status_id))
    return status_entity(post, base_of(request))


@router.post("/statuses/{status_id}/unbookmark")
async def unbookmark(who: Keeper, status_id: str, request: Request, write: Write) -> dict[str, Any]:
    """Keep a post no longer."""
    async with write.transaction() as connection:
        post = await interactions.unmark(connection, Bookmark, who.account_id, from_api(status_id))
    return status_entity(post, base_of(request))


@router.post("/statuses/{status_id}/reblog")
async def reblog(who: Booster, status_id: str, request: Request, write: Write) -> dict[str, Any]:
    """Boost a post and give the boost."""
    async with write.transaction() as connection:
        post = await interactions.boost(connection, who, from_api(status_id))
    return status_entity(post, base_of(request))


@router.post("/statuses/{status_id}/unreblog")
async def unreblog(who: Booster, status_id: str, request: Request, write: Write) -> dict[str, Any]:
    """Take a boost back on every live site before answering: it is a deletion."""
    async with write.transaction(every_standby=True) as connection:
        post = await interactions.unboost(connection, who.account_id, from_api(status_id))
    return status_entity(post, base_of(request))


@router.post("/statuses/{status_id}/pin")
async def pin(who: Owner, status_id: str, request: Request, write: Write) -> dict[str, Any]:
    """Keep a post of the caller's own on top of their profile."""
    async with write.transaction() as connection:
        post = await featured.pin(connection, who.account_id, from_api(status_id))
    return status_entity(post, base_of(request))


@router.post("/statuses/{status_id}/unpin")
async def unpin(who: Owner, status_id: str, request: Request, write: Write) -> dict[str, Any]:
    """Take a post from the top again."""
    async with write.transaction() as connection:
        post = await featured.unpin(connection, who.account_id, from_api(status_id))
    return status_entity(post, base_of(request))


@router.get("/statuses/{status_id}/favourited_by")
async def favourited_by(status_id: str, parts: Parts, viewer: Viewer, listing: ListingOf) -> list[dict[str, Any]]:
    """Give who favourited a post."""
    async with parts.database.read() as connection:
        people, keys = await interactions.favourited_by(connection, viewer, from_api(status_id), listing.page)
    return listing.people(people, keys)


@router.get("/statuses/{status_id}/reblogged_by")
async def reblogged_by(status_id: str, parts: Parts, viewer: Viewer, listing: ListingOf) -> list[dict[str, Any]]:
    """Give who boosted a post."""
    async with parts.database.read() as connection:
        people, keys = await interactions.boosted_by(connection, viewer, from_api(status_id), listing.page)
    return listing.people(people, keys)


@router.get("/favourites")
async def favourites(
    who: Annotated[Person, Depends(person("read:favourites"))],
    parts: Parts,
    listing: ListingOf,
) -> list[dict[str, Any]]:
    """Give the caller's favourites."""
    async with parts.database.read() as connection:
        posts, keys = await timelines.marked(connection, Favourite, who.account_id, listing.page)
    return listing.posts(posts, keys)


@router.get("/bookmarks")
async def bookmarks(
    who: Annotated[Person, Depends(person("read:bookmarks"))],
    parts: Parts,
    listing: ListingOf,
) -> list[dict[str, Any]]:
    """Give the caller's bookmarks."""
    async with parts.database.read() as connection:
        posts, keys = await timelines.marked(connection, Bookmark, who.account_id, listing.page)
    return listing.posts(posts, keys)
