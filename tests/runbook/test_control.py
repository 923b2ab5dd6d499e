"""The control stores of all sites at once: none of them can hold up the others, and each failure is named."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import obstore
import pytest
from obstore.store import LocalStore

from app.stores import open_store
from scripts.embedded.object_stores import make_credentials, store_process
from scripts.runbook.control import Answers, ControlStores
from tests.conftest import free_port
from tests.embedded.running_stores import TOOLS, RunningStore

DEADLINE = 0.5
# What a busy machine may add to a deadline before a call counts as held up.
SLACK = 2.0


def with_folders(tmp_path: Path, names: tuple[str, ...], others: dict[str, str] | None = None) -> ControlStores:
    """Give control stores of which `names` are folders, and `others` are reached by URL."""
    stores = ControlStores(others or {}, make_credentials(), DEADLINE)
    stores.stores |= {name: LocalStore(tmp_path / name, mkdir=True) for name in names}
    return stores


def s3(port: int) -> str:
    return f"s3://lifeboat-lease?region=us-east-1&endpoint=http://127.0.0.1:{port}"


@contextlib.contextmanager
def listener(answer: bytes) -> Generator[int]:
    """Accept every connection, send `answer` a byte a tenth of a second for ever, and never end one."""
    stopped, kept = threading.Event(), []

    def serve() -> None:
        while not stopped.is_set():
            with contextlib.suppress(TimeoutError):
                kept.append(server.accept()[0])
            for connection in kept:
                with contextlib.suppress(OSError):
                    connection.send(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stopped.set()
            thread.join()
            for connection in kept:
                connection.close()


def test_everywhere_means_everywhere(tmp_path: Path) -> None:
    """What is put is read and listed from each store; what was never put is None, which is no failure."""
    stores = with_folders(tmp_path, ("aws", "gcp", "azure"))

    async def use() -> list[Answers]:
        put = await stores.put("status/aws.json", b"1")
        return [put, await stores.get("status/aws.json"), await stores.get("x"), await stores.list("status")]

    put, got, missing, listed = asyncio.run(use())

    assert sorted(put.values) == ["aws", "azure", "gcp"]
    assert got.values == dict.fromkeys(("aws", "gcp", "azure"), b"1")
    assert missing == Answers(dict.fromkeys(("aws", "gcp", "azure")), {})
    assert listed.values == {name: ["status/aws.json"] for name in ("aws", "gcp", "azure")}


def test_a_dead_store_is_named_and_the_others_count(tmp_path: Path) -> None:
    """Nothing listens at its port."""
    stores = with_folders(tmp_path, ("gcp", "azure"), {"aws": s3(free_port())})

    began = time.monotonic()
    answers = asyncio.run(stores.put("k", b"1"))

    assert sorted(answers.values) == ["azure", "gcp"]
    assert answers.failures["aws"]
    assert "\n" not in answers.failures["aws"]
    assert time.monotonic() - began < DEADLINE + SLACK


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\nLast-Modified: Tue, 01 Jan 2030 00:00:00 GMT\r\n\r\nx"],
    ids=["says nothing", "never ends"],
)
@pytest.mark.parametrize("patient", [False, True], ids=["", "its client would wait"])
def test_a_store_that_hangs_delays_nobody_past_the_deadline(tmp_path: Path, answer: bytes, patient: bool) -> None:
    """It takes the connection and gives no answer, or one without end: the call ends at the deadline, for all acts."""
    with listener(answer) as port:
        stores = with_folders(tmp_path, ("gcp",), {"aws": s3(port)})
        if patient:
            stores.stores["aws"] = open_store(s3(port), make_credentials(), timeout_seconds=60, retries=0)
        obstore.put(stores.stores["gcp"], "k", b"1")

        for act in (stores.get("k"), stores.put("k", b"1"), stores.append("k", b"1"), stores.list("")):
            began = time.monotonic()
            answers = asyncio.run(act)

            assert list(answers.values) == ["gcp"]
            assert answers.failures["aws"]
            assert time.monotonic() - began < DEADLINE + SLACK


def test_with_every_store_gone_there_are_only_reasons() -> None:
    """No exception, no value."""
    stores = ControlStores({name: s3(free_port()) for name in ("aws", "gcp")}, make_credentials(), DEADLINE)

    answers = asyncio.run(stores.get("k"))

    assert (answers.values, sorted(answers.failures)) == ({}, ["aws", "gcp"])


def test_a_record_appended_again_counts_as_written(tmp_path: Path) -> None:
    """A resumed run mirrors what may be there already: the same bytes are fine, in whichever stores they lie."""
    stores = with_folders(tmp_path, ("aws", "gcp"))
    obstore.put(stores.stores["gcp"], "journal/r/0001.json", b"one")

    first = asyncio.run(stores.append("journal/r/0001.json", b"one"))
    again = asyncio.run(stores.append("journal/r/0001.json", b"one"))

    assert sorted(first.values) == sorted(again.values) == ["aws", "gcp"]


def test_a_record_that_is_there_with_other_bytes_is_refused_and_kept(tmp_path: Path) -> None:
    """Nobody rewrites history: the store is named, and what was there stays."""
    stores = with_folders(tmp_path, ("aws", "gcp"))
    obstore.put(stores.stores["gcp"], "journal/r/0001.json", b"one")

    answers = asyncio.run(stores.append("journal/r/0001.json", b"two"))

    assert (list(answers.values), list(answers.failures)) == (["aws"], ["gcp"])
    assert bytes(obstore.get(stores.stores["gcp"], "journal/r/0001.json").bytes()) == b"one"


@pytest.fixture(scope="module")
def cloud_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    """Give one real store that speaks a cloud's own dialect."""
    folder, credentials = tmp_path_factory.mktemp("gcp"), make_credentials()
    store = RunningStore(
        "gcp", folder, credentials, lambda port: store_process("gcp", folder, port, credentials, TOOLS)
    )
    yield store.start()
    store.stop()


def test_over_the_wire_it_is_the_same(cloud_storage: RunningStore) -> None:
    """Cloud Storage's preconditions mean the same: again is fine, different is refused, missing is None."""
    url = cloud_storage.url("lifeboat-ledger")
    stores = ControlStores({"gcp": url}, cloud_storage.credentials)

    async def use() -> list[Answers]:
        acts = [("1", b"one"), ("1", b"one"), ("1", b"two")]
        return [await stores.append(f"journal/{key}", data) for key, data in acts] + [
            await stores.get("journal/1"),
            await stores.get("journal/2"),
            await stores.list("journal"),
        ]

    first, again, other, got, missing, listed = asyncio.run(use())

    assert [list(answers.failures) for answers in (first, again, other)] == [[], [], ["gcp"]]
    assert (got.values, missing.values) == ({"gcp": b"one"}, {"gcp": None})
    assert listed.values == {"gcp": ["journal/1"]}
