"""Takedowns in one database, carried out in the agent's role: what goes, what stays, and that it does not come back."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from app import takedowns
from app.models import Base
from tests.app.conftest import PASSWORD, Api, FenceControl, Member, RunningApp
from tests.app.routes.test_media import key_of, upload


@pytest.fixture
def carry_out(app_database: Any) -> Callable[[takedowns.Kind, str], None]:
    """Give a function that takes something down as the agent does."""

    def act(kind: takedowns.Kind, target: str) -> None:
        with psycopg.connect(app_database.agent_url) as connection:
            takedowns.carry_out(connection, kind, takedowns.canonical_target(kind, target), "entry")

    return act


def digest_of(key: str) -> str:
    return key.rpartition("/")[2].partition(".")[0]


def waits_for_removal(fence: FenceControl, key: str) -> bool:
    query = "SELECT count(*) FROM media_outbox WHERE key = %s AND site = '*' AND NOT wanted AND done_at IS NULL"
    return fence.run(query, key) == 1


def test_a_picture_goes_from_every_post_and_is_not_taken_again(
    app_server: RunningApp, join: Callable[[], Member], picture: bytes, fence: FenceControl, carry_out: Any
) -> None:
    """It leaves the posts of both people without the picture, queues its removal, and refuses it from then on."""
    people = [join(), join()]
    made = [upload(person, picture) for person in people]
    posts = [person.post("look", media_ids=[one["id"]]) for person, one in zip(people, made, strict=True)]
    key = key_of(app_server, made[0])

    carry_out("media", digest_of(key))
    carry_out("media", digest_of(key))

    shown = [
        person.read(f"/api/v1/statuses/{post['id']}")["media_attachments"]
        for person, post in zip(people, posts, strict=True)
    ]
    assert shown == [[], []]
    assert people[0].client.get(made[0]["url"]).status_code == 404
    assert waits_for_removal(fence, key)
    again = people[0].client.post("/api/v2/media", files={"file": ("a.png", picture, "image/png")})
    assert again.status_code == 422


def test_a_picture_that_nobody_posted_is_known_all_the_same(fence: FenceControl, carry_out: Any) -> None:
    """It queues the removal of both names that a picture may have, and refuses it should somebody upload it later."""
    carry_out("media", "ab" * 32)

    for key in takedowns.keys_of("ab" * 32):
        assert waits_for_removal(fence, key)


def test_a_post_goes_with_its_pictures(
    app_server: RunningApp, member: Member, picture: bytes, fence: FenceControl, carry_out: Any
) -> None:
    """It is named by the number in its address; its picture goes too."""
    made = upload(member, picture)
    post = member.post("gone", media_ids=[made["id"]])

    carry_out("post", post["id"])

    assert member.client.get(f"/api/v1/statuses/{post['id']}").status_code == 404
    assert waits_for_removal(fence, key_of(app_server, made))


def test_an_account_is_emptied_and_locked_and_its_reports_stay(
    app_server: RunningApp, api: Api, join: Callable[[], Member], picture: bytes, fence: FenceControl, carry_out: Any
) -> None:
    """Posts, pictures and tokens are gone; nobody can log in or take the name; what others reported is still there."""
    bad, witness = join(), join()
    made = upload(bad, picture)
    post = bad.post("bad", media_ids=[made["id"]])
    bad_id = bad.id
    witness.act("/api/v1/reports", account_id=bad_id, status_ids=[post["id"]], comment="look")

    carry_out("account", bad_id)

    assert witness.read(f"/api/v1/accounts/{bad_id}/statuses") == []
    assert waits_for_removal(fence, key_of(app_server, made))
    assert bad.client.get("/api/v1/accounts/verify_credentials").status_code == 401
    assert fence.run("SELECT comment FROM report WHERE target_id = %s", takedowns.canonical_target("account", bad_id))
    form = {"username": bad.username, "email": "x@example.org", "password": PASSWORD, "agreement": "true"}
    headers = {"authorization": f"Bearer {api.token}"}
    assert httpx.post(f"{app_server.address}/api/v1/accounts", data=form, headers=headers).status_code == 422


# Whose rows a takedown of an account leaves: other people's, and what shows nothing of that person to anybody else.
STAY = {
    "block", "content_filter", "conversation", "bookmark", "favourite", "follow", "follow_request", "invitation", "list_member",
    "marker", "mention", "mute", "notification", "pin", "poll_vote", "reading_list", "report", "tag_follow",
}  # fmt: skip


def test_it_is_decided_for_every_table_what_a_takedown_of_an_account_leaves() -> None:
    """A new table that belongs to an account is either emptied or named here, with a thought."""
    owned = {
        table.name
        for table in Base.metadata.sorted_tables
        if any(key.column.table.name == "account" for key in table.foreign_keys)
    }

    assert owned - STAY == set(takedowns.EMPTIED)


def test_it_asks_whether_anything_is_left(app_database: Any, member: Member, carry_out: Any) -> None:
    """It says so for a post before, and not after."""
    target = takedowns.canonical_target("post", member.post("here")["id"])

    with psycopg.connect(app_database.agent_url, autocommit=True) as connection:
        before = takedowns.remains(connection, "post", target)
        carry_out("post", target)

        assert (before, takedowns.remains(connection, "post", target)) == (True, False)
        assert ("post", target) in takedowns.carried_out(connection)


@pytest.mark.parametrize(
    ("kind", "target", "words"),
    [
        ("video", "1", "there is no kind 'video'"),
        ("media", "ab", "no SHA-256 in hexadecimal"),
        ("post", "mine", "no id of such a thing .post"),
        ("account", "9" * 60, "no id of such a thing .account"),
    ],
)
def test_an_odd_target_is_refused(kind: str, target: str, words: str) -> None:
    """It says what is wrong with it."""
    with pytest.raises(ValueError, match=words):
        takedowns.canonical_target(kind, target)


def test_a_target_has_one_spelling() -> None:
    """It gives the same for the number of the API, the UUID, and either in other letters."""
    number = 0x0192F0A1_0000_7000_8000_0000000000AB

    found = {takedowns.canonical_target("post", text) for text in (str(number), "0192F0A1-0000-7000-8000-0000000000AB")}

    assert found == {"0192f0a1-0000-7000-8000-0000000000ab"}
