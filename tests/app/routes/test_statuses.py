"""Posts through the API."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.app.conftest import FenceControl, Member, RunningApp


def test_a_post_is_shown_as_mastodon_shows_it(member: Member, anonymous: httpx.Client) -> None:
    """It answers with the Status entity, its id a decimal number, and everybody can read it."""
    made = member.post("hello <b>", language="en")

    assert made["id"].isdigit()
    assert made["content"] == "<p>hello &lt;b&gt;</p>"
    assert made["account"]["username"] == member.username
    assert made["application"] == {"name": "tests", "website": None}
    assert (made["visibility"], made["language"], made["media_attachments"]) == ("public", "en", [])
    assert anonymous.get(f"/api/v1/statuses/{made['id']}").json() == made


def test_paths_work_with_a_slash_at_their_end(member: Member) -> None:
    """It takes the post itself, without a redirect that a client would lose its body on."""
    answer = member.client.post("/api/v1/statuses/", data={"status": "slash"})

    assert answer.status_code == 200
    assert member.client.get(f"/api/v1/statuses/{answer.json()['id']}/").json()["content"] == "<p>slash</p>"


def test_the_same_idempotency_key_gives_the_same_single_post(member: Member) -> None:
    """It answers eight simultaneous requests with one key with one and the same post."""

    def send(_: int) -> httpx.Response:
        return member.client.post("/api/v1/statuses", json={"status": "once"}, headers={"Idempotency-Key": "abc"})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(member.client.get("/api/v1/timelines/home").json()) == 1


def test_two_people_may_use_the_same_key(join: Callable[[], Member]) -> None:
    """It keeps the keys of two accounts apart."""
    first, second = join(), join()

    ids = {
        person.client.post("/api/v1/statuses", json={"status": "x"}, headers={"Idempotency-Key": "same"}).json()["id"]
        for person in (first, second)
    }

    assert len(ids) == 2


def test_a_retry_after_503_gives_the_post_that_was_saved(
    run_app: Callable[..., RunningApp],
    app_database: Any,
    member: Member,
    fence: FenceControl,
    confirm: Callable[[str], None],
) -> None:
    """It answers 503 with a key while nobody confirms, waits with the retry too, and then gives that one post."""
    fence.set(rule=[{"sync": ["gcp"], "needed": 1}])
    hasty = run_app(app_database.url, acknowledge_timeout=0.25)

    with hasty.client(authorization=f"Bearer {member.token}") as client:
        first = client.post("/api/v1/statuses", json={"status": "kept"})
        key = {"Idempotency-Key": first.headers["idempotency-key"]}
        second = client.post("/api/v1/statuses", json={"status": "kept"}, headers=key)
        fence.set(rule=[{"sync": [], "needed": 0}])
        third = client.post("/api/v1/statuses", json={"status": "kept"}, headers=key)

    assert [first.status_code, second.status_code, third.status_code] == [503, 503, 200]
    assert first.json()["idempotency_key"] == second.headers["idempotency-key"] == key["Idempotency-Key"]
    assert first.headers["retry-after"] == "1"
    posts = member.client.get("/api/v1/timelines/home").json()
    assert [post["id"] for post in posts] == [third.json()["id"]]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"status": "x" * 501}, "Validation failed: Text character limit of 500 exceeded (this post has 501)"),
        ({"status": "x" * 400, "spoiler_text": "y" * 101}, "character limit of 500 exceeded"),
        ({"status": "  \n "}, "Validation failed: Text can't be blank"),
        ({}, "Validation failed: Text can't be blank"),
        ({"status": "x", "visibility": "secret"}, "Validation failed: Visibility is invalid"),
        ({"status": "x", "media_ids": ["1", "2", "3", "4", "5"]}, "Cannot attach more than 4 files"),
        ({"status": "x", "media_ids": ["12"]}, "A picture of this post was not found"),
        ({"status": "x", "scheduled_at": "yesterday"}, "Validation failed: Scheduled at is invalid"),
        ({"status": "x", "media_ids": 7}, "Validation failed: Media ids is invalid"),
    ],
)
def test_an_odd_post_is_refused_in_a_sentence(member: Member, fields: dict[str, Any], sentence: str) -> None:
    """It answers 422 and stores nothing."""
    answer = member.client.post("/api/v1/statuses", json=fields)

    assert answer.status_code == 422
    assert sentence in answer.json()["error"]
    assert member.client.get("/api/v1/timelines/home").json() == []


def test_five_hundred_characters_are_taken(member: Member) -> None:
    """It counts characters, not bytes."""
    assert member.post("ü" * 500)["content"] == f"<p>{'ü' * 500}</p>"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{not json", "The body is not JSON"),
        (b'"text"', "The body is JSON but not an object"),
        (b"[" * 100_000, "The body is not JSON"),
        (b'{"status": "a\\u0000b"}', "NUL character"),
        (b"\xff\xfe", "The body is not JSON"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_bad_request(member: Member, body: bytes, sentence: str) -> None:
    """It answers 400 in one sentence."""
    answer = member.client.post("/api/v1/statuses", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert sentence in answer.json()["error"]


def test_half_a_character_is_refused(member: Member) -> None:
    """It answers 422 for a lone surrogate, which no database can hold."""
    body = b'{"status": "\\ud800"}'

    answer = member.client.post("/api/v1/statuses", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422


def test_a_reply_names_what_it_answers(member: Member) -> None:
    """It keeps the post and the person replied to, and refuses a reply to nothing."""
    first = member.post("first")
    reply = member.post("second", in_reply_to_id=first["id"])
    missing = member.client.post("/api/v1/statuses", json={"status": "x", "in_reply_to_id": "1"})

    assert (reply["in_reply_to_id"], reply["in_reply_to_account_id"]) == (first["id"], first["account"]["id"])
    assert missing.status_code == 404


@pytest.mark.parametrize("visibility", ["private", "direct"])
def test_what_is_not_public_is_for_its_author_alone(join: Callable[[], Member], visibility: str) -> None:
    """It is not found for anybody else, neither by id nor in a timeline."""
    author, other = join(), join()
    post = author.post("secret", visibility=visibility)

    assert author.client.get(f"/api/v1/statuses/{post['id']}").status_code == 200
    assert other.client.get(f"/api/v1/statuses/{post['id']}").status_code == 404
    assert post["id"] not in other.client.get("/api/v1/timelines/public").text
    assert other.client.get(f"/api/v1/accounts/{post['account']['id']}/statuses").json() == []


def test_a_deleted_post_is_gone_and_deleting_again_is_no_error(member: Member) -> None:
    """It gives the text back once, then answers a repeated deletion, which a 503 may have caused, with success."""
    post = member.post("gone")

    first = member.client.delete(f"/api/v1/statuses/{post['id']}")
    second = member.client.delete(f"/api/v1/statuses/{post['id']}")

    assert (first.status_code, first.json()["text"]) == (200, "gone")
    assert (second.status_code, second.json()) == (200, {})
    assert member.client.get(f"/api/v1/statuses/{post['id']}").status_code == 404


def test_a_key_whose_post_was_deleted_does_not_bring_it_back(member: Member) -> None:
    """It answers 404 to a late retry and makes no second post."""
    key = {"Idempotency-Key": "late"}
    post = member.client.post("/api/v1/statuses", json={"status": "x"}, headers=key).json()
    member.client.delete(f"/api/v1/statuses/{post['id']}")

    answer = member.client.post("/api/v1/statuses", json={"status": "x"}, headers=key)

    assert answer.status_code == 404
    assert member.client.get("/api/v1/timelines/home").json() == []


def test_nobody_deletes_the_post_of_another(join: Callable[[], Member]) -> None:
    """It is not found for another person, and stays."""
    author, other = join(), join()
    post = author.post("mine")

    assert other.client.delete(f"/api/v1/statuses/{post['id']}").status_code == 404
    assert author.client.get(f"/api/v1/statuses/{post['id']}").status_code == 200


def test_an_over_long_idempotency_key_is_refused(member: Member) -> None:
    """It answers 422 in one sentence."""
    answer = member.client.post("/api/v1/statuses", json={"status": "x"}, headers={"Idempotency-Key": "k" * 256})

    assert (answer.status_code, answer.json()["error"]) == (
        422, "The Idempotency-Key must have 1 to 255 characters, all of them printable ASCII.",
    )  # fmt: skip
