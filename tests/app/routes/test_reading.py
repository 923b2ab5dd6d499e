"""Lists, filters, conversations, hashtags, pins, markers: how a person reads."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from app.filters import pattern
from tests.app.conftest import Member, numbers

Join = Callable[[], Member]


def ids(posts: list[dict[str, Any]]) -> list[str]:
    """Give the ids of entities."""
    return [post["id"] for post in posts]


def test_a_list_shows_its_people(join: Join) -> None:
    """It holds followed people only, shows their posts, and forgets one who is unfollowed."""
    me, friend, stranger = join(), join(), join()
    me.follow(friend)
    made = me.act("/api/v1/lists", title="Friends")
    path = f"/api/v1/lists/{made['id']}"

    refused = me.client.post(f"{path}/accounts", json={"account_ids": [stranger.id]})
    me.act(f"{path}/accounts", account_ids=[friend.id])
    post = friend.post("from a friend")["id"]

    assert refused.status_code == 404
    assert ids(me.read(f"{path}/accounts")) == [friend.id]
    assert ids(me.read(f"/api/v1/accounts/{friend.id}/lists")) == [made["id"]]
    assert ids(me.read(f"/api/v1/timelines/list/{made['id']}")) == [post]
    assert stranger.client.get(path).status_code == 404
    me.act(f"/api/v1/accounts/{friend.id}/unfollow")
    assert me.read(f"{path}/accounts") == me.read(f"/api/v1/timelines/list/{made['id']}") == []


def test_a_list_can_keep_its_people_out_of_home(join: Join) -> None:
    """It shows the posts of an exclusive list there alone."""
    me, friend = join(), join()
    me.follow(friend)
    made = me.act("/api/v1/lists", title="Loud")
    me.act(f"/api/v1/lists/{made['id']}/accounts", account_ids=[friend.id])
    post = friend.post("loud")["id"]
    before = ids(me.read("/api/v1/timelines/home"))

    me.client.put(f"/api/v1/lists/{made['id']}", json={"exclusive": True})

    assert before == [post]
    assert me.read("/api/v1/timelines/home") == []
    assert ids(me.read(f"/api/v1/timelines/list/{made['id']}")) == [post]
    me.client.delete(f"/api/v1/lists/{made['id']}")
    assert ids(me.read("/api/v1/timelines/home")) == [post]
    assert me.read("/api/v1/lists") == []


@pytest.mark.parametrize(("policy", "shown"), [("none", 0), ("list", 1), ("followed", 2)])
def test_a_list_has_a_policy_on_replies(join: Join, policy: str, shown: int) -> None:
    """It shows replies to nobody, to its people, or to everybody who is followed."""
    me, one, other, outside = join(), join(), join(), join()
    for person in (one, other, outside):
        me.follow(person)
    made = me.act("/api/v1/lists", title="x", replies_policy=policy)
    me.act(f"/api/v1/lists/{made['id']}/accounts", account_ids=[one.id, other.id])
    replies = [
        one.post("reply", in_reply_to_id=person.post("?", visibility="unlisted")["id"])["id"]
        for person in (other, outside)
    ]

    found = ids(me.read(f"/api/v1/timelines/list/{made['id']}"))

    assert [reply for reply in replies if reply in found] == replies[:shown]


def test_a_filter_marks_what_it_finds(join: Join) -> None:
    """It finds whole words in text and warning whatever their case, marks posts of others only, and can name a post."""
    me, other = join(), join()
    word = f"cat{next(numbers)}"
    words = [{"keyword": word.upper(), "whole_word": True}]
    made = me.act("/api/v2/filters", title="Cats", context=["home", "public"], keywords_attributes=words)
    hit = other.post(f"My {word}!")["id"]
    miss = other.post(f"a{word}s")["id"]
    named = me.act(f"/api/v2/filters/{made['id']}/statuses", status_id=miss)

    def results(status_id: str) -> list[dict[str, Any]]:
        return me.read(f"/api/v1/statuses/{status_id}")["filtered"]

    assert [(found["keyword_matches"], found["status_matches"]) for found in results(hit)] == [([word.upper()], [])]
    assert [(found["keyword_matches"], found["status_matches"]) for found in results(miss)] == [([], [miss])]
    assert results(hit)[0]["filter"]["title"] == "Cats"
    assert me.post(word)["filtered"] == other.read(f"/api/v1/statuses/{hit}")["filtered"] == []
    me.client.delete(f"/api/v2/filters/statuses/{named['id']}")
    assert results(miss) == []
    me.client.put(f"/api/v2/filters/{made['id']}", json={"expires_in": 1})
    time.sleep(1.1)
    assert results(hit) == []


def test_the_words_of_a_filter_change(member: Member) -> None:
    """It adds, changes and takes out words, alone or with their filter, from JSON and from a form."""
    form = {"title": "x", "context[]": ["home"], "keywords_attributes[0][keyword]": "one"}
    made = member.client.post("/api/v2/filters", data=form).json()
    path, first = f"/api/v2/filters/{made['id']}", made["keywords"][0]["id"]

    second = member.act(f"{path}/keywords", keyword="two", whole_word=False)
    changed = member.client.put(f"/api/v2/filters/keywords/{first}", json={"keyword": "uno"}).json()
    gone = [{"id": second["id"], "_destroy": True}, {"keyword": "three"}]
    after = member.client.put(path, json={"title": "y", "filter_action": "hide", "keywords_attributes": gone}).json()

    assert changed == {"id": first, "keyword": "uno", "whole_word": True}
    assert [word["keyword"] for word in after["keywords"]] == ["uno", "three"]
    assert (after["title"], after["filter_action"], after["context"]) == ("y", "hide", ["home"])
    member.client.delete(f"/api/v2/filters/keywords/{first}")
    assert [word["keyword"] for word in member.read(f"{path}/keywords")] == ["three"]
    member.client.delete(path)
    assert member.read("/api/v2/filters") == []


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"title": "x"},
        {"title": "x", "context": []},
        {"title": "x", "context": ["everywhere"]},
        {"title": " ", "context": ["home"]},
        {"title": "x", "context": ["home"], "keywords_attributes": [{"keyword": ""}]},
        {"title": "x", "context": ["home"], "keywords_attributes": [{"keyword": "x" * 101}]},
    ],
)
def test_an_odd_filter_is_refused(member: Member, form: dict[str, Any]) -> None:
    """It answers 422 and keeps nothing."""
    assert member.client.post("/api/v2/filters", json=form).status_code == 422
    assert member.read("/api/v2/filters") == []


@pytest.mark.parametrize(
    "word", ["a.b", "(", "[x", "\\d", "c++", "50%", "a|b", "^", "***", "#tag", "@you", "\u00fcber"]
)
def test_every_character_of_a_word_is_text(join: Join, word: str) -> None:
    """It finds the word as it was written, and nothing like it."""
    me, other = join(), join()
    me.act("/api/v2/filters", title="x", context=["home"], keywords_attributes=[{"keyword": word, "whole_word": True}])
    hit, miss = other.post(f"well {word} then"), other.post("well a-b 7 then")

    assert [len(me.read(f"/api/v1/statuses/{post['id']}")["filtered"]) for post in (hit, miss)] == [1, 0]
    assert pattern("cat", whole=False) == "cat"


def test_direct_posts_make_a_conversation(join: Join) -> None:
    """It keeps a thread together for both, says who has not read it, and shows the post before a deleted one."""
    me, other = join(), join()
    first = me.post(f"@{other.username} psst", visibility="direct")
    second = other.post(f"@{me.username} what?", visibility="direct", in_reply_to_id=first["id"])

    mine, theirs = me.read("/api/v1/conversations")[0], other.read("/api/v1/conversations")[0]

    assert (mine["unread"], theirs["unread"]) == (True, False)
    assert mine["last_status"]["id"] == theirs["last_status"]["id"] == second["id"]
    assert (ids(mine["accounts"]), ids(theirs["accounts"])) == ([other.id], [me.id])
    assert me.act(f"/api/v1/conversations/{mine['id']}/read")["unread"] is False
    assert me.act(f"/api/v1/conversations/{mine['id']}/unread")["unread"] is True
    other.client.delete(f"/api/v1/statuses/{second['id']}")
    assert me.read("/api/v1/conversations")[0]["last_status"]["id"] == first["id"]
    assert other.client.post(f"/api/v1/conversations/{mine['id']}/read").status_code == 404
    me.client.delete(f"/api/v1/conversations/{mine['id']}")
    assert me.read("/api/v1/conversations") == []
    assert len(other.read("/api/v1/conversations")) == 1
    me.client.delete(f"/api/v1/statuses/{first['id']}")
    assert other.read("/api/v1/conversations") == []


def test_a_third_person_joins_a_conversation(join: Join) -> None:
    """It is one conversation for those who were there, with everybody who was named."""
    me, other, third = join(), join(), join()
    first = me.post(f"@{other.username} psst", visibility="direct")
    me.post(f"@{other.username} @{third.username} listen", visibility="direct", in_reply_to_id=first["id"])

    found = [person.read("/api/v1/conversations") for person in (me, other, third)]

    assert [len(one) for one in found] == [1, 1, 1]
    assert sorted(ids(found[0][0]["accounts"])) == sorted([other.id, third.id])
    assert sorted(ids(found[2][0]["accounts"])) == sorted([me.id, other.id])


def test_followed_hashtags_are_in_the_home_timeline(join: Join) -> None:
    """It shows public posts of anybody with the hashtag, once, and no longer when it is unfollowed."""
    me, friend, stranger = join(), join(), join()
    me.follow(friend)
    tag = f"tag{next(numbers)}"
    me.act(f"/api/v1/tags/{tag.upper()}/follow")
    posts = [friend.post(f"#{tag}")["id"], stranger.post(f"#{tag} #more")["id"]]
    stranger.post(f"#{tag}", visibility="unlisted")

    assert ids(me.read("/api/v1/timelines/home")) == posts[::-1]
    assert ids(me.read("/api/v1/timelines/home", limit=1, max_id=posts[1])) == posts[:1]
    assert [found["name"] for found in me.read("/api/v1/followed_tags")] == [tag]
    assert me.read(f"/api/v1/tags/{tag}")["following"] is True
    me.act(f"/api/v1/tags/{tag}/unfollow")
    assert ids(me.read("/api/v1/timelines/home")) == posts[:1]
    assert me.client.get("/api/v1/tags/no%20tag").status_code == 422


def test_a_profile_features_hashtags(join: Join) -> None:
    """It counts how often each was used, suggests others, and shows them to everybody."""
    me, other = join(), join()
    me.post("#boats #sea")
    me.post("#boats")
    made = me.act("/api/v1/featured_tags", name="#Boats")

    assert (made["name"], made["statuses_count"]) == ("boats", "2")
    assert [found["name"] for found in me.read("/api/v1/featured_tags/suggestions")] == ["sea"]
    assert other.read(f"/api/v1/accounts/{me.id}/featured_tags") == me.read("/api/v1/featured_tags") == [made]
    me.client.delete(f"/api/v1/featured_tags/{made['id']}")
    assert me.read("/api/v1/featured_tags") == []


def test_a_person_pins_five_posts_of_their_own(join: Join) -> None:
    """It shows the last pinned first, and refuses a sixth, a direct one, and somebody else's."""
    me, other = join(), join()
    posts = [me.post(str(number))["id"] for number in range(6)]
    for post in posts[:5]:
        assert me.act(f"/api/v1/statuses/{post}/pin")["pinned"] is True
    odd = (posts[5], me.post("x", visibility="direct")["id"], other.post()["id"])

    refused = [me.client.post(f"/api/v1/statuses/{post}/pin").status_code for post in odd]

    assert refused == [422] * 3
    assert ids(other.read(f"/api/v1/accounts/{me.id}/statuses", pinned=True)) == posts[4::-1]
    assert me.act(f"/api/v1/statuses/{posts[0]}/unpin")["pinned"] is False
    assert len(other.read(f"/api/v1/accounts/{me.id}/statuses", pinned=True)) == 4


def test_places_and_preferences_are_kept(member: Member) -> None:
    """It stores how far each timeline was read, and raises the version when it moves."""
    home = {"home": {"last_read_id": "12"}}
    member.act("/api/v1/markers", **home)
    member.act("/api/v1/markers", **home, notifications={"last_read_id": "7"})

    moved = member.client.post("/api/v1/markers", data={"home[last_read_id]": "13"}).json()

    found = member.client.get("/api/v1/markers", params={"timeline[]": ["home", "notifications"]}).json()
    assert (moved["home"]["version"], found["home"]["last_read_id"]) == (2, "13")
    assert found["notifications"]["version"] == 1
    assert member.client.post("/api/v1/markers", json={}).status_code == 422
    assert member.read("/api/v1/preferences")["posting:default:visibility"] == "public"
