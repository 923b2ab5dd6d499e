"""Pictures in several stores: the logic, with stores in memory and one that is really dead."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import obstore
import pytest
from obstore.store import MemoryStore
from PIL import Image

from app.errors import NotArrived, Unavailable
from app.media import READ_SECONDS, Media
from app.pictures import Picture, prepare
from app.rule import Rule, read_rule
from app.stores import open_store
from tests.app.conftest import CREDENTIALS, encoded
from tests.conftest import free_port

ANY_OF_BOTH = read_rule([{"sync": ["gcp", "azure"], "needed": 1}])
SINGLE_COPY = read_rule([{"sync": [], "needed": 0}])
HANG_SECONDS = 60.0


@pytest.fixture(scope="module")
def picture() -> Picture:
    """Give a picture as it is stored."""
    return prepare(encoded(Image.new("RGB", (40, 30), "teal")))


def dead_store() -> Any:
    """Open a store behind a port on which nobody listens."""
    url = f"s3://dead?region=us-east-1&endpoint=http://127.0.0.1:{free_port()}"
    return open_store(url, CREDENTIALS, timeout_seconds=1, retries=0)


def listens(port: int) -> bool:
    """Say whether anybody listens on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def hanging_store() -> Iterator[Any]:
    """Open a store that takes every call and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"s3://hangs?region=us-east-1&endpoint=http://127.0.0.1:{silent.getsockname()[1]}"
        yield open_store(url, CREDENTIALS, timeout_seconds=HANG_SECONDS, retries=0)


@pytest.fixture(scope="module")
def refusing_store() -> Iterator[Any]:
    """Open a store whose account is closed: it answers 403 to everything."""
    port = free_port()
    argv = [sys.executable, "-m", "scripts.embedded.refusing_store", "--port", str(port)]
    with subprocess.Popen(argv) as process:
        while not listens(port):
            time.sleep(0.02)
        yield open_store(f"s3://closed?region=us-east-1&endpoint=http://127.0.0.1:{port}", CREDENTIALS, retries=0)
        process.terminate()


def holds(store: MemoryStore, picture: Picture) -> bool:
    """Say whether a store has exactly this picture."""
    try:
        return bytes(obstore.get(store, picture.key).bytes()) == picture.data
    except FileNotFoundError:
        return False


def keep(media: Media, picture: Picture, rule: Rule) -> None:
    """Store a picture and wait for the copies that go on in the background."""
    run(media, lambda: media.keep(picture, rule))


def run(media: Media, work: Callable[[], Awaitable[Any]]) -> Any:
    """Run one call in a loop of its own, and its background work to the end."""

    async def both() -> Any:
        try:
            return await work()
        finally:
            await media.settle()

    return asyncio.run(both())


def test_an_upload_reaches_every_cloud(picture: Picture) -> None:
    """It answers after two clouds, and the third gets its copy too."""
    own, gcp, azure = MemoryStore(), MemoryStore(), MemoryStore()

    keep(Media(own, {"gcp": gcp, "azure": azure}, 5), picture, ANY_OF_BOTH)

    assert [holds(store, picture) for store in (own, gcp, azure)] == [True, True, True]
    assert obstore.get(own, picture.key).attributes["Content-Type"] == "image/webp"


def test_one_other_cloud_is_enough(picture: Picture) -> None:
    """It acknowledges while one of the two other clouds is dead."""
    own, gcp = MemoryStore(), MemoryStore()

    keep(Media(own, {"azure": dead_store(), "gcp": gcp}, 5), picture, ANY_OF_BOTH)

    assert holds(own, picture)
    assert holds(gcp, picture)


@pytest.mark.parametrize("dead", ["own", "peers"])
def test_one_cloud_alone_is_not_enough(picture: Picture, dead: str) -> None:
    """It acknowledges nothing when the own cloud or all others are dead."""
    own = dead_store() if dead == "own" else MemoryStore()
    gcp = dead_store() if dead == "peers" else MemoryStore()

    with pytest.raises(Unavailable, match="could not be stored in two clouds"):
        keep(Media(own, {"gcp": gcp}, 5), picture, ANY_OF_BOTH)


def test_a_site_that_the_rule_does_not_name_does_not_count(picture: Picture) -> None:
    """It does not count a copy in a site that left the rule, such as one that was killed and came back."""
    media = Media(MemoryStore(), {"gcp": MemoryStore()}, 5)

    with pytest.raises(Unavailable):
        keep(media, picture, read_rule([{"sync": ["azure"], "needed": 1}]))


def test_the_single_copy_needs_the_own_cloud_alone(picture: Picture) -> None:
    """It acknowledges with one cloud when a person decided on a single copy."""
    own = MemoryStore()

    keep(Media(own, {"gcp": dead_store()}, 5), picture, SINGLE_COPY)

    assert holds(own, picture)


def test_the_same_picture_twice_is_one_object(picture: Picture) -> None:
    """It takes a picture that is there already as stored."""
    own, gcp = MemoryStore(), MemoryStore()
    media = Media(own, {"gcp": gcp}, 5)

    keep(media, picture, ANY_OF_BOTH)
    keep(media, picture, ANY_OF_BOTH)

    assert len(obstore.list(own).collect()) == 1


def test_a_site_serves_what_it_lacks_and_fills_the_gap(picture: Picture) -> None:
    """It reads from a cloud that has the picture, past one that is dead, and then holds it itself."""
    own, gcp = MemoryStore(), MemoryStore()
    obstore.put(gcp, picture.key, picture.data)
    media = Media(own, {"azure": dead_store(), "gcp": gcp}, 5)

    data = run(media, lambda: media.read(picture.key))

    assert data == picture.data
    assert holds(own, picture)


def test_a_damaged_copy_is_replaced(picture: Picture) -> None:
    """It never serves bytes that do not match their name, and heals its own bucket."""
    own, gcp = MemoryStore(), MemoryStore()
    obstore.put(own, picture.key, picture.data[:-1])
    obstore.put(gcp, picture.key, picture.data)
    media = Media(own, {"gcp": gcp}, 5)

    data = run(media, lambda: media.read(picture.key))

    assert data == picture.data
    assert holds(own, picture)


def test_a_picture_that_has_not_arrived_anywhere_is_said_so(picture: Picture) -> None:
    """It says that it has not arrived only when every cloud says so."""
    media = Media(MemoryStore(), {"gcp": MemoryStore()}, 5)

    with pytest.raises(NotArrived, match="has not arrived yet"):
        run(media, lambda: media.read(picture.key))


def test_a_dead_cloud_makes_absence_uncertain(picture: Picture) -> None:
    """It does not say where a picture is while a cloud that may have it is silent."""
    media = Media(MemoryStore(), {"gcp": MemoryStore(), "azure": dead_store()}, 5)

    with pytest.raises(NotArrived, match="cannot be read right now"):
        run(media, lambda: media.read(picture.key))


def test_an_upload_names_the_sites_that_do_not_hold_it_yet(picture: Picture) -> None:
    """It gives the third site to the outbox when its cloud is dead, and nobody when all hold it."""
    media = Media(MemoryStore(), {"azure": dead_store(), "gcp": MemoryStore()}, 5)

    assert run(media, lambda: media.keep(picture, ANY_OF_BOTH)) == {"azure"}


@pytest.mark.parametrize("trouble", ["own hangs", "peer hangs", "own refuses"])
def test_a_page_never_waits_for_one_store(
    picture: Picture, trouble: str, hanging_store: Any, refusing_store: Any
) -> None:
    """It gives the picture from another cloud while one hangs or answers 403, long before that one's deadline."""
    odd = refusing_store if trouble == "own refuses" else hanging_store
    good = MemoryStore()
    obstore.put(good, picture.key, picture.data)
    own, peers = (good, {"gcp": odd}) if trouble == "peer hangs" else (odd, {"gcp": good})
    media = Media(own, peers, 5)

    async def timed() -> tuple[bytes, float]:
        began = time.monotonic()
        data = await media.read(picture.key)
        return data, time.monotonic() - began

    data, seconds = asyncio.run(timed())

    assert data == picture.data
    assert seconds < READ_SECONDS


def test_a_read_ends_when_every_store_hangs(picture: Picture, hanging_store: Any) -> None:
    """It gives up after its own deadline, not after the stores'."""
    media = Media(hanging_store, {"gcp": hanging_store}, 5)

    async def timed() -> float:
        began = time.monotonic()
        with pytest.raises(NotArrived, match="cannot be read right now"):
            await media.read(picture.key)
        return time.monotonic() - began

    assert asyncio.run(timed()) < HANG_SECONDS
