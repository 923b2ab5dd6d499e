"""How many statements a route sends: as many for forty posts as for one."""

from collections.abc import Callable

import pytest

from tests.app.conftest import Member, RunningApp
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
}


def befriend(me: Member, join: Callable[[], Member], count: int) -> tuple[str, str]:
    """Let people who follow each other post, reply, favourite and boost; give the first post's id and a list's."""
    first, listed = me.post("first #count")["id"], me.act("/api/v1/lists", title="x")["id"]
    me.client.patch("/api/v1/accounts/update_credentials", json={"locked": True})
    mine = me.client.get("/api/v1/accounts/verify_credentials").json()["id"]
    for number in range(count):
        friend = join()
        post = friend.post(f"@{me.username} {number} #count", in_reply_to_id=first)
        me.client.post(f"/api/v1/accounts/{post['account']['id']}/follow")
        friend.client.post(f"/api/v1/accounts/{mine}/follow")
        me.act(f"/api/v1/follow_requests/{post['account']['id']}/authorize")
        join().client.post(f"/api/v1/accounts/{mine}/follow")
        friend.client.post(f"/api/v1/statuses/{first}/favourite")
        friend.client.post(f"/api/v1/statuses/{first}/reblog")
        for act in ("favourite", "bookmark", "reblog"):
            assert me.client.post(f"/api/v1/statuses/{post['id']}/{act}").status_code == 200
        friend.post(f"@{me.username} psst", visibility="direct")
        me.post("later", scheduled_at="2099-01-01T00:00:00Z")
        me.act("/api/v2/filters", title="x", context=["home"], keywords_attributes=[{"keyword": "count"}])
        me.act(f"/api/v1/lists/{listed}/accounts", account_ids=[post["account"]["id"]])
    return first, listed


@pytest.mark.parametrize("friends", [1, 6])
def test_a_page_costs_the_same_number_of_statements_however_long_it_is(
    app_server: RunningApp, join: Callable[[], Member], friends: int
) -> None:
    """It never asks once per post, per person or per picture."""
    me = join()
    post, listed = befriend(me, join, friends)
    mine = me.client.get("/api/v1/accounts/verify_credentials").json()["id"]
    found: dict[str, int] = {}

    for path in PATHS:
        with heard() as sent:
            answer = me.client.get(path.format(me=mine, post=post, list=listed))
        assert answer.status_code == 200, answer.text
        found[path] = len(sent)

    assert found == PATHS
