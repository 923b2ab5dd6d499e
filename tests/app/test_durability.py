"""The acknowledgement rule on a real database: slots of real standbys' names, advanced by hand."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, text

from app.acknowledger import Acknowledger
from app.database import Database
from app.durability import Writer
from app.errors import ReadOnly, Unavailable, Unknown
from app.fence import CachedLease
from app.ids import new_id
from app.models import IdempotencyKey
from tests.app.conftest import FenceControl, make_settings

ANY_OF_BOTH = [{"sync": ["gcp", "azure"], "needed": 1}]
WRITERS = 3
POLLERS = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT substr(slot_name%%'"
JOINT = [*ANY_OF_BOTH, {"sync": ["azure"], "needed": 1}]


class Site:
    """The parts of an app that write, without the app."""

    def __init__(self, folder: Path, url: str, timeout: float) -> None:
        settings = make_settings(folder, url, acknowledge_timeout=timeout, writers=WRITERS)
        self.database = Database(settings)
        self.acknowledger = Acknowledger(url, timeout)
        self.writer = Writer(self.database, CachedLease(self.database), self.acknowledger, "key")

    async def write(self, *, every_standby: bool = False) -> None:
        """Write one row, durably."""
        async with self.writer.transaction(every_standby=every_standby) as connection:
            await connection.execute(insert(IdempotencyKey).values(scope_id=new_id(), key="x", target_id=new_id()))

    async def close(self) -> None:
        """Close what was opened."""
        await self.acknowledger.close()
        await self.database.close()


@pytest.fixture
def attempt(tmp_path: Path, app_database: Any) -> Callable[..., Any]:
    """Give a function that runs one piece of work on a fresh site in a loop of its own."""

    def run(work: Callable[[Site], Awaitable[Any]], *, timeout: float = 0.4, url: str | None = None) -> Any:
        async def whole() -> Any:
            site = Site(tmp_path, url or app_database.url, timeout)
            try:
                return await work(site)
            finally:
                await site.close()

        return asyncio.run(whole())

    return run


@pytest.fixture
def following(fence: FenceControl) -> Iterator[Callable[[str], None]]:
    """Give a function after which a site confirms everything, again and again, as a live standby does."""
    end = threading.Event()
    threads: list[threading.Thread] = []

    def follow(site: str) -> None:
        fence.run("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", f"to_{site}")
        threads.append(threading.Thread(target=_confirm_until, args=(fence._url, f"to_{site}", end)))
        threads[-1].start()

    yield follow
    end.set()
    for thread in threads:
        thread.join()


def _confirm_until(url: str, slot: str, end: threading.Event) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        while not end.is_set():
            connection.execute("SELECT pg_replication_slot_advance(%s, pg_current_wal_lsn())", (slot,))
            time.sleep(0.005)


def rows(fence: FenceControl) -> int:
    """Count what was committed."""
    return fence.run("SELECT count(*) FROM idempotency_key")


def test_a_single_copy_is_acknowledged_at_once(attempt: Callable[..., Any], fence: FenceControl) -> None:
    """It neither waits nor opens the poller's connection when the rule needs nobody."""

    async def work(site: Site) -> Any:
        await site.write()
        return site.acknowledger._task

    assert attempt(work) is None


def test_a_write_waits_for_the_rule(
    attempt: Callable[..., Any], fence: FenceControl, following: Callable[[str], None]
) -> None:
    """It answers when one of both standbys has confirmed, though the other does not exist."""
    fence.set(rule=ANY_OF_BOTH)
    following("azure")

    attempt(lambda site: site.write(), timeout=10)


def test_a_write_that_nobody_confirms_is_unknown(
    attempt: Callable[..., Any], fence: FenceControl, confirm: Callable[[str], None]
) -> None:
    """It is committed here, and not acknowledged: a slot that confirmed an earlier position does not count."""
    fence.set(rule=ANY_OF_BOTH)
    confirm("gcp")
    before = rows(fence)

    with pytest.raises(Unknown, match="did not confirm in time"):
        attempt(lambda site: site.write())

    assert rows(fence) == before + 1


