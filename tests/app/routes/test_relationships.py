"""Following, blocking and muting, and who sees what because of them."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.app.conftest import FenceControl, Member, RunningApp

Join = Callable[[], Member]


def shown(posts: list[dict]) -> list[str]:
    """Give the ids of posts."""
    return [post["id"] for post in posts]


def test_home_mixes_everybody_one_follows_page_by_page(join: Join) -> None:
    """It gives each post once, newest first, whoever wrote it, down by max_id and up by min_id."""
    reader, *authors = (join() for _ in range(4))
    for author in authors:
        reader.follow(author)
    order = (0, 1, 1, 1, 2, 0, 0, 2, 1, 0, 2)
    ids = [authors[number].post(str(place))["id"] for place, number in enumerate(order)][::-1]
    join().post("of a stranger")

    down, cursor = [], {}
    while page := reader.read("/api/v1/timelines/home", limit=3, **cursor):
        down += shown(page)
        cursor = {"max_id": down[-1]}
    up = shown(reader.read("/api/v1/timelines/home", limit=4, min_id=ids[-1]))

    assert down == ids
    assert up == ids[-5:-1]


def test_following_is_counted_and_listed_once(join: Join) -> None:
    """It counts a repeated follow once, and lists both sides, the last one first, page by page."""
    star, *fans = (join() for _ in range(4))
    for fan in (*fans, fans[0]):
        fan.follow(star)

    account = fans[0].read(f"/api/v1/accounts/{star.id}")
    first = fans[0].client.get(f"/api/v1/accounts/{star.id}/followers", params={"limit": 2})
    rest = fans[0].client.get(first.links["next"]["url"])

    assert (account["followers_count"], account["following_count"]) == (3, 0)
    assert [person["username"] for person in first.json() + rest.json()] == [fan.username for fan in fans[::-1]]
    assert [person["id"] for person in star.read(f"/api/v1/accounts/{fans[0].id}/following")] == [star.id]


def test_boosts_of_a_followed_person_can_be_left_out(join: Join) -> None:
    """It shows a boost at home, and does not once the reader asked for none."""
    reader, booster, author = join(), join(), join()
    reader.follow(booster)
    post = author.post("boost me")
    boost = booster.act(f"/api/v1/statuses/{post['id']}/reblog")

    with_boosts = shown(reader.read("/api/v1/timelines/home"))
    relationship = reader.act(f"/api/v1/accounts/{booster.id}/follow", reblogs=False)

    assert with_boosts == [boost["id"]]
    assert relationship["showing_reblogs"] is False
    assert reader.read("/api/v1/timelines/home") == []


def test_a_reply_to_a_stranger_stays_out_of_home(join: Join) -> None:
    """It shows a followed person's reply only when the reader also reads the one replied to."""
    reader, author, stranger = join(), join(), join()
    reader.follow(author)
    question = stranger.post("question")

    reply = author.post("answer", in_reply_to_id=question["id"])
    before = shown(reader.read("/api/v1/timelines/home"))
    reader.follow(stranger)

    assert before == []
    assert shown(reader.read("/api/v1/timelines/home")) == [reply["id"], question["id"]]


@pytest.mark.parametrize(
    ("visibility", "seen_by"),
    [
        ("public", {"author", "follower", "named", "other", "nobody"}),
        ("unlisted", {"author", "follower", "named", "other", "nobody"}),
        ("private", {"author", "follower", "named"}),
        ("direct", {"author", "named"}),
    ],
)
def test_a_post_is_seen_by_whom_it_is_for(
    app_server: RunningApp, join: Join, visibility: str, seen_by: set[str]
) -> None:
    """It is found by id, in the thread, by a favourite and in the account's posts by these people and nobody else."""
    people = {name: join() for name in ("author", "follower", "named", "other", "blocked")}
    people["follower"].follow(people["author"])
    people["author"].act(f"/api/v1/accounts/{people['blocked'].id}/block")
    author = people["author"].id
    text = f"for @{people['named'].username} and @{people['blocked'].username}"

    post = people["author"].post(text, visibility=visibility)["id"]

    with app_server.client() as client:
        readers = {name: person.client for name, person in people.items()} | {"nobody": client}
        by_id = {name for name, c in readers.items() if c.get(f"/api/v1/statuses/{post}").status_code == 200}
        around = {name for name, c in readers.items() if c.get(f"/api/v1/statuses/{post}/context").status_code == 200}
        listed = {
            name for name, c in readers.items() if post in shown(c.get(f"/api/v1/accounts/{author}/statuses").json())
        }
    liked = {
        name
        for name, person in people.items()
        if person.client.post(f"/api/v1/statuses/{post}/favourite").status_code == 200
    }
    assert by_id == around == listed == seen_by
    assert liked == seen_by - {"nobody"}


