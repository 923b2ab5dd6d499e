"""Mastodon.py, unmodified: what a client that nobody here wrote does with the app."""

import datetime
import io
from collections.abc import Callable

import pytest
from mastodon import Mastodon
from mastodon.errors import MastodonNotFoundError, MastodonUnauthorizedError

from tests.app.conftest import PASSWORD, RunningApp, numbers

SCOPES = ["read", "write", "follow"]


@pytest.fixture
def sign_up(app_server: RunningApp) -> Callable[[], Mastodon]:
    """Give a function that registers a client, signs a new person up with it, and logs in."""

    def make() -> Mastodon:
        name = f"m{next(numbers)}"
        client_id, secret = Mastodon.create_app("Mastodon.py", api_base_url=app_server.address, scopes=SCOPES)
        client = Mastodon(client_id=client_id, client_secret=secret, api_base_url=app_server.address)
        client.create_account(name, PASSWORD, f"{name}@example.org", agreement=True, scopes=SCOPES)
        again = Mastodon(client_id=client_id, client_secret=secret, api_base_url=app_server.address)
        again.log_in(f"{name}@example.org", PASSWORD, scopes=SCOPES, allow_http=True)
        return again

    return make


def test_it_registers_signs_up_and_logs_in(sign_up: Callable[[], Mastodon]) -> None:
    """It knows itself, its client and the server; and a wrong password is an error of its own."""
    client = sign_up()

    me = client.me()

    assert (me.statuses_count, me.followers_count, me.following_count) == (0, 0, 0)
    assert client.app_verify_credentials().name == "Mastodon.py"
    assert client.instance().title == "Lifeboat"
    assert client.account_verify_credentials().id == me.id
    with pytest.raises(MastodonUnauthorizedError):
        Mastodon(access_token="wrong", api_base_url=client.api_base_url).me()


def test_it_posts_once_per_idempotency_key_and_reads_it(sign_up: Callable[[], Mastodon]) -> None:
    """It gets the same post for the same key, and finds it in all four timelines, once."""
    client = sign_up()
    tag = f"tag{next(numbers)}"

    first, second = (client.status_post(f"hello #{tag}", idempotency_key="one") for _ in range(2))

    assert first.id == second.id
    assert [found.name for found in first.tags] == [tag]
    timelines = (
        client.timeline_home(),
        client.timeline_local(limit=40),
        client.timeline_hashtag(tag),
        client.account_statuses(client.me()),
    )
    assert all([post.id for post in found].count(first.id) == 1 for found in timelines)


def test_it_posts_a_picture(sign_up: Callable[[], Mastodon], picture: bytes) -> None:
    """It uploads, describes, posts and gets the picture with the post."""
    client = sign_up()

    media = client.media_post(io.BytesIO(picture), "image/png", description="a colour", synchronous=True)
    post = client.status_post("look", media_ids=media)

    assert [found.description for found in post.media_attachments] == ["a colour"]
    assert (post.media_attachments[0].meta.original.width, post.media_attachments[0].type) == (64, "image")


def test_it_pages_through_a_timeline(sign_up: Callable[[], Mastodon]) -> None:
    """It follows the Link header to the end and back."""
    client = sign_up()
    ids = [client.status_post(str(number)).id for number in range(5)][::-1]

    first = client.timeline_home(limit=2)
    everything = client.fetch_remaining(first)

    assert [post.id for post in everything] == ids
    second = client.fetch_next(first)
    assert [post.id for post in client.fetch_previous(second)] == ids[:2]


def test_people_follow_favourite_boost_and_are_told(sign_up: Callable[[], Mastodon]) -> None:
    """It sees the followed person's posts at home, marks them, and the author is told of everything, newest first."""
    author, reader = sign_up(), sign_up()
    relationship = reader.account_follow(author.me())
    post = author.status_post("news")

    favourite = reader.status_favourite(post)
    boost = reader.status_reblog(post)
    reader.status_bookmark(post)
    reply = reader.status_post(f"@{author.me().username} thanks", in_reply_to_id=post)

    assert (relationship.following, relationship.followed_by) == (True, False)
    assert (favourite.favourited, favourite.favourites_count) == (True, 1)
    assert (boost.reblog.id, boost.reblog.reblogs_count, boost.reblog.reblogged) == (post.id, 1, True)
    assert post.id in [found.id for found in reader.timeline_home()]
    notices = author.notifications()
    assert [notice.type for notice in notices] == ["mention", "reblog", "favourite", "follow"]
    assert [notice.type for notice in author.notifications(types=["favourite"])] == ["favourite"]
    assert notices[0].status.mentions[0].id == author.me().id
    assert [found.id for found in reader.favourites()] == [found.id for found in reader.bookmarks()] == [post.id]
    assert [found.id for found in author.status_context(post).descendants] == [reply.id]
    assert author.account_followers(author.me())[0].id == reader.me().id
    assert author.status_favourited_by(post)[0].id == author.status_reblogged_by(post)[0].id == reader.me().id
    author.notifications_dismiss(notices[0])
    assert len(author.notifications()) == 3
    author.notifications_clear()
    assert author.notifications() == []