def test_a_joint_rule_needs_both_clauses(
    attempt: Callable[..., Any], fence: FenceControl, following: Callable[[str], None]
) -> None:
    """It is not content with the old clause while a rule changes."""
    fence.set(rule=JOINT)
    following("gcp")

    with pytest.raises(Unknown):
        attempt(lambda site: site.write())


def test_a_deletion_waits_for_every_standby(
    attempt: Callable[..., Any], fence: FenceControl, following: Callable[[str], None]
) -> None:
    """It needs both standbys where an ordinary write needs one, and is acknowledged when both follow."""
    fence.set(rule=ANY_OF_BOTH)
    following("gcp")

    attempt(lambda site: site.write(), timeout=10)
    with pytest.raises(Unknown):
        attempt(lambda site: site.write(every_standby=True))

    following("azure")
    attempt(lambda site: site.write(every_standby=True), timeout=10)


def test_an_empty_rule_acknowledges_nothing(attempt: Callable[..., Any], fence: FenceControl) -> None:
    """It treats a rule without clauses as one that nothing can meet."""
    fence.set(rule=[])

    with pytest.raises(Unknown):
        attempt(lambda site: site.write())


def test_a_write_that_saw_its_epoch_end_is_unknown_at_once(attempt: Callable[..., Any], fence: FenceControl) -> None:
    """It does not wait for the time-out when another site was promoted, and never answers with success."""
    fence.set(rule=ANY_OF_BOTH)

    async def work(site: Site) -> float:
        writing = asyncio.create_task(site.write())
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await asyncio.to_thread(fence.set, epoch=2, rule=[{"sync": [], "needed": 0}])
        with pytest.raises(Unknown, match="no longer the primary"):
            await writing
        return time.monotonic() - began

    assert attempt(work, timeout=30) < 5


def test_a_rule_that_changes_while_a_write_waits_counts(attempt: Callable[..., Any], fence: FenceControl) -> None:
    """It acknowledges a waiting write by the rule in force, so taking a dead standby out frees the writers."""
    fence.set(rule=ANY_OF_BOTH)

    async def work(site: Site) -> None:
        writing = asyncio.create_task(site.write())
        await asyncio.sleep(0.2)
        assert not writing.done()
        await asyncio.to_thread(fence.set, rule=[{"sync": [], "needed": 0}])
        await writing

    attempt(work, timeout=30)


def test_one_poller_serves_all_and_rests_when_nobody_waits(
    attempt: Callable[..., Any], fence: FenceControl, following: Callable[[str], None]
) -> None:
    """It uses one connection for thirty writers at once, and stops when the last one has its answer."""
    fence.set(rule=ANY_OF_BOTH)
    following("gcp")
    before = fence.run(POLLERS)

    async def work(site: Site) -> tuple[int, bool]:
        await asyncio.gather(*(site.write() for _ in range(30)))
        used = fence.run(POLLERS) - before
        await asyncio.sleep(0.1)
        return used, site.acknowledger._task is not None and site.acknowledger._task.done()

    assert attempt(work, timeout=10) == (1, True)


def test_a_closed_fence_refuses_before_anything_is_sent(attempt: Callable[..., Any], fence: FenceControl) -> None:
    """It says read-only by the cached lease."""
    fence.set(writable=False)

    with pytest.raises(ReadOnly):
        attempt(lambda site: site.write())


def test_an_expired_lease_refuses(attempt: Callable[..., Any], fence: FenceControl) -> None:
    """It reads the expiry too, not only the flag."""
    fence.set(valid_until="2020-01-01")

    with pytest.raises(ReadOnly):
        attempt(lambda site: site.write())


