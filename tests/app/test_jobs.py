"""Promised jobs: they run, once, on whichever site takes writes, and after whatever went wrong."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from app import chores, jobs
from app.errors import Unavailable
from app.job_queue import JobQueue
from app.services import Services
from app.settings import Settings
from tests.app.conftest import FenceControl, Member, make_settings

Join = Callable[[], Member]
LATER = "2099-01-01T00:00:00Z"


class Clock:
    """Lets the time of everything that waits come now."""

    def __init__(self, database: Any) -> None:
        self._url = database.owner_url

    def run(self, statement: Any) -> list[Any]:
        """Run a statement as the owner and give its rows."""
        with psycopg.connect(self._url, options="-c search_path=public,queue") as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def strike(self) -> None:
        """Make every promise due, and end every poll."""
        self.run("UPDATE promise SET due_at = now() WHERE done_at IS NULL")
        self.run("UPDATE poll SET expires_at = now()")

    def open(self) -> int:
        """Count the promises that are due and not done."""
        return self.run("SELECT count(*) FROM promise WHERE done_at IS NULL AND due_at <= now()")[0][0]


@pytest.fixture
def clock(app_database: Any) -> Clock:
    """Give the time of the database, with nothing promised before."""
    found = Clock(app_database)
    found.run("UPDATE promise SET done_at = now() WHERE done_at IS NULL")
    return found


@pytest.fixture
def settings(app_database: Any, tmp_path: Any) -> Iterator[Settings]:
    """Give the environment of a worker."""
    return make_settings(tmp_path, app_database.url)


@asynccontextmanager
async def working(settings: Settings) -> AsyncGenerator[Services]:
    """Run the queue of a worker process meanwhile."""
    parts = Services.open(settings)
    task = asyncio.create_task(JobQueue(parts).run())
    try:
        yield parts
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await parts.close()


async def settled(clock: Clock, seconds: float = 20.0) -> None:
    """Wait until nothing is due any more."""
    deadline = time.monotonic() + seconds
    while clock.open():
        assert time.monotonic() < deadline, "a promised job was not done"
        await asyncio.sleep(0.1)


def work(settings: Settings, clock: Clock) -> None:
    """Let a worker do all that is due."""

    async def run() -> None:
        async with working(settings):
            await settled(clock)

    asyncio.run(run())


def test_a_scheduled_post_is_published_once(member: Member, settings: Settings, clock: Clock, picture: bytes) -> None:
    """It is in the timeline with its picture, and in the list of what waits no longer; a second worker does nothing."""
    media = member.client.post("/api/v2/media", files={"file": picture}).json()["id"]
    member.post("later #soon", scheduled_at=LATER, media_ids=[media], visibility="unlisted")
    clock.strike()

    async def run() -> None:
        async with working(settings), working(settings):
            await settled(clock)
            await asyncio.sleep(0.5)

    asyncio.run(run())

    posts = member.read("/api/v1/timelines/home")
    assert [(post["visibility"], post["tags"][0]["name"]) for post in posts] == [("unlisted", "soon")]
    assert [found["id"] for found in posts[0]["media_attachments"]] == [media]
    assert member.read("/api/v1/scheduled_statuses") == []


def test_a_cancelled_post_is_not_published(member: Member, settings: Settings, clock: Clock) -> None:
    """It takes the promise back with the post."""
    made = member.post("never", scheduled_at=LATER)
    member.client.delete(f"/api/v1/scheduled_statuses/{made['id']}")
    clock.strike()

    assert clock.open() == 0
    assert member.read("/api/v1/timelines/home") == []


def test_the_end_of_a_poll_is_told(join: Join, settings: Settings, clock: Clock) -> None:
    """It tells the author and everybody who voted, once; a deleted poll is told to nobody."""
    author, voter, other = join(), join(), join()
    asked = {"options": ["a", "b"], "expires_in": 3600}
    poll = author.post("?", poll=asked)["poll"]
    gone = author.post("??", poll=asked)
    voter.act(f"/api/v1/polls/{poll['id']}/votes", choices=[1])
    author.client.delete(f"/api/v1/statuses/{gone['id']}")
    clock.strike()

    work(settings, clock)

    told = [[notice["type"] for notice in one.read("/api/v1/notifications")] for one in (author, voter, other)]
    assert told == [["poll"], ["poll"], []]
    assert voter.read("/api/v1/notifications")[0]["status"]["poll"]["expired"] is True


def test_a_failed_job_is_tried_again(
    member: Member, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It rolls everything back, and the next attempt does it once."""
    attempts: list[int] = []
    publish = jobs.JOBS["publish"]

    async def fail_once(*arguments: Any) -> None:
        await publish(*arguments)
        attempts.append(1)
        if len(attempts) == 1:
            raise Unavailable("the database went away")

    monkeypatch.setitem(jobs.JOBS, "publish", fail_once)
    member.post("later", scheduled_at=LATER)
    clock.strike()

    work(settings, clock)

    assert len(attempts) == 2
    assert len(member.read("/api/v1/timelines/home")) == 1


