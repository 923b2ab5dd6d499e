"""The register's objects in object stores: the three local ones for real, and every refusal a store can give."""

import asyncio
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import obstore
import pytest

from app.stores import open_store
from scripts.runbook.acceptors import BucketAcceptor, PacedAcceptor, open_acceptor, register_key
from scripts.runbook.ballots import ZERO, Acceptor, AcceptorState, Ballot
from scripts.runbook.errors import StoreBusy, StoreConflict, StoreUnavailable
from scripts.runbook.founding import found_register
from scripts.runbook.register import Register, Value
from tests.embedded.running_stores import SITES, RunningStore, local_store, make_store
from tests.runbook.memory_stores import MemoryStore, run

__all__ = ["local_store", "make_store"]

BUCKET = "lifeboat-lease"
FIRST = AcceptorState("contract", 1, ZERO, ZERO, {"count": 0})
SECOND = replace(FIRST, promised=Ballot(1, "aws", "x"))
THIRD = replace(FIRST, promised=Ballot(2, "gcp", "y"))


@pytest.fixture
def stores(local_store: Callable[[str], RunningStore]) -> dict[str, RunningStore]:
    """Give the three local stores, without objects of an earlier test."""
    running = {site: local_store(site) for site in SITES}
    for store in running.values():
        bucket = store.open(BUCKET)
        obstore.delete(bucket, [found["path"] for batch in obstore.list(bucket) for found in batch])
    return running


def acceptors(stores: dict[str, RunningStore], cluster: str = "contract") -> dict[str, Acceptor]:
    return {site: open_acceptor(store.url(BUCKET), store.credentials, cluster) for site, store in stores.items()}


@pytest.mark.parametrize("site", SITES)
def test_each_store_compares_and_sets(stores: dict[str, RunningStore], site: str) -> None:
    """It creates once, replaces only what was read, and takes a missing object for unavailable."""

    async def scene() -> None:
        acceptor = acceptors(stores)[site]
        with pytest.raises(StoreUnavailable):
            await acceptor.read()
        created = await acceptor.compare_and_set(None, FIRST)
        with pytest.raises(StoreConflict):
            await acceptor.compare_and_set(None, SECOND)

        state, token = await acceptor.read()
        replaced = await acceptor.compare_and_set(token, SECOND)
        with pytest.raises(StoreConflict):
            await acceptor.compare_and_set(created, THIRD)

        assert state == FIRST
        assert await acceptor.read() == (SECOND, replaced)

    asyncio.run(scene())


@pytest.mark.parametrize("site", SITES)
def test_a_missing_object_is_not_brought_back(stores: dict[str, RunningStore], site: str) -> None:
    """It refuses to replace an object that was wiped, so that a wiped store stays out."""

    async def scene() -> None:
        acceptor = acceptors(stores)[site]
        token = await acceptor.compare_and_set(None, FIRST)
        obstore.delete(stores[site].open(BUCKET), register_key("contract"))

        with pytest.raises((StoreUnavailable, StoreConflict)):
            await acceptor.compare_and_set(token, SECOND)
        with pytest.raises(StoreUnavailable):
            await acceptor.read()

    asyncio.run(scene())


def test_three_clouds_agree_on_contended_steps(stores: dict[str, RunningStore]) -> None:
    """It gives every committed step of three proposers its own number, over the three real stores."""

    async def scene() -> None:
        await found_register(acceptors(stores), "contract", {"count": 0})
        committed: list[int] = []

        def step(value: Value) -> Value:
            return {"count": value["count"] + 1}

        async def propose(site: str) -> None:
            register = Register("contract", 1, site, "p", acceptors(stores))
            for attempt in range(4):
                outcome = await register.propose(step)
                if outcome.committed and outcome.value:
                    committed.append(outcome.value["count"])
                await asyncio.sleep(0.05 * (1 + SITES.index(site)) * (attempt + 1))

        await asyncio.gather(*(propose(site) for site in SITES))

        assert committed
        assert len(set(committed)) == len(committed)

    asyncio.run(scene())


class Scripted(http.server.BaseHTTPRequestHandler):
    """Answers every request as the test says; `hang` holds it until the test is over."""

    status = 200
    hang: threading.Event | None = None
    requests = 0
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        type(self).requests += 1
        if self.hang:
            self.hang.wait(10)
            self.close_connection = True
            return
        self.send_response(self.status)
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_PUT = do_HEAD = answer  # noqa: N815 (the names that http.server looks for)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def scripted() -> Iterator[tuple[type[Scripted], str]]:
    """Give a store that answers as told, and its URL."""
    handler = type("Told", (Scripted,), {"requests": 0})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield handler, f"s3://lifeboat-lease?region=us-east-1&endpoint=http://127.0.0.1:{server.server_port}"
    if handler.hang:
        handler.hang.set()
    server.shutdown()
    server.server_close()
    thread.join()


