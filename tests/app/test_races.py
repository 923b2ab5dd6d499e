"""Two requests at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from app import interactions, relationships
from app.errors import Forbidden, NotFound
from app.ids import from_api
from app.models import Favourite, Status
from tests.app.conftest import Member
from tests.app.test_durability import Site

Join = Callable[[], Member]


@pytest.fixture
def beside(tmp_path: Path, app_database: Any) -> Callable[..., Any]:
    """Give a function that runs `second` while the transaction of `first` is still open, and gives its outcome."""

    async def transact(site: Site, work: Callable[..., Awaitable[Any]]) -> Any:
        async with site.writer.transaction() as connection:
            return await work(connection)

    async def both(first: Callable[..., Awaitable[Any]], second: Callable[..., Awaitable[Any]]) -> Any:
        site = Site(tmp_path, app_database.url, 5)
        try:
            async with site.writer.transaction() as connection:
                await first(connection)
                later = asyncio.create_task(transact(site, second))
                await asyncio.sleep(0.2)
            return (await asyncio.gather(later, return_exceptions=True))[0]
        finally:
            await site.close()

    return lambda first, second: asyncio.run(both(first, second))


def test_a_follow_beside_a_block_does_not_outlive_it(beside: Callable[..., Any], join: Join) -> None:
    """It waits for the block and is refused."""
    author, other = join(), join()
    one, two = from_api(author.id), from_api(other.id)

    outcome = beside(lambda c: relationships.block(c, one, two), lambda c: relationships.follow(c, two, one))

    assert isinstance(outcome, Forbidden)
    assert author.read(f"/api/v1/accounts/{author.id}/followers") == []


def test_a_favourite_beside_a_deletion_finds_nothing(beside: Callable[..., Any], join: Join) -> None:
    """It is told that the post is gone, not that the server failed."""
    author, reader = join(), join()
    post = from_api(author.post()["id"])
    person = from_api(reader.id)

    outcome = beside(
        lambda c: c.execute(delete(Status).where(Status.id == post)),
        lambda c: interactions.mark(c, Favourite, person, post),
    )

    assert isinstance(outcome, NotFound)
