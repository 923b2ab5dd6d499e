"""What Lifeboat needs of every object store, in one body: the three local ones and, when named, real buckets.

LIFEBOAT_STORE_URLS holds store URLs separated by spaces (`s3://..`, `gs://..`, `az://..`: see app/stores.py) of buckets
that may be written to; every key lies under `conformance/` and is removed afterwards. STORE_CREDENTIALS names their
credentials file; without it the ambient workload identity is used, and the test with a wrong secret is left out.
"""

import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import obstore
import pytest
from obstore.exceptions import (
    AlreadyExistsError,
    GenericError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from app.stores import Store, load_credentials, open_store, token_of
from tests.embedded.running_stores import SITES, RunningStore

REAL = os.environ.get("LIFEBOAT_STORE_URLS", "").split()
REFUSED = (PermissionDeniedError, UnauthenticatedError)
UNSET = pytest.param("", marks=pytest.mark.skip(reason="LIFEBOAT_STORE_URLS names no real bucket"))


@dataclass(frozen=True)
class Place:
    """One bucket and a prefix of its own."""

    url: str
    credentials: dict[str, Any]
    prefix: str

    def open(self, credentials: dict[str, Any] | None = None) -> Store:
        return open_store(self.url, self.credentials if credentials is None else credentials, retries=0)

    @property
    def slow(self) -> bool:
        """Cloud Storage takes one write a second to one name."""
        return self.url.startswith("gs://")

    def pause(self) -> None:
        """Wait until the same object may be written again."""
        time.sleep(1.1 if self.slow else 0)


@pytest.fixture(params=[*SITES, *(REAL or [UNSET])])
def place(request: pytest.FixtureRequest, local_store: Callable[[str], RunningStore]) -> Iterator[Place]:
    """Give a place in each store; what a test leaves there is removed."""
    prefix = f"conformance/{uuid.uuid4().hex}"
    if request.param in SITES:
        running = local_store(request.param)
        found = Place(running.url(), running.credentials, prefix)
    else:
        found = Place(request.param, dict(load_credentials(os.environ.get("STORE_CREDENTIALS"))), prefix)
    yield found
    store = found.open()
    for key in _keys(store, prefix):
        obstore.delete(store, key)


def _keys(store: Store, prefix: str) -> list[str]:
    return [found["path"] for batch in obstore.list(store, prefix) for found in batch]


def _bytes(store: Store, key: str) -> bytes:
    return bytes(obstore.get(store, key).bytes())


def test_put_is_read_back_at_once(place: Place) -> None:
    """It returns the newest bytes right after each write, whatever the key's letters."""
    store, key = place.open(), f"{place.prefix}/Grüße + 100 %/a.txt"

    obstore.put(store, key, b"one")
    first = _bytes(store, key)
    place.pause()
    obstore.put(store, key, b"two")

    assert (first, _bytes(store, key)) == (b"one", b"two")


def test_large_object_arrives_whole(place: Place) -> None:
    """It keeps every byte of an object that the client sends in parts."""
    store, data = place.open(), os.urandom(11 * 2**20 + 7)

    obstore.put(store, f"{place.prefix}/large", data)

    assert _bytes(store, f"{place.prefix}/large") == data


def test_list_gives_the_keys_below_a_prefix(place: Place) -> None:
    """It lists what lies below the prefix, all of it and nothing else, and groups by a delimiter."""
    store = place.open()
    for name in ("in/a", "in/b/c", "in/b/d", "outside"):
        obstore.put(store, f"{place.prefix}/{name}", b"x")

    found = _keys(store, f"{place.prefix}/in")
    grouped = obstore.list_with_delimiter(store, f"{place.prefix}/in")

    assert sorted(found) == [f"{place.prefix}/in/{name}" for name in ("a", "b/c", "b/d")]
    assert [str(prefix).rstrip("/") for prefix in grouped["common_prefixes"]] == [f"{place.prefix}/in/b"]


def test_range_gives_the_bytes_asked_for(place: Place) -> None:
    """It returns a part of an object by offset and length."""
    store, key = place.open(), f"{place.prefix}/range"
    obstore.put(store, key, bytes(range(100)))

    assert bytes(obstore.get_range(store, key, start=10, length=5)) == bytes(range(10, 15))


def test_attributes_are_kept(place: Place) -> None:
    """It gives back the content type, cache control and metadata that came with the object."""
    store, key = place.open(), f"{place.prefix}/picture"
    said = {"Content-Type": "image/png", "Cache-Control": "max-age=60", "sha256": "abc"}

    obstore.put(store, key, b"x", attributes=said)

    assert {name: dict(obstore.get(store, key).attributes)[name] for name in said} == said


def test_missing_object_is_not_found(place: Place) -> None:
    """It says "not found" for an object that was never there, and for one that was deleted."""
    store, key = place.open(), f"{place.prefix}/gone"
    obstore.put(store, key, b"x")
    obstore.delete(store, key)

    for read in (obstore.get, obstore.head):
        with pytest.raises(FileNotFoundError):
            read(store, key)
        with pytest.raises(FileNotFoundError):
            read(store, f"{place.prefix}/never")


def test_create_refuses_what_exists(place: Place) -> None:
    """It refuses to create an object that exists, and keeps the first bytes."""
    store, key = place.open(), f"{place.prefix}/created"
    obstore.put(store, key, b"first", mode="create")

    with pytest.raises(AlreadyExistsError):
        obstore.put(store, key, b"second", mode="create")

    assert _bytes(store, key) == b"first"


def test_right_token_is_accepted(place: Place) -> None:
    """It overwrites the state that the token names, and the token of the write goes on from there."""
    store, key = place.open(), f"{place.prefix}/token"
    token = token_of(obstore.put(store, key, b"1"))

    for content in (b"2", b"3"):
        place.pause()
        token = token_of(obstore.put(store, key, content, mode=token))

    assert (_bytes(store, key), token_of(obstore.head(store, key))) == (b"3", token)


def test_stale_token_is_refused(place: Place) -> None:
    """It refuses a token that an overwrite has outdated, and keeps the newer bytes."""
    store, key = place.open(), f"{place.prefix}/stale"
    old = token_of(obstore.put(store, key, b"old"))
    place.pause()
    obstore.put(store, key, b"newer")

    with pytest.raises(PreconditionError):
        obstore.put(store, key, b"late", mode=old)

    assert _bytes(store, key) == b"newer"


def test_token_of_a_deleted_object_is_refused(place: Place) -> None:
    """It does not bring a deleted object back for somebody who holds its token."""
    store, key = place.open(), f"{place.prefix}/deleted"
    token = token_of(obstore.put(store, key, b"x"))
    obstore.delete(store, key)

    with pytest.raises((PreconditionError, FileNotFoundError)):
        obstore.put(store, key, b"back", mode=token)

    assert _keys(store, place.prefix) == []


def test_compare_and_set_race_loses_no_update(place: Place) -> None:
    """It lets exactly one of eight racing writers through at a time: the counter equals the number of successes."""
    store, key = place.open(), f"{place.prefix}/counter"
    obstore.put(store, key, json.dumps({"count": 0}).encode())
    enough = threading.Event()
    threading.Timer(3.5 if place.slow else 1.0, enough.set).start()

    with ThreadPoolExecutor(8) as pool:
        successes = sum(pool.map(lambda _: _count_up(store, key, enough), range(8)))

    assert json.loads(_bytes(store, key))["count"] == successes >= 2


def _count_up(store: Store, key: str, enough: threading.Event) -> int:
    successes = 0
    while not enough.is_set():
        answer = obstore.get(store, key)
        count = json.loads(bytes(answer.bytes()))["count"]
        content = json.dumps({"count": count + 1, "nonce": uuid.uuid4().hex}).encode()
        try:
            obstore.put(store, key, content, mode=token_of(answer.meta))
            successes += 1
        except PreconditionError:
            continue
        except GenericError as refused:
            if "429" not in str(refused):
                raise
            time.sleep(0.2)
    return successes


def test_wrong_secret_is_refused(place: Place) -> None:
    """It refuses a client whose secret is wrong, for reading and for writing."""
    if not place.credentials:
        pytest.skip("the ambient identity has no secret to change")
    key = f"{place.prefix}/secret"
    obstore.put(place.open(), key, b"mine")
    stranger = place.open(_changed(place.credentials))

    with pytest.raises(REFUSED):
        obstore.get(stranger, key)
    with pytest.raises(REFUSED):
        obstore.put(stranger, key, b"theirs")

    assert _bytes(place.open(), key) == b"mine"


def _changed(credentials: dict[str, Any]) -> dict[str, Any]:
    """Return the same names with secrets that somebody else made up."""
    from scripts.embedded.object_stores import make_credentials

    other = make_credentials()
    account = {
        **credentials.get("gs", {}).get("service_account", {}),
        "private_key": other["gs"]["service_account"]["private_key"],
    }
    return {
        "s3": {**credentials.get("s3", {}), "secret_access_key": other["s3"]["secret_access_key"]},
        "gs": {"service_account": account},
        "az": other["az"],
    }