def test_everything_is_taken_back(sign_up: Callable[[], Mastodon]) -> None:
    """It undoes favourite, boost, bookmark and follow, and the counts and notifications follow."""
    author, reader = sign_up(), sign_up()
    post = author.status_post("news")
    reader.account_follow(author.me())
    for act in (reader.status_favourite, reader.status_reblog, reader.status_bookmark):
        act(post)

    reader.account_unfollow(author.me())
    for act in (reader.status_unfavourite, reader.status_unreblog, reader.status_unbookmark):
        act(post)

    after = reader.status(post)
    assert (after.favourites_count, after.reblogs_count, after.favourited, after.reblogged) == (0, 0, False, False)
    assert not after.bookmarked
    assert author.notifications() == []
    assert reader.timeline_home() == []


def test_it_edits_and_deletes(sign_up: Callable[[], Mastodon]) -> None:
    """It keeps every version, shows the last, and finds nothing after the deletion."""
    client = sign_up()
    post = client.status_post("first")

    client.status_update(post, "second", spoiler_text="careful")

    assert [version.content for version in client.status_history(post)] == ["<p>first</p>", "<p>second</p>"]
    assert client.status_source(post).text == "second"
    assert client.status(post).edited_at is not None
    assert client.status_delete(post).text == "second"
    with pytest.raises(MastodonNotFoundError):
        client.status(post)


def test_it_says_anew_what_a_picture_shows(sign_up: Callable[[], Mastodon], picture: bytes) -> None:
    """It changes description and point of a picture with the post."""
    client = sign_up()
    media = client.media_post(io.BytesIO(picture), "image/png")
    post = client.status_post("look", media_ids=media)
    said = client.generate_media_edit_attributes(media.id, description="a boat", focus=(0.5, -0.5))

    edited = client.status_update(post, "look", media_attributes=[said])

    (shown,) = edited.media_attachments
    assert (shown.description, shown.meta.focus.x, shown.meta.focus.y) == ("a boat", 0.5, -0.5)


def test_it_searches(sign_up: Callable[[], Mastodon]) -> None:
    """It finds a person by the beginning of the name, a post by its words, and a hashtag."""
    client = sign_up()
    word = f"lighthouse{next(numbers)}"
    post = client.status_post(f"The old {word} is open #{word}")

    found = client.search(word)
    people = client.search(client.me().username[:-1], result_type="accounts")

    assert [status.id for status in found.statuses] == [post.id]
    assert [tag.name for tag in found.hashtags] == [word]
    assert client.me().id in [account.id for account in people.accounts]
    assert client.me().id in [account.id for account in client.account_search(client.me().username)]


def test_it_blocks_mutes_and_reports(sign_up: Callable[[], Mastodon]) -> None:
    """It parts two people, and the report is stored."""
    author, reader = sign_up(), sign_up()
    reader.account_follow(author.me())
    post = author.status_post("rude")

    report = reader.report(author.me(), status_ids=[post], comment="rude", category="spam")
    muted = reader.account_mute(author.me())
    at_home = reader.timeline_home()
    blocked = reader.account_block(author.me())

    assert (report.action_taken, report.category, report.target_account.id) == (False, "spam", author.me().id)
    assert (muted.muting, muted.following, at_home) == (True, True, [])
    assert (blocked.blocking, blocked.following) == (True, False)
    assert author.account_relationships(reader.me())[0].blocked_by
    assert [account.id for account in reader.blocks()] == [account.id for account in reader.mutes()]
    assert not reader.account_unblock(author.me()).blocking
    assert not reader.account_unmute(author.me()).muting