def test_a_job_that_can_never_be_done_is_given_up(join: Join, settings: Settings, clock: Clock) -> None:
    """It leaves a post whose conversation is gone in the list of what waits, and does everything else."""
    me, other = join(), join()
    answered = other.post("question")["id"]
    me.post("answer", scheduled_at=LATER, in_reply_to_id=answered)
    me.post("another", scheduled_at=LATER)
    other.client.delete(f"/api/v1/statuses/{answered}")
    clock.strike()

    work(settings, clock)

    assert [post["content"] for post in me.read("/api/v1/timelines/home")] == ["<p>another</p>"]
    assert [waiting["params"]["text"] for waiting in me.read("/api/v1/scheduled_statuses")] == ["answer"]


def test_a_standby_does_nothing_and_a_new_primary_begins_anew(
    member: Member, settings: Settings, clock: Clock, fence: FenceControl
) -> None:
    """It keeps the promises it finds when it takes over, whatever stands in its queue from an earlier time."""
    member.post("later", scheduled_at=LATER)
    clock.strike()
    clock.run("""INSERT INTO queue.procrastinate_jobs (queue_name, task_name, status, attempts, args, queueing_lock)
                 SELECT 'default', 'keep', 'todo', 3, '{"promise_id": "gone"}', id::text FROM promise WHERE done_at IS NULL""")
    clock.run("UPDATE queue.procrastinate_jobs SET scheduled_at = now() + interval '1 day'")
    fence.set(writable=False)

    async def run() -> None:
        async with working(settings):
            await asyncio.sleep(1.5)
            assert clock.open() == 1
            fence.set(writable=True, epoch=7)
            await settled(clock)

    asyncio.run(run())

    assert len(member.read("/api/v1/timelines/home")) == 1
    assert clock.run("SELECT count(*) FROM queue.procrastinate_jobs") == [(0,)]


def test_the_queue_is_in_no_publication(clock: Clock) -> None:
    """It publishes the promises and none of the queue's own tables."""
    published = {tuple(row) for row in clock.run("SELECT schemaname, tablename FROM pg_publication_tables")}

    assert ("public", "promise") in published
    assert "queue" not in {schema for schema, _ in published}


def test_the_chores_drop_what_is_old(member: Member, settings: Settings, clock: Clock, picture: bytes) -> None:
    """It drops a forgotten picture and old rows, and keeps avatars, posts' pictures and everything young."""
    profile = {"avatar": picture}
    member.client.patch("/api/v1/accounts/update_credentials", files=profile)
    forgotten, used, young = (
        member.client.post("/api/v2/media", files={"file": picture}).json()["id"] for _ in range(3)
    )
    member.post("look", media_ids=[used])
    mine = f"account_id = (SELECT id FROM account WHERE username = '{member.username}')"
    young_key = f"{int(young):032x}"
    clock.run(f"UPDATE media_attachment SET created_at = 'epoch' WHERE {mine} AND id <> '{young_key}'")
    clock.run("UPDATE attempt SET created_at = 'epoch'")

    async def run() -> dict[str, int]:
        parts = Services.open(settings)
        try:
            return await chores.do_all(parts)
        finally:
            await parts.close()

    dropped = asyncio.run(run())

    left = clock.run(f"SELECT count(*) FROM media_attachment WHERE {mine}")
    assert (dropped["media_attachment"], left) == (1, [(3,)])
    assert dropped["attempt"] > 0
    assert member.client.get(f"/api/v1/media/{forgotten}").status_code == 404
    assert asyncio.run(run())["attempt"] == 0
