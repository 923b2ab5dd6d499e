"""Favourites, boosts and bookmarks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.app.conftest import Member

Join = Callable[[], Member]


@pytest.mark.parametrize(
    ("verb", "flag", "count"),
    [
        ("favourite", "favourited", "favourites_count"),
        ("reblog", "reblogged", "reblogs_count"),
        ("bookmark", "bookmarked", None),
    ],
)
def test_it_is_done_once_and_taken_back(
    join: Join, anonymous: httpx.Client, verb: str, flag: str, count: str | None
) -> None:
    """It sets the flag for the one who did it, counts eight simultaneous requests once, and tells the author once."""
    author, reader = join(), join()
    post = author.post()["id"]

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: reader.client.post(f"/api/v1/statuses/{post}/{verb}").status_code, range(8)))

    mine, theirs = reader.read(f"/api/v1/statuses/{post}"), anonymous.get(f"/api/v1/statuses/{post}").json()
    assert codes == [200] * 8
    assert (mine[flag], theirs[flag]) == (True, False)
    assert count is None or mine[count] == theirs[count] == 1
    kinds = [notice["type"] for notice in author.read("/api/v1/notifications")]
    assert kinds == ([] if verb == "bookmark" else [verb])
    back = reader.act(f"/api/v1/statuses/{post}/un{verb}")
    assert (back["id"], back[flag]) == (post, False)
    assert author.read("/api/v1/notifications") == []


def test_what_is_done_to_a_boost_is_done_to_the_post(join: Join) -> None:
    """It favourites and boosts the original when a client names the boost, and undoing finds it by the boost."""
    author, booster, reader = join(), join(), join()
    post = author.post("original")["id"]
    boost = booster.act(f"/api/v1/statuses/{post}/reblog")

    favourite = reader.act(f"/api/v1/statuses/{boost['id']}/favourite")
    second = reader.act(f"/api/v1/statuses/{boost['id']}/reblog")
    undone = booster.act(f"/api/v1/statuses/{boost['id']}/unreblog")

    assert (boost["reblog"]["id"], boost["content"], boost["account"]["username"]) == (
        post,
        "<p>original</p>",
        booster.username,
    )
    assert (favourite["id"], favourite["reblog"]["favourited"]) == (boost["id"], True)
    assert reader.read(f"/api/v1/statuses/{post}")["favourites_count"] == 1
    assert second["reblog"]["id"] == undone["id"] == post
    assert undone["reblogs_count"] == 1


@pytest.mark.parametrize("visibility", ["private", "direct"])
def test_what_only_some_may_see_is_not_boosted_by_others(join: Join, visibility: str) -> None:
    """It is not found for boosting, even by one who may read it."""
    author, reader = join(), join()
    reader.follow(author)
    post = author.post(f"for @{reader.username}", visibility=visibility)["id"]

    assert reader.client.get(f"/api/v1/statuses/{post}").status_code == 200
    assert reader.client.post(f"/api/v1/statuses/{post}/reblog").status_code == 404


def test_a_deleted_post_takes_everything_with_it(join: Join) -> None:
    """It leaves no boost, favourite, bookmark or notification behind."""
    author, reader = join(), join()
    post = author.post()["id"]
    for verb in ("favourite", "reblog", "bookmark"):
        reader.act(f"/api/v1/statuses/{post}/{verb}")

    author.client.delete(f"/api/v1/statuses/{post}")

    for path in ("/api/v1/favourites", "/api/v1/bookmarks", "/api/v1/timelines/home"):
        assert reader.read(path) == []
    assert author.read("/api/v1/notifications") == []


def test_favourites_are_paged_by_when_they_were_made(join: Join) -> None:
    """It lists the last favourite first, and its Link header leads on to the older ones."""
    author, reader = join(), join()
    posts = [author.post(str(number))["id"] for number in range(3)]
    for post in (posts[1], posts[2], posts[0]):
        reader.act(f"/api/v1/statuses/{post}/favourite")

    first = reader.client.get("/api/v1/favourites", params={"limit": 2})
    rest = reader.client.get(first.links["next"]["url"])

    assert [post["id"] for post in first.json() + rest.json()] == [posts[0], posts[2], posts[1]]