def test_it_asks_and_votes(sign_up: Callable[[], Mastodon]) -> None:
    """It makes a poll, another votes, and both see the counts."""
    author, voter = sign_up(), sign_up()
    post = author.status_post("tea?", poll=author.make_poll(["yes", "no"], expires_in=3600, multiple=False))

    voted = voter.poll_vote(post.poll, [1])

    assert [option.votes_count for option in voted.options] == [0, 1]
    assert (voted.own_votes, voted.expired, voted.expires_at.year >= 2026) == ([1], False, True)
    assert author.poll(post.poll).votes_count == 1


def test_it_schedules(sign_up: Callable[[], Mastodon], picture: bytes) -> None:
    """It keeps a post with its picture for later, moves and cancels it; nothing is published before."""
    client = sign_up()
    media = client.media_post(io.BytesIO(picture), "image/png")
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=2)

    made = client.status_post("later", scheduled_at=later, media_ids=media, visibility="unlisted")
    moved = client.scheduled_status_update(made, later + datetime.timedelta(hours=1))

    assert [found.id for found in client.scheduled_statuses()] == [made.id]
    assert (made.params.text, made.params.visibility) == ("later", "unlisted")
    assert [str(found["id"]) for found in moved.media_attachments] == [str(media.id)]
    assert moved.scheduled_at > made.scheduled_at
    assert client.timeline_home() == []
    client.scheduled_status_delete(made)
    assert client.scheduled_statuses() == []
    assert [found.id for found in client.status_post("now", media_ids=media).media_attachments] == [media.id]


def test_it_uses_lists_filters_and_conversations(sign_up: Callable[[], Mastodon]) -> None:
    """It reads a list, finds a filtered word, and reads a direct post as a conversation."""
    client, friend = sign_up(), sign_up()
    client.account_follow(friend.me())
    made = client.list_create("Friends")
    client.list_accounts_add(made, [friend.me()])
    client.create_filter_v2("Rude", ["home"], "warn", keywords_attributes=[{"keyword": "rude"}])
    post = friend.status_post("a rude word")
    direct = friend.status_post(f"@{client.me().username} psst", visibility="direct")

    assert [found.id for found in client.timeline_list(made)] == [direct.id, post.id]
    assert [found.id for found in client.list_accounts(made)] == [friend.me().id]
    assert client.status(post).filtered[0].keyword_matches == ["rude"]
    assert [found.title for found in client.filters_v2()] == ["Rude"]
    talk = client.conversations()[0]
    assert (talk.unread, talk.last_status.id, talk.accounts[0].id) == (True, direct.id, friend.me().id)
    client.conversations_read(talk)
    assert not client.conversations()[0].unread
    client.list_delete(made)
    assert client.lists() == []


def test_it_features_and_follows_hashtags_and_keeps_its_place(sign_up: Callable[[], Mastodon]) -> None:
    """It pins a post, features and follows a hashtag, and stores how far it has read."""
    client = sign_up()
    tag = f"tag{next(numbers)}"
    post = client.status_post(f"#{tag}")

    client.status_pin(post)
    client.featured_tag_create(tag)
    client.tag_follow(tag)
    client.markers_set("home", post)

    assert [found.id for found in client.account_statuses(client.me(), pinned=True)] == [post.id]
    assert [found.name for found in client.featured_tags()] == [found.name for found in client.followed_tags()] == [tag]
    assert client.markers_get("home").home.last_read_id == post.id
    assert client.preferences()["posting:default:visibility"] == "public"
    client.tag_unfollow(tag)
    assert client.followed_tags() == []


def test_it_fills_in_a_profile_and_answers_requests(sign_up: Callable[[], Mastodon], picture: bytes) -> None:
    """It sends a picture and fields, locks itself, and lets somebody in."""
    client, fan = sign_up(), sign_up()

    me = client.account_update_credentials(
        display_name="Ada", note="sea", locked=True, avatar=picture, avatar_mime_type="image/png", fields=[("Web", "x")]
    )
    asked = fan.account_follow(me)
    waiting = client.follow_requests()
    client.follow_request_authorize(waiting[0])

    assert (me.display_name, me.locked, me.fields[0].value) == ("Ada", True, "x")
    assert me.avatar.endswith(".webp")
    assert (asked.following, asked.requested) == (False, True)
    assert client.follow_requests() == []
    assert fan.account_relationships(me)[0].following