def test_the_database_refuses_what_the_cache_let_through(attempt: Callable[..., Any], fence: FenceControl) -> None:
    """It says read-only, and nothing is committed, when the fence closes after the lease was read."""
    before = rows(fence)

    async def work(site: Site) -> None:
        await site.write()
        with psycopg.connect(fence._url) as connection:
            connection.execute("UPDATE lifeboat.fence SET writable = false")
        await site.write()

    with pytest.raises(ReadOnly):
        attempt(work)

    assert rows(fence) == before + 1


def test_a_lease_that_ends_inside_a_transaction_stops_its_commit(
    attempt: Callable[..., Any], fence: FenceControl
) -> None:
    """It says read-only when the check at commit refuses, and nothing is committed."""
    before = rows(fence)

    async def work(site: Site) -> None:
        async with site.writer.transaction() as connection:
            await connection.execute(insert(IdempotencyKey).values(scope_id=new_id(), key="x", target_id=new_id()))
            with psycopg.connect(fence._url) as other:
                other.execute("UPDATE lifeboat.fence SET valid_until = clock_timestamp()")

    with pytest.raises(ReadOnly):
        attempt(work)

    assert rows(fence) == before


def test_a_database_that_dies_at_the_commit_leaves_the_write_unknown(
    attempt: Callable[..., Any], app_database: Any
) -> None:
    """It says unknown, not unsaved, when the connection ends before the commit is answered, and loses no connection."""

    async def die(site: Site) -> None:
        async with site.writer.transaction() as connection:
            backend = await connection.scalar(text("SELECT pg_backend_pid()"))
            with psycopg.connect(app_database.url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", (backend,))
            await asyncio.sleep(0.02)

    async def work(site: Site) -> None:
        for _ in range(WRITERS + 1):
            with pytest.raises(Unknown, match="did not say whether it committed"):
                await die(site)
        await site.write()

    attempt(work)


def test_a_failing_body_commits_nothing(attempt: Callable[..., Any], fence: FenceControl) -> None:
    """It rolls back when the block raises, and the connection is clean for the next one."""
    before = rows(fence)

    async def fail(site: Site) -> None:
        async with site.writer.transaction() as connection:
            await connection.execute(insert(IdempotencyKey).values(scope_id=new_id(), key="x", target_id=new_id()))
            raise ZeroDivisionError

    async def work(site: Site) -> None:
        for _ in range(WRITERS + 1):
            with pytest.raises(ZeroDivisionError):
                await fail(site)
        await site.write()

    attempt(work)

    assert rows(fence) == before + 1


def test_the_poller_survives_a_lost_connection(
    attempt: Callable[..., Any], fence: FenceControl, following: Callable[[str], None], app_database: Any
) -> None:
    """It connects again while a writer waits, and answers by what it sees then."""
    fence.set(rule=ANY_OF_BOTH)

    async def work(site: Site) -> None:
        writing = asyncio.create_task(site.write())
        async with asyncio.timeout(15):
            while (poller := site.acknowledger._connection) is None:  # noqa: ASYNC110 (nothing tells when it connects)
                await asyncio.sleep(0.02)
        assert FenceControl(app_database.url).run("SELECT pg_terminate_backend(%s)", poller.info.backend_pid)
        await asyncio.to_thread(following, "gcp")
        await writing

    attempt(work, timeout=20)


def test_a_reader_cannot_write(attempt: Callable[..., Any]) -> None:
    """It makes a route that goes round the durability helper fail in the database."""

    async def work(site: Site) -> None:
        async with site.database.read() as connection:
            await connection.execute(insert(IdempotencyKey).values(scope_id=new_id(), key="x", target_id=new_id()))

    with pytest.raises(Exception, match="read-only transaction"):
        attempt(work)


def test_a_dead_database_is_noticed_in_seconds(attempt: Callable[..., Any]) -> None:
    """It says within seconds that nothing was saved."""
    began = time.monotonic()

    with pytest.raises(Unavailable, match="does not answer, so nothing was saved"):
        attempt(lambda site: site.write(), url="postgresql://lifeboat_app:x@127.0.0.1:1/lifeboat")

    assert time.monotonic() - began < 5
