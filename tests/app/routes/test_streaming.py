"""Streams, as Mastodon.py listens to them."""

import asyncio
import queue
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from mastodon import Mastodon, StreamListener

from app import listeners, streaming
from app.ids import new_id
from app.streaming import Hub
from tests.app.conftest import FenceControl, Member, RunningApp, numbers

Join = Callable[[], Member]
SECONDS = 10.0


class Ear(StreamListener):
    """Collects what a stream tells."""

    def __init__(self) -> None:
        self.events: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.handle: Any = None

    def on_update(self, status: Any) -> None:
        self.events.put(("update", str(status.id)))

    def on_status_update(self, status: Any) -> None:
        self.events.put(("status.update", str(status.id)))

    def on_notification(self, notification: Any) -> None:
        self.events.put(("notification", notification.type))

    def on_conversation(self, conversation: Any) -> None:
        self.events.put(("conversation", str(conversation.last_status.id)))

    def on_delete(self, status_id: Any) -> None:
        self.events.put(("delete", str(status_id)))

    def hear(self, count: int) -> list[tuple[str, Any]]:
        """Wait for so many events."""
        return [self.events.get(timeout=SECONDS) for _ in range(count)]

    def ends(self) -> bool:
        """Say whether the stream ends in time."""
        deadline = time.monotonic() + SECONDS
        while self.handle.is_alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self.handle.is_alive()

    def silence(self) -> bool:
        """Say whether nothing more comes within three looks."""
        time.sleep(3 * streaming.PAUSE_SECONDS)
        return self.events.empty()


@pytest.fixture
def listen(app_server: RunningApp) -> Iterator[Callable[..., Ear]]:
    """Give a function that opens a stream for a member and gives its ear."""
    handles: list[Any] = []

    def open_stream(member: Member, kind: str = "user", **options: Any) -> Ear:
        client, ear, before = Mastodon(access_token=member.token, api_base_url=app_server.address), Ear(), count()
        start = getattr(client, f"stream_{kind}")
        ear.handle = start(listener=ear, run_async=True, reconnect_async=False, **options)
        handles.append(ear.handle)
        deadline = time.monotonic() + SECONDS
        while count() == before and time.monotonic() < deadline:
            time.sleep(0.02)
        return ear

    def count() -> int:
        return app_server.services.hub.count

    yield open_stream
    # Closed by the client first, each would wait for the next heartbeat: its thread is reading, and reads on until then.
    app_server.services.hub.end_all()
    deadline = time.monotonic() + SECONDS
    while count() and time.monotonic() < deadline:
        time.sleep(0.02)
    for handle in handles:
        handle.close()


def test_a_person_hears_of_posts_edits_deletions_and_notifications(join: Join, listen: Callable[..., Ear]) -> None:
    """It tells each once and in their order, of people one follows and of oneself, and of nobody else."""
    me, friend, stranger = join(), join(), join()
    me.follow(friend)
    ear = listen(me)

    stranger.post("not for me")
    post = friend.post("first")["id"]
    friend.client.put(f"/api/v1/statuses/{post}", json={"status": "second"})
    first = ear.hear(2)
    friend.client.delete(f"/api/v1/statuses/{post}")
    second = ear.hear(1)
    mine = me.post("mine")["id"]
    friend.act(f"/api/v1/statuses/{mine}/favourite")
    third = ear.hear(2)

    assert sorted(first) == [("status.update", post), ("update", post)]
    assert second == [("delete", post)]
    assert sorted(third) == [("notification", "favourite"), ("update", mine)]
    assert ear.silence()


def test_streams_of_everybody_a_hashtag_and_a_list(join: Join, listen: Callable[..., Ear]) -> None:
    """It tells each stream what its timeline shows, and a deletion of it."""
    me, friend, stranger = join(), join(), join()
    me.follow(friend)
    listed = me.act("/api/v1/lists", title="x")["id"]
    me.act(f"/api/v1/lists/{listed}/accounts", account_ids=[friend.id])
    tag = f"tag{next(numbers)}"
    ears = {
        "public": listen(me, "public"),
        "hashtag": listen(me, "hashtag", tag=tag),
        "list": listen(me, "list", id=int(listed)),
    }

    first = friend.post("plain")["id"]
    second = stranger.post(f"with #{tag}")["id"]
    stranger.post("hidden", visibility="unlisted")
    heard = {"public": ears["public"].hear(2), "hashtag": ears["hashtag"].hear(1), "list": ears["list"].hear(1)}
    friend.client.delete(f"/api/v1/statuses/{first}")

    assert heard["public"] == [("update", first), ("update", second)]
    assert heard["hashtag"] == [("update", second)]
    assert heard["list"] == [("update", first)]
    assert ears["list"].hear(1) == ears["public"].hear(1) == [("delete", first)]