def test_a_block_parts_two_people(join: Join) -> None:
    """It ends both follows, hides the posts from the other, and refuses a new follow and a mention."""
    author, other = join(), join()
    author.follow(other)
    other.follow(author)
    post = author.post("mine")

    author.act(f"/api/v1/accounts/{other.id}/block")

    assert author.read("/api/v1/accounts/relationships", **{"id[]": other.id})[0] == {
        "id": other.id,
        "following": False,
        "showing_reblogs": False,
        "notifying": False,
        "followed_by": False,
        "blocking": True,
        "blocked_by": False,
        "muting": False,
        "muting_notifications": False,
        "requested": False,
        "requested_by": False,
        "domain_blocking": False,
        "endorsed": False,
        "languages": None,
        "muting_expires_at": None,
        "note": "",
    }
    assert other.client.get(f"/api/v1/statuses/{post['id']}").status_code == 404
    assert post["id"] not in shown(other.read("/api/v1/timelines/public", limit=40))
    assert other.client.post(f"/api/v1/accounts/{author.id}/follow").status_code == 403
    assert other.post(f"@{author.username} hello")["mentions"] == []
    assert author.read("/api/v1/notifications") == []


def test_a_muted_person_is_not_read_and_does_not_know(join: Join) -> None:
    """It leaves out posts, boosts of them by others, and notifications; the follow stays."""
    reader, noisy, friend = join(), join(), join()
    reader.follow(noisy)
    reader.follow(friend)
    post = noisy.post(f"noise for @{reader.username}")
    friend.act(f"/api/v1/statuses/{post['id']}/reblog")

    relationship = reader.act(f"/api/v1/accounts/{noisy.id}/mute")

    assert (relationship["muting"], relationship["following"]) == (True, True)
    assert reader.read("/api/v1/timelines/home") == []
    assert reader.read("/api/v1/notifications") == []
    assert [person["id"] for person in reader.read("/api/v1/mutes")] == [noisy.id]
    assert noisy.read("/api/v1/accounts/relationships", id=reader.id)[0]["blocked_by"] is False


@pytest.mark.parametrize("verb", ["follow", "unfollow", "block", "mute"])
def test_nobody_does_it_to_themselves_or_to_nobody(member: Member, verb: str) -> None:
    """It answers 422 and 404."""
    own = member.client.post(f"/api/v1/accounts/{member.id}/{verb}")
    missing = member.client.post(f"/api/v1/accounts/1/{verb}")

    assert (own.status_code, missing.status_code) == (422, 404)


def test_a_block_waits_for_every_standby_and_a_follow_does_not(
    run_app: Callable[..., RunningApp],
    app_database: Any,
    join: Join,
    fence: FenceControl,
    confirm: Callable[[str], None],
) -> None:
    """It answers a block with 503 while one of two standbys has not confirmed it, and not before."""
    person, other = join(), join()
    target = other.id
    hasty = run_app(app_database.url, acknowledge_timeout=1.0)
    fence.set(rule=[{"sync": ["gcp", "azure"], "needed": 1}])
    confirm("gcp")

    with hasty.client(authorization=f"Bearer {person.token}") as client:
        answers = {
            verb: _confirmed(client, f"/api/v1/accounts/{target}/{verb}", confirm) for verb in ("follow", "block")
        }

    assert answers == {"follow": 200, "block": 503}


def _confirmed(client: httpx.Client, path: str, confirm: Callable[[str], None]) -> int:
    """Send a request while gcp, and only gcp, confirms everything."""

    done = threading.Event()

    def follow() -> None:
        while not done.wait(0.02):
            confirm("gcp")

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        return client.post(path).status_code
    finally:
        done.set()
        thread.join()
