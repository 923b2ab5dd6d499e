"""How many statements a route sends: as many for forty posts as for one, in every list and every stream."""

import asyncio
import re
from collections.abc import Callable
from uuid import UUID

import pytest

from app.database import Database
from app.ids import from_api
from app.listeners import Channel, Found, Listener
from app.routes.answers import listing
from app.stream_news import newest, tell
from tests.app.conftest import Member, RunningApp
from tests.app.test_every_route_is_durable import depends_on, routes
from tests.statements import heard

# The token, the page of keys, the posts with counts and names, the pictures.
TIMELINE = 4
PATHS = {
    "/api/v1/timelines/home": TIMELINE,
    "/api/v1/timelines/public": TIMELINE,
    "/api/v1/timelines/tag/count": TIMELINE,
    "/api/v1/accounts/{me}/statuses": TIMELINE + 1,
    "/api/v1/favourites": TIMELINE,
    "/api/v1/bookmarks": TIMELINE,
    "/api/v1/notifications": TIMELINE + 1,
    "/api/v1/accounts/{me}/followers": 4,
    "/api/v1/accounts/{me}/following": 4,
    "/api/v1/statuses/{post}/context": 8,
    "/api/v1/statuses/{post}": TIMELINE,
    "/api/v1/timelines/list/{list}": TIMELINE + 1,
    "/api/v1/lists/{list}/accounts": 4,
    "/api/v1/conversations": TIMELINE + 1,
    "/api/v1/follow_requests": 3,
    "/api/v1/scheduled_statuses": 3,
    "/api/v2/filters": 2,
    "/api/v1/statuses/{post}/favourited_by": 4,
    "/api/v1/statuses/{post}/reblogged_by": 4,
    "/api/v1/statuses/{post}/history": TIMELINE + 1,
    "/api/v1/accounts/{me}/statuses?pinned=true": TIMELINE + 1,
    "/api/v1/accounts/{me}/featured_tags": 3,
    "/api/v1/accounts/{friend}/lists": 2,
    "/api/v1/accounts/relationships?id[]={friend}&id[]={me}": 2,
    "/api/v1/blocks": 3,
    "/api/v1/mutes": 3,
    "/api/v1/lists": 2,
    "/api/v1/followed_tags": 2,
    "/api/v1/featured_tags": 2,
    "/api/v1/invites": 2,
    "/api/v1/markers?timeline[]=home": 2,
    "/api/v2/search?q=count": TIMELINE + 3,
    "/api/v2/search?q=count&type=statuses": TIMELINE,
    "/api/v2/search?q=@u&type=accounts": 4,
}


def befriend(me: Member, join: Callable[[], Member], count: int) -> dict[str, str]:
    """Let people who follow each other post, reply, favourite and boost; give the ids that paths are filled with."""
    first, listed = me.post("first #count")["id"], me.act("/api/v1/lists", title="x")["id"]
    me.client.patch("/api/v1/accounts/update_credentials", json={"locked": True})
    me.client.put(f"/api/v1/statuses/{first}", json={"status": "first #count again"})
    found = {"me": me.id, "post": first, "list": listed}
    for number in range(count):
        friend, stranger = join(), join()
        post = friend.post(f"@{me.username} {number} #count", in_reply_to_id=first)
        found["friend"] = post["account"]["id"]
        join().act(f"/api/v1/accounts/{found['me']}/follow")
        _follow_each_other(me, friend, found)
        for act in ("favourite", "reblog"):
            friend.act(f"/api/v1/statuses/{first}/{act}")
        for act in ("favourite", "bookmark", "reblog"):
            me.act(f"/api/v1/statuses/{post['id']}/{act}")
        friend.post(f"@{me.username} psst", visibility="direct")
        _arrange(me, stranger, found, number)
    return found


def _follow_each_other(me: Member, friend: Member, found: dict[str, str]) -> None:
    me.act(f"/api/v1/accounts/{found['friend']}/follow")
    friend.act(f"/api/v1/accounts/{found['me']}/follow")
    me.act(f"/api/v1/follow_requests/{found['friend']}/authorize")


def _arrange(me: Member, stranger: Member, found: dict[str, str], number: int) -> None:
    me.post("later", scheduled_at="2099-01-01T00:00:00Z")
    me.act("/api/v2/filters", title="x", context=["home"], keywords_attributes=[{"keyword": "count"}])
    me.act(f"/api/v1/lists/{found['list']}/accounts", account_ids=[found["friend"]])
    me.act(f"/api/v1/accounts/{stranger.id}/mute")
    me.act(f"/api/v1/accounts/{stranger.id}/block")
    me.act(f"/api/v1/tags/count{number}/follow")
    me.act("/api/v1/featured_tags", name=f"count{number}")
    me.act("/api/v1/invites")
    me.act(f"/api/v1/statuses/{me.post(f'pinned {number}')['id']}/pin")


@pytest.mark.parametrize("friends", [1, 5])
def test_a_page_costs_the_same_number_of_statements_however_long_it_is(
    app_server: RunningApp, join: Callable[[], Member], friends: int
) -> None:
    """It never asks once per post, per person or per picture."""
    me = join()
    ids = befriend(me, join, friends)
    found: dict[str, int] = {}

    for path in PATHS:
        with heard() as sent:
            answer = me.client.get(path.format(**ids))
        assert answer.status_code == 200, answer.text
        found[path] = len(sent)

    assert found == PATHS


def test_every_list_is_counted() -> None:
    """It counts each route that answers a page: a new one must be added above."""
    counted = {pattern(path.partition("?")[0]) for path in PATHS}
    lists = {pattern(route.path) for route in routes() if depends_on(route.dependant, listing)}

    assert lists <= counted


def pattern(path: str) -> str:
    """Give a path without the names of what it is filled with."""
    return re.sub(r"\{\w+\}", "*", path.replace("/tag/count", "/tag/*"))


@pytest.mark.parametrize("kind", ["user", "public", "list", "direct"])
def test_a_look_for_streams_costs_the_same_number_of_statements_however_much_is_new(
    app_server: RunningApp, join: Callable[[], Member], kind: str
) -> None:
    """It never asks once per post, per edit or per notification."""
    me, friend = join(), join()
    me.follow(friend)
    listed = me.act("/api/v1/lists", title="x")["id"]
    me.act(f"/api/v1/lists/{listed}/accounts", account_ids=[friend.id])
    channel = Channel(kind, from_api(me.id), list_id=from_api(listed))
    costs = []

    for count in (1, 5):
        before = {found.key for found in asyncio.run(_look(app_server, channel, set()))[0]}
        for number in range(count):
            post = friend.post(f"@{me.username} {number}")["id"]
            friend.client.put(f"/api/v1/statuses/{post}", json={"status": f"@{me.username} again {number}"})
            friend.client.delete(f"/api/v1/statuses/{friend.post('gone')['id']}")
            friend.post(f"@{me.username} psst {number}", visibility="direct")
        fresh, sent, told = asyncio.run(_look(app_server, channel, before))
        assert len(fresh) >= 5 * count
        assert told >= count
        costs.append(sent)

    assert costs[0] == costs[1]


async def _look(app: RunningApp, channel: Channel, before: set[UUID]) -> tuple[list[Found], int, int]:
    database, listener = Database(app.services.settings), Listener(channel, "http://social.example", None)
    async with database.read() as connection:
        fresh = [found for found in await newest(connection) if found.key not in before]
        with heard() as sent:
            await tell(connection, [listener], fresh)
    await database.close()
    return fresh, len(sent), listener.events.qsize()
