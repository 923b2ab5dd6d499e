"""The media outbox and its worker, on a real database with buckets in memory, killed at every point."""

import asyncio
import contextlib
import dataclasses
import hashlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import obstore
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore
from sqlalchemy import delete, insert

from app import copies, outbox, outbox_worker
from app.acknowledger import Acknowledger
from app.database import Database
from app.durability import Writer
from app.fence import CachedLease
from app.ids import new_id
from app.models import Account, MediaAttachment
from app.outbox_worker import Loop, OutboxWorker
from app.picture_rows import BACKLOG
from tests.app.conftest import FenceControl, make_settings
from tests.app.test_media import HANG_SECONDS, dead_store, hanging_store

__all__ = ["hanging_store"]

SITES = ("aws", "gcp", "azure")
numbers = itertools.count()


class Killed(BaseException):
    """The process ends here."""


@dataclasses.dataclass
class Life:
    """How many more steps a process may take before it is killed; None: as many as it likes."""

    steps: int | None = None

    def step(self) -> None:
        """Take one step, or die."""
        if self.steps is not None:
            self.steps -= 1
            if self.steps < 0:
                raise Killed


class Platform:
    """Three buckets, one database, and the parts of an app that write."""

    def __init__(self, folder: Path, url: str) -> None:
        configured = make_settings(folder, url)
        self.database = Database(configured)
        self.lease = CachedLease(self.database)
        self.acknowledger = Acknowledger(url, 2)
        self.writer = Writer(self.database, self.lease, self.acknowledger, "tests")
        self.stores: dict[str, Any] = {site: MemoryStore() for site in SITES}
        self.account = new_id()
        self.named: dict[str, bytes] = {}
        self.known: dict[str, bytes] = {}

    async def sign_up(self) -> None:
        """Make the person that every picture belongs to."""
        name = f"outbox{self.account}"
        async with self.writer.transaction() as connection:
            await connection.execute(
                insert(Account).values(id=self.account, username=name, email=name, password_hash="")
            )

    async def upload(self, data: bytes, held: frozenset[str]) -> str:
        """Record a picture that only some buckets hold by now."""
        key = key_of(data)
        for site in held:
            await copies.put(self.stores[site], key, data)
        async with self.writer.transaction() as connection:
            if await outbox.was_removed(connection, key):
                held = frozenset()
                await copies.put(self.stores["aws"], key, data)
            await outbox.want(connection, key, len(data), set(SITES) - held)
            row = {"key": key, "width": 1, "height": 1, "size": len(data)}
            await connection.execute(insert(MediaAttachment).values(id=new_id(), account_id=self.account, **row))
        self.named[key] = self.known[key] = data
        return key

    async def remove(self, key: str) -> None:
        """Delete every row that names a picture."""
        async with self.writer.transaction() as connection:
            await connection.execute(delete(MediaAttachment).where(MediaAttachment.key == key))
        self.named.pop(key, None)

    async def work(self, life: Life | None = None, refusing: frozenset[str] = frozenset()) -> None:
        """Let a new worker process do all there is to do while some buckets refuse everything, or die on the way."""
        life = life or Life()
        worker = OutboxWorker(self.database, self.lease, self.acknowledger, self.stores)
        worker._writer = mock.Mock(wraps=self.writer, transaction=lambda: mortal(self.writer, life))
        with contextlib.suppress(Killed), dangerous(life, [self.stores[site] for site in refusing]):
            for site in ("*", *SITES):
                loop = Loop(site)
                while not await worker.work(loop):
                    pass

    def holders(self, key: str, sites: Collection[str] = SITES) -> set[str]:
        """Name the buckets, of these, that hold exactly this picture."""
        return {site for site in sites if holds(self.stores[site], key, self.known[key])}

    async def close(self) -> None:
        await self.acknowledger.close()
        await self.database.close()


@contextlib.asynccontextmanager
async def mortal(writer: Writer, life: Life) -> AsyncIterator[Any]:
    """A transaction that the process may not live to begin, to commit, or to hear the end of."""
    life.step()
    async with writer.transaction() as connection:
        yield connection
        life.step()
    life.step()


@contextlib.contextmanager
def dangerous(life: Life, refusing: list[Any]) -> Iterator[None]:
    """Let a process die before or after any of its calls to a bucket, and some buckets refuse."""
    with contextlib.ExitStack() as stack:
        for name in ("holds", "ask", "put", "remove"):
            real = getattr(copies, name)

            async def call(*arguments: Any, real: Callable[..., Awaitable[Any]] = real, **options: Any) -> Any:
                life.step()
                if any(arguments[0] is store for store in refusing):
                    return False
                answer = await real(*arguments, **options)
                life.step()
                return answer

            stack.enter_context(mock.patch.object(copies, name, call))
        yield