def scripted_acceptor(url: str, timeout_seconds: float = 2.0) -> BucketAcceptor:
    credentials = {"s3": {"access_key_id": "a", "secret_access_key": "b"}}
    store = open_store(url, credentials, timeout_seconds=timeout_seconds, retries=0)
    return BucketAcceptor(store, register_key("contract"), "s3")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (403, StoreUnavailable),
        (409, StoreConflict),
        (412, StoreConflict),
        (429, StoreBusy),
        (500, StoreUnavailable),
        (503, StoreUnavailable),
    ],
)
def test_a_refused_write_is_a_conflict_or_a_doubt(
    scripted: tuple[type[Scripted], str], status: int, expected: type[Exception]
) -> None:
    """It sorts each status, and asks only once: a repeated write would meet its own first attempt."""
    handler, url = scripted
    handler.status = status

    with pytest.raises(expected) as caught:
        asyncio.run(scripted_acceptor(url).compare_and_set({"e_tag": '"1"'}, SECOND))

    assert type(caught.value) is expected
    assert handler.requests == 1


@pytest.mark.parametrize("status", [403, 404, 409, 429, 500, 503, 200])
def test_a_refused_or_empty_read_is_unavailable(scripted: tuple[type[Scripted], str], status: int) -> None:
    """It never takes a refusal or an empty object for an empty register."""
    handler, url = scripted
    handler.status = status

    with pytest.raises(StoreUnavailable):
        asyncio.run(scripted_acceptor(url).read())


def test_a_store_that_never_answers_is_unavailable(scripted: tuple[type[Scripted], str]) -> None:
    """It ends a request at the client's time-out, without another try."""
    handler, url = scripted
    handler.hang = threading.Event()

    with pytest.raises(StoreUnavailable):
        asyncio.run(scripted_acceptor(url, timeout_seconds=0.2).compare_and_set({"e_tag": '"1"'}, SECOND))

    assert handler.requests == 1


def test_a_dead_store_is_unavailable() -> None:
    """It takes a refused connection for no answer."""
    url = "s3://lifeboat-lease?region=us-east-1&endpoint=http://127.0.0.1:9"

    with pytest.raises(StoreUnavailable):
        asyncio.run(scripted_acceptor(url).read())


class TimedStore(MemoryStore):
    """Notes when each write arrives; the first ones may be told to come back later."""

    def __init__(self, busy: int = 0) -> None:
        super().__init__()
        self.arrivals: list[float] = []
        self.busy = busy

    async def compare_and_set(self, token: object, state: AcceptorState) -> object:
        self.arrivals.append(asyncio.get_running_loop().time())
        if self.busy:
            self.busy -= 1
            raise StoreBusy("429")
        return await super().compare_and_set(token, state)


def paced(store: TimedStore) -> PacedAcceptor:
    return PacedAcceptor(store, clock=asyncio.get_running_loop().time, jitter=lambda: 0.5)


def test_two_acceptors_of_one_object_share_its_second(stores: dict[str, RunningStore]) -> None:
    """An agent's loop and its runbook write the same object: the second waits instead of being refused with 429."""
    url, credentials = stores["gcp"].url(BUCKET), stores["gcp"].credentials

    async def scene() -> float:
        loop, runbook = (open_acceptor(url, credentials, "shared") for _ in range(2))
        token = await loop.compare_and_set(None, FIRST)
        began = time.monotonic()
        await runbook.compare_and_set(token, SECOND)
        return time.monotonic() - began

    assert asyncio.run(scene()) > 0.8


def test_a_paced_write_waits_exactly_the_remainder() -> None:
    """It sends the first write at once, the next one second after the end of the last, and reads in between freely."""

    async def scene() -> None:
        store = TimedStore()
        acceptor = paced(store)
        token = await acceptor.compare_and_set(None, FIRST)
        await asyncio.sleep(0.4)
        await acceptor.read()

        await acceptor.compare_and_set(token, SECOND)

        assert store.arrivals == pytest.approx([0.0, 1.0])

    run(scene())


def test_too_many_writes_are_followed_by_a_longer_pause() -> None:
    """It waits a second and a part of half a second after a 429."""

    async def scene() -> None:
        store = TimedStore(busy=1)
        acceptor = paced(store)
        with pytest.raises(StoreBusy):
            await acceptor.compare_and_set(None, FIRST)

        await acceptor.compare_and_set(None, FIRST)

        assert store.arrivals == pytest.approx([0.0, 1.25])

    run(scene())


def test_a_newer_write_takes_the_place_of_a_waiting_one() -> None:
    """It drops the older of two waiting writes, and sends the newer one at the same moment."""

    async def scene() -> None:
        store = TimedStore()
        acceptor = paced(store)
        token = await acceptor.compare_and_set(None, FIRST)
        older = asyncio.create_task(acceptor.compare_and_set(token, SECOND))
        await asyncio.sleep(0.3)

        await acceptor.compare_and_set(token, THIRD)

        assert isinstance(older.exception(), StoreUnavailable)
        assert store.arrivals == pytest.approx([0.0, 1.0])
        assert store.state == THIRD

    run(scene())