def test_a_stream_of_direct_posts(join: Join, listen: Callable[..., Ear]) -> None:
    """It tells both sides of a conversation of a direct post in it, and of no other post; nobody else hears of it."""
    me, friend, other = join(), join(), join()
    mine, theirs, foreign = listen(me, "direct"), listen(friend, "direct"), listen(other, "direct")

    first = friend.post(f"@{me.username} psst", visibility="direct")["id"]
    friend.post(f"@{me.username} aloud")
    heard = mine.hear(1)
    second = me.post(f"@{friend.username} yes", visibility="direct", in_reply_to_id=first)["id"]

    assert heard == [("conversation", first)]
    assert theirs.hear(2) == [("conversation", first), ("conversation", second)]
    assert mine.hear(1) == [("conversation", second)]
    assert foreign.silence()


def test_nobody_hears_what_they_may_not_see(join: Join, listen: Callable[..., Ear]) -> None:
    """It tells no direct post of others, nothing of a muted person, and nothing private to those who do not follow."""
    me, friend, other = join(), join(), join()
    me.follow(friend)
    ear, public = listen(me), listen(me, "public")
    friend.post(f"@{other.username} psst", visibility="direct")
    other.post("private", visibility="private")
    me.act(f"/api/v1/accounts/{friend.id}/mute")
    friend.post("muted")

    assert ear.silence()
    assert public.silence()


def test_streams_end_when_another_site_becomes_the_primary(
    member: Member, listen: Callable[..., Ear], fence: FenceControl
) -> None:
    """It ends them at once, so that clients connect anew; and the next stream works."""
    ear = listen(member)

    fence.set(epoch=9)
    ended = ear.ends()
    again = listen(member)
    post = member.post("after")["id"]

    assert ended
    assert again.hear(1) == [("update", post)]


def test_a_revoked_session_hears_nothing_more(
    join: Join, listen: Callable[..., Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends the stream with its token."""
    monkeypatch.setattr(streaming, "HEARTBEAT_SECONDS", 0.1)
    me = join()
    ear = listen(me)

    me.client.delete(f"/api/v1/sessions/{me.read('/api/v1/sessions')[0]['id']}")

    assert ear.ends()


class Lookup:
    """A database in which every token is revoked; somebody begins to listen while it is asked."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator["Lookup"]:
        yield self

    async def scalars(self, _: object) -> list[UUID]:
        if self.meanwhile:
            await self.meanwhile()
        return []


def test_who_begins_to_listen_while_tokens_are_looked_up_is_not_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look ends the stream that it asked for; the one that came meanwhile was not asked for, and goes on."""

    async def begin(_: Hub) -> None:
        """Look at nothing."""

    async def scenario() -> None:
        database: Any = Lookup()
        hub, channel, streams = Hub(database, cast(Any, None)), cast(Any, None), []

        async def listen() -> None:
            streams.append(await hub.listen(channel, "", new_id()))

        await listen()
        database.meanwhile = listen
        await hub._end_revoked()
        first, second = streams
        assert [event async for event in first] == [":)\n\n"]
        assert await anext(second) == ":)\n\n"
        with pytest.raises(TimeoutError):  # it waits for news, where one that is let go would end
            await asyncio.wait_for(anext(second), 0.2)

    monkeypatch.setattr(Hub, "_begin", begin)
    asyncio.run(scenario())


def test_a_stream_ends_with_its_client(member: Member, app_server: RunningApp) -> None:
    """It forgets a client that went away at once, and not at the next heartbeat."""
    hub = app_server.services.hub
    assert _falls_to(0, hub)  # those of other tests are on their way out
    with member.client.stream("GET", "/api/v1/streaming/user") as stream:
        texts = stream.iter_text()  # held: the connection ends with it
        assert next(texts)
        opened = hub.count

    assert opened == 1
    assert _falls_to(0, hub)


def _falls_to(count: int, hub: Hub) -> bool:
    deadline = time.monotonic() + streaming.HEARTBEAT_SECONDS / 2
    while hub.count > count and time.monotonic() < deadline:
        time.sleep(0.02)
    return hub.count == count


@pytest.mark.parametrize("path", ["user", "user/notification", "list?list=1"])
def test_a_stream_of_ones_own_needs_a_person(anonymous: httpx.Client, path: str) -> None:
    """It answers 401 without a token and with a wrong one."""
    joined = "&" if "?" in path else "?"
    assert anonymous.get(f"/api/v1/streaming/{path}").status_code == 401
    assert anonymous.get(f"/api/v1/streaming/{path}{joined}access_token=wrong").status_code == 401
    assert anonymous.get("/api/v1/streaming/health").text == "OK"


def test_a_client_that_takes_nothing_is_let_go(member: Member, app_server: RunningApp) -> None:
    """It keeps a bounded number of events for it, then ends its stream."""
    listener = listeners.Listener(listeners.Channel("public"), "", None)
    for _ in range(listeners.MAX_WAITING + 1):
        listener.send("update", "{}")

    assert listener.events.get_nowait() is None
    assert listener.events.empty()