def key_of(data: bytes) -> str:
    name = hashlib.sha256(data).hexdigest()
    return f"media/{name[:2]}/{name}.jpg"


def holds(store: Any, key: str, data: bytes) -> bool:
    try:
        return bytes(obstore.get(store, key).bytes()) == data
    except FileNotFoundError:
        return False


@pytest.fixture
def on_a_platform(
    tmp_path: Path, app_database: Any, fence: FenceControl
) -> Callable[[Callable[[Platform], Awaitable[Any]]], Any]:
    """Give a function that runs one piece of work on a fresh platform in a loop of its own."""

    def run(work: Callable[[Platform], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            platform = Platform(tmp_path, app_database.url)
            try:
                await platform.sign_up()
                return await work(platform)
            finally:
                await platform.close()

        with psycopg.connect(app_database.owner_url) as connection:
            connection.execute("DELETE FROM media_outbox")
        return asyncio.run(whole())

    return run


def fresh() -> bytes:
    return f"picture {next(numbers)}".encode()


def test_the_worker_brings_what_a_bucket_lacks(on_a_platform: Callable[..., Any], fence: FenceControl) -> None:
    """It copies to every bucket that lacks a picture, its own too, and nothing is left to do."""

    async def work(platform: Platform) -> set[str]:
        key = await platform.upload(fresh(), frozenset({"gcp"}))
        await platform.work()
        return platform.holders(key)

    assert on_a_platform(work) == set(SITES)
    assert fence.run("SELECT count(*) FROM media_outbox") == 0


def test_a_deleted_picture_goes_from_every_bucket(on_a_platform: Callable[..., Any], fence: FenceControl) -> None:
    """It removes every copy, leaves a mark for each bucket, and removes once more an hour later."""

    async def work(platform: Platform) -> list[set[str]]:
        key = await platform.upload(fresh(), frozenset(SITES))
        await platform.remove(key)
        await platform.work()
        seen = [platform.holders(key)]
        await copies.put(platform.stores["azure"], key, platform.known[key])  # it was under way all the time
        fence.run("UPDATE media_outbox SET done_at = now() - interval '61 minutes' RETURNING 1")
        await platform.work()
        return [*seen, platform.holders(key)]

    assert on_a_platform(work) == [set(), set()]
    assert fence.run("SELECT count(*) FROM media_outbox") == 0


def test_a_picture_of_two_posts_stays_until_both_are_gone(on_a_platform: Callable[..., Any]) -> None:
    """It removes nothing that a row still names, as a smaller copy either."""

    async def work(platform: Platform) -> list[bool]:
        key, other = await platform.upload(fresh(), frozenset(SITES)), await platform.upload(fresh(), frozenset(SITES))
        async with platform.writer.transaction() as connection:
            row = {"key": "media/none", "width": 1, "height": 1, "size": 1, "sizes": {"small": {"key": key}}}
            second = new_id()
            await connection.execute(insert(MediaAttachment).values(id=second, account_id=platform.account, **row))
        await platform.remove(key)
        await platform.work()
        stayed = bool(platform.holders(key))
        async with platform.writer.transaction() as connection:
            await connection.execute(delete(MediaAttachment).where(MediaAttachment.id == second))
        await platform.work()
        return [stayed, bool(platform.holders(key)), bool(platform.holders(other))]

    assert on_a_platform(work) == [True, False, True]


def test_a_dead_bucket_waits_for_its_return(on_a_platform: Callable[..., Any], fence: FenceControl) -> None:
    """It keeps the row of a bucket that is dead, rests longer each time, and the backlog says what waits."""

    async def work(platform: Platform) -> list[Any]:
        platform.stores["azure"] = dead_store()
        key = await platform.upload(b"twelve bytes", frozenset({"aws"}))
        loop, worker = Loop("azure"), OutboxWorker(*parts(platform))
        pauses = [await worker.work(loop), await worker.work(loop)]
        await platform.work()
        async with platform.database.read() as connection:
            backlog = (await connection.exec_driver_sql(BACKLOG)).all()
        platform.stores["azure"] = MemoryStore()
        await platform.work()
        return [pauses[0] < pauses[1], [tuple(row)[:4] for row in backlog], platform.holders(key)]

    assert on_a_platform(work) == [True, [("azure", True, 1, 12)], set(SITES)]


async def backlog_of(platform: Platform) -> list[tuple[Any, ...]]:
    """Return what the outbox still has to do: site, whether the copy is wanted there, objects."""
    async with platform.database.read() as connection:
        return [tuple(row)[:3] for row in (await connection.exec_driver_sql(BACKLOG)).all()]


def test_a_bucket_that_hangs_holds_up_no_other(
    on_a_platform: Callable[..., Any], hanging_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others get their copy and lose theirs while one takes every call and says nothing; its rows wait."""
    monkeypatch.setattr(outbox_worker, "REMOVAL_SECONDS", 0.3)

    async def work(platform: Platform) -> list[Any]:
        gone = await platform.upload(fresh(), frozenset(SITES))
        platform.stores["azure"] = hanging_store
        await platform.remove(gone)
        key = await platform.upload(fresh(), frozenset({"aws"}))
        running = asyncio.create_task(OutboxWorker(*parts(platform)).run())
        others, waiting = {"aws", "gcp"}, [("azure", False, 1), ("azure", True, 1)]
        deadline = time.monotonic() + HANG_SECONDS / 2
        # A row leaves after its copy is made: the buckets alone do not say that the worker is done with the others.
        while (backlog := await backlog_of(platform)) != waiting:
            assert time.monotonic() < deadline, backlog
            await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return [platform.holders(key, others), platform.holders(gone, others)]

    assert on_a_platform(work) == [{"aws", "gcp"}, set()]


def test_a_bucket_that_was_away_loses_what_was_deleted_meanwhile(on_a_platform: Callable[..., Any]) -> None:
    """It removes the copy in a bucket that comes back, though the post was deleted while it was away."""

    async def work(platform: Platform) -> list[set[str]]:
        key = await platform.upload(fresh(), frozenset(SITES))
        await platform.remove(key)
        await platform.work(refusing=frozenset({"azure"}))
        seen = [platform.holders(key)]
        await platform.work()
        return [*seen, platform.holders(key)]

    assert on_a_platform(work) == [{"azure"}, set()]


def test_a_site_that_takes_no_writes_leaves_the_outbox_alone(
    on_a_platform: Callable[..., Any], fence: FenceControl
) -> None:
    """It copies nothing while its fence is closed: the primary's worker does."""

    async def work(platform: Platform) -> set[str]:
        key = await platform.upload(fresh(), frozenset({"aws"}))
        fence.set(writable=False)
        worker = OutboxWorker(*parts(platform))
        assert await worker.work(Loop("gcp")) > 0
        return platform.holders(key)

    assert on_a_platform(work) == {"aws"}


def test_an_upload_and_the_removal_of_the_same_picture_at_once(on_a_platform: Callable[..., Any]) -> None:
    """Whichever is first, a picture that a row names in the end is in every bucket, and one that none names in none."""

    async def work(platform: Platform) -> list[bool]:
        seen = []
        for _ in range(15):
            data = fresh()
            key = await platform.upload(data, frozenset(SITES))
            await platform.remove(key)
            # The upload has seen the picture in its bucket already when the worker takes it away.
            await asyncio.gather(platform.work(), platform.upload(data, frozenset(SITES)))
            await platform.work()
            seen.append(platform.holders(key) == set(SITES))
        return seen

    assert all(on_a_platform(work))


def parts(platform: Platform) -> tuple[Any, ...]:
    return platform.database, platform.lease, platform.acknowledger, platform.stores


PICTURES = st.integers(0, 2)
ACTS = st.one_of(
    st.tuples(st.just("upload"), PICTURES, st.frozensets(st.sampled_from(SITES), min_size=1)),
    st.tuples(st.just("remove"), PICTURES, st.none()),
    st.tuples(st.just("work"), st.integers(0, 30) | st.just(1000), st.frozensets(st.sampled_from(SITES))),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=1, max_size=12))
def test_every_bucket_ends_in_step_wherever_workers_die(
    on_a_platform: Callable[..., Any], fence: FenceControl, acts: list[tuple[str, int, Any]]
) -> None:
    """Uploads, deletions and workers killed after any number of steps, in any order: in the end each bucket holds exactly
    what a row names, and nothing is left to do."""

    async def work(platform: Platform) -> None:
        pictures = [fresh() for _ in range(3)]
        for act, number, held in acts:
            if act == "upload":
                await platform.upload(pictures[number], held)
            elif act == "remove":
                await platform.remove(key_of(pictures[number]))
            else:
                await platform.work(Life(number), held)
        await platform.work()
        for key in platform.known:
            assert platform.holders(key) == (set(SITES) if key in platform.named else set())

    on_a_platform(work)

    assert fence.run("SELECT count(*) FROM media_outbox WHERE done_at IS NULL") == 0
