"""Timelines by keyset."""

import re
from typing import Any

import httpx
import pytest

from tests.app.conftest import Member


@pytest.fixture
def ids(member: Member) -> list[str]:
    """Give the ids of seven posts, newest first."""
    return [member.post(f"post {number}")["id"] for number in range(7)][::-1]


def shown(answer: httpx.Response) -> list[str]:
    """Give the ids of a page."""
    assert answer.status_code == 200, answer.text
    return [post["id"] for post in answer.json()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, slice(0, 7)),
        ({"limit": 3}, slice(0, 3)),
        ({"max_id": 2}, slice(3, 7)),
        ({"since_id": 4}, slice(0, 4)),
        ({"since_id": 4, "limit": 2}, slice(0, 2)),
        ({"min_id": 4, "limit": 2}, slice(2, 4)),
        ({"max_id": 1, "since_id": 5}, slice(2, 5)),
        ({"max_id": 6}, slice(7, 7)),
    ],
)
def test_a_page_is_chosen_by_ids(member: Member, ids: list[str], query: dict[str, int], expected: slice) -> None:
    """It gives the posts next to an id, newest first: `since_id` from the top, `min_id` from the id upwards."""
    parameters = {name: ids[value] if name.endswith("_id") else value for name, value in query.items()}

    answer = member.client.get("/api/v1/timelines/home", params=parameters)

    assert shown(answer) == ids[expected]


def test_the_link_header_leads_through_everything(member: Member, ids: list[str]) -> None:
    """It gives every post once on the way down, and back up again, keeping the other parameters."""
    seen, url = [], "/api/v1/timelines/home?limit=3"
    while url:
        answer = member.client.get(url)
        seen += shown(answer)
        url = link(answer, "next")
    up = member.client.get(link(member.client.get(f"/api/v1/timelines/home?limit=2&max_id={ids[3]}"), "prev"))

    assert seen == ids
    assert shown(up) == ids[2:4]


def link(answer: httpx.Response, relation: str) -> str:
    """Give the address of a relation in the Link header."""
    found = dict(reversed(pair) for pair in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("link", "")))
    assert not found or "limit=" in found[relation]
    return found.get(relation, "")


def test_everybody_reads_the_public_timeline(member: Member, ids: list[str], anonymous: httpx.Client) -> None:
    """It shows public posts without a token, and not the unlisted ones."""
    unlisted = member.post("quiet", visibility="unlisted")["id"]

    page = shown(anonymous.get("/api/v1/timelines/public", params={"limit": 40}))

    assert page[:7] == ids
    assert unlisted not in page
    assert shown(anonymous.get("/api/v1/timelines/public", params={"remote": True})) == []


def test_only_media_gives_posts_with_pictures(member: Member, picture: bytes) -> None:
    """It leaves out posts without a picture."""
    media = member.client.post("/api/v2/media", files={"file": picture}).json()["id"]
    post = member.post("with picture", media_ids=[media])["id"]
    member.post("without")

    assert shown(member.client.get("/api/v1/timelines/public", params={"only_media": True, "limit": 1})) == [post]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"max_id": "abc"}, "max_id is not an id of this server."),
        ({"limit": "many"}, "The parameter limit is invalid"),
        ({"limit": 0}, "The parameter limit is invalid"),
    ],
)
def test_an_odd_page_is_refused(anonymous: httpx.Client, query: dict[str, Any], sentence: str) -> None:
    """It answers 422 in one sentence."""
    answer = anonymous.get("/api/v1/timelines/public", params=query)

    assert answer.status_code == 422
    assert sentence in answer.json()["error"]


def test_a_large_limit_means_forty(member: Member, anonymous: httpx.Client) -> None:
    """It never gives more than forty posts at once."""
    for number in range(41):
        member.post(str(number))

    assert len(shown(anonymous.get("/api/v1/timelines/public", params={"limit": 1000}))) == 40


def test_home_asks_for_a_person(anonymous: httpx.Client, api: Any) -> None:
    """It answers 401 without a token and 422 for a client that acts for nobody."""
    nobody = anonymous.get("/api/v1/timelines/home")
    client = anonymous.get("/api/v1/timelines/home", headers={"authorization": f"Bearer {api.token}"})

    assert (nobody.status_code, nobody.json()) == (401, {"error": "The access token is invalid"})
    assert (client.status_code, client.json()) == (422, {"error": "This method requires an authenticated user"})
