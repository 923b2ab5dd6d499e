"""Threads, edits, and the people and tags in a post."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.app.conftest import Member

Join = Callable[[], Member]


def ids(posts: list[dict]) -> list[str]:
    """Give the ids of posts."""
    return [post["id"] for post in posts]


def test_a_thread_is_read_as_a_tree(member: Member) -> None:
    """It gives what a post answers, oldest first, and each answer followed by its own answers."""
    root = member.post("root")["id"]
    first = member.post("first", in_reply_to_id=root)["id"]
    second = member.post("second", in_reply_to_id=root)["id"]
    below = member.post("below first", in_reply_to_id=first)["id"]

    top, middle = (member.read(f"/api/v1/statuses/{post}/context") for post in (root, below))

    assert (ids(top["ancestors"]), ids(top["descendants"])) == ([], [first, below, second])
    assert (ids(middle["ancestors"]), middle["descendants"]) == ([root, first], [])
    assert member.read(f"/api/v1/statuses/{root}")["replies_count"] == 2


def test_a_thread_leaves_out_what_the_reader_may_not_see(join: Join) -> None:
    """It hides a direct reply from others, and still shows what is below it."""
    author, other = join(), join()
    root = author.post("root")["id"]
    hidden = author.post("hidden", in_reply_to_id=root, visibility="direct")["id"]
    below = author.post("below", in_reply_to_id=hidden)["id"]

    assert ids(other.read(f"/api/v1/statuses/{root}/context")["descendants"]) == [below]
    assert ids(author.read(f"/api/v1/statuses/{root}/context")["descendants"]) == [hidden, below]


def test_an_edit_keeps_every_version_and_what_was_not_sent(member: Member) -> None:
    """It changes the text, keeps the warning, adds one version per change and none for a repetition."""
    post = member.post("one #old", spoiler_text="careful", language="en")["id"]

    edited = [member.client.put(f"/api/v1/statuses/{post}", json={"status": "two #new"}) for _ in range(2)][-1].json()

    history = member.read(f"/api/v1/statuses/{post}/history")
    assert (edited["spoiler_text"], edited["language"], edited["sensitive"]) == ("careful", "en", True)
    assert [tag["name"] for tag in edited["tags"]] == ["new"]
    assert [version["content"][:6] for version in history] == ["<p>one", "<p>two"]
    assert history[0]["created_at"] == edited["created_at"]
    assert history[1]["created_at"] == edited["edited_at"]
    assert ids(member.read("/api/v1/timelines/tag/old")) == []


def test_a_version_says_what_its_poll_asked(member: Member) -> None:
    """It keeps the answers of every version beside its text, also of a post that was never edited."""
    post = member.post("lunch?", poll={"options": ["bread", "soup"], "expires_in": 600})["id"]
    address = f"/api/v1/statuses/{post}"
    only = member.read(f"{address}/history")

    member.client.put(address, json={"status": "dinner?"})
    member.client.put(address, json={"status": "dinner?", "poll": {"options": ["fish", "rice"], "expires_in": 600}})

    asked = [[option["title"] for option in one["poll"]["options"]] for one in member.read(f"{address}/history")]
    assert [one["poll"] for one in only] == [{"options": [{"title": "bread"}, {"title": "soup"}]}]
    assert asked == [["bread", "soup"], ["bread", "soup"], ["fish", "rice"]]


def test_an_unedited_post_has_one_version(member: Member) -> None:
    """It gives the post itself as its history."""
    post = member.post("only")

    history = member.read(f"/api/v1/statuses/{post['id']}/history")

    assert [(version["content"], version["created_at"]) for version in history] == [("<p>only</p>", post["created_at"])]


def test_pictures_of_a_post_are_exchanged(member: Member, picture: bytes) -> None:
    """It takes a picture off with an empty list of ids, and puts it back on."""
    media = member.client.post("/api/v2/media", files={"file": picture}).json()["id"]
    post = member.post("look", media_ids=[media])["id"]
    address = f"/api/v1/statuses/{post}"

    without = member.client.put(address, json={"status": "look", "media_ids": []}).json()
    with_it = member.client.put(address, json={"status": "look", "media_ids": [media]}).json()

    assert without["media_attachments"] == []
    assert ids(with_it["media_attachments"]) == [media]


@pytest.mark.parametrize("as_form", [False, True])
def test_an_edit_says_anew_what_a_picture_shows(member: Member, picture: bytes, as_form: bool) -> None:
    """It changes words and point of a picture of the post with its text, as JSON and as a form, and twice the same once."""
    media = [member.client.post("/api/v2/media", files={"file": picture}).json()["id"] for _ in range(2)]
    address = f"/api/v1/statuses/{member.post('look', media_ids=media[:1])['id']}"
    said = {"id": media[0], "description": "a boat", "focus": "0.5,0.25"}
    form = {f"media_attributes[][{name}]": value for name, value in said.items()}
    body: Any = {"data": form} if as_form else {"json": {"media_attributes": [said, said | {"id": media[1]}]}}

    edited = member.client.put(address, **body).json()
    again = member.client.put(address, **body).json()

    (shown,) = edited["media_attachments"]
    assert (shown["description"], shown["meta"]["focus"]) == ("a boat", {"x": 0.5, "y": 0.25})
    assert edited["edited_at"] == again["edited_at"] is not None
    assert member.read(f"/api/v1/media/{media[1]}")["description"] is None


@pytest.mark.parametrize(("change", "status"), [({"status": "x" * 501}, 422), ({"status": " "}, 422)])
def test_an_odd_edit_changes_nothing(member: Member, change: dict[str, str], status: int) -> None:
    """It is refused as an odd post is."""
    post = member.post("kept")["id"]

    answer = member.client.put(f"/api/v1/statuses/{post}", json=change)

    assert answer.status_code == status
    assert member.read(f"/api/v1/statuses/{post}")["content"] == "<p>kept</p>"


def test_nobody_edits_the_post_of_another_or_a_boost(join: Join) -> None:
    """It is not found for another person, and a boost has no text of its own."""
    author, other = join(), join()
    post = author.post("mine")["id"]
    boost = other.act(f"/api/v1/statuses/{post}/reblog")["id"]

    answers = [other.client.put(f"/api/v1/statuses/{key}", json={"status": "changed"}) for key in (post, boost)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert author.read(f"/api/v1/statuses/{post}/source")["text"] == "mine"


def test_people_and_tags_in_a_post_become_links_and_entities(join: Join) -> None:
    """It links the people that exist and the tags, names them once, and leaves other text alone."""
    author, named = join(), join()

    post = author.post(f"@{named.username} @{named.username.upper()} @nobody_here a@b.org #Café #12 #café")

    assert [(person["id"], person["acct"]) for person in post["mentions"]] == [(named.id, named.username)]
    assert [tag["name"] for tag in post["tags"]] == ["café"]
    assert post["content"].count("<a ") == 4
    assert f'/@{named.username}" class="u-url mention">@{named.username}</a>' in post["content"]
    assert "@nobody_here a@b.org" in post["content"]
    assert post["id"] in ids(author.read("/api/v1/timelines/tag/CAFÉ"))


def test_a_person_added_by_an_edit_is_told_once(join: Join) -> None:
    """It tells who is new in the text, and nobody twice."""
    author, first, second = join(), join(), join()
    post = author.post(f"@{first.username}")["id"]

    for text in (f"@{first.username} @{second.username}", f"@{second.username} @{first.username} again"):
        author.client.put(f"/api/v1/statuses/{post}", json={"status": text})

    for person in (first, second):
        assert [notice["type"] for notice in person.read("/api/v1/notifications")] == ["mention"]
