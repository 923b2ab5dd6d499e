"""The Cloud Storage double: what the public documentation promises of objects."""

import base64
import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from scripts.embedded.gcs.records import ObjectRecord, Preconditions, Properties
from scripts.embedded.gcs.storage import Storage
from tests.embedded.gcs_client import BUCKET, OBJECTS, client_of, upload
from tests.embedded.running_stores import RunningStore


def test_second_write_within_a_second_is_429(local_store: Callable[[str], RunningStore]) -> None:
    """It refuses the second write to one name inside a second, keeps the first, and takes one after that second."""
    with client_of(local_store("gcp")) as client:
        first = upload(client, "rate", b"1")
        second = upload(client, "rate", b"2")
        other = upload(client, "rate-of-another-name", b"1")
        kept = client.get(f"{OBJECTS}/rate", params={"alt": "media"}).content
        time.sleep(1.05)
        third = upload(client, "rate", b"3")

    assert [answer.status_code for answer in (first, second, other, third)] == [200, 429, 200, 200]
    assert second.json()["error"]["errors"][0]["reason"] == "rateLimitExceeded"
    assert kept == b"1"


def test_failed_precondition_is_412_even_within_the_second(local_store: Callable[[str], RunningStore]) -> None:
    """It tells the loser of a race that it lost, which is worth more than "later"."""
    with client_of(local_store("gcp")) as client:
        upload(client, "lost", b"1")
        answer = upload(client, "lost", b"2", ifGenerationMatch=0)

    assert answer.status_code == 412


def test_race_of_eight_without_the_limit(gcs: httpx.Client) -> None:
    """It lets 80 racing updates through one at a time: as many successes as the counter says."""
    generation = int(upload(gcs, "race", b"0").json()["generation"])

    def attempt(_: int) -> int:
        while True:
            answer = gcs.get(f"{OBJECTS}/race", params={"alt": "media"})
            count, seen = int(answer.content), answer.headers["x-goog-generation"]
            status = upload(gcs, "race", str(count + 1).encode(), ifGenerationMatch=seen).status_code
            assert status in (200, 412)
            if status == 200:
                return int(seen)

    with ThreadPoolExecutor(8) as pool:
        overwritten = list(pool.map(attempt, range(80)))

    final = gcs.get(f"{OBJECTS}/race", params={"alt": "media"})
    assert int(final.content) == 80 == len(set(overwritten))
    assert min(overwritten) == generation


def test_reads_during_overwrites_are_never_torn(gcs: httpx.Client) -> None:
    """It answers each read with one whole generation while the object is overwritten."""
    upload(gcs, "torn", b"0" * 300_000)

    def overwrite(number: int) -> None:
        upload(gcs, "torn", str(number % 10).encode() * 300_000)

    with ThreadPoolExecutor(4) as pool:
        writes = [pool.submit(overwrite, number) for number in range(40)]
        seen = [gcs.get(f"{OBJECTS}/torn", params={"alt": "media"}) for _ in range(40)]
        for write in writes:
            write.result()

    assert all(
        answer.status_code == 200 and len(answer.content) == 300_000 and len(set(answer.content)) == 1
        for answer in seen
    )
    assert all(_crc_of(answer) == answer.headers["x-goog-hash"] for answer in seen)


def test_read_that_meets_an_overwrite_gives_the_new_object(tmp_path: Path) -> None:
    """It opens the newer generation when the one it looked up is overwritten before its bytes are opened."""
    storage = Storage(tmp_path, seconds_between_writes=0)
    storage.buckets.create({"name": BUCKET})
    written = [_written(storage, b"old")]

    def overwrite_once(_: ObjectRecord) -> None:
        if len(written) == 1:
            written.append(_written(storage, b"new"))

    record, file = storage.open(BUCKET, "met", None, overwrite_once)

    with file:
        assert (record, file.read()) == (written[1], b"new")


def _written(storage: Storage, data: bytes) -> ObjectRecord:
    writer = storage.new_body()
    writer.write(data)
    return storage.put(BUCKET, "met", writer.finish(), Properties(), Preconditions())


def _crc_of(answer: httpx.Response) -> str:
    import google_crc32c

    crc32c = base64.b64encode(google_crc32c.value(answer.content).to_bytes(4, "big")).decode()
    return f"crc32c={crc32c},md5={base64.b64encode(hashlib.md5(answer.content).digest()).decode()}"


def test_versioned_bucket_keeps_every_generation(gcs: httpx.Client) -> None:
    """It keeps overwritten and deleted generations readable by number, and lists them on request."""
    gcs.post("/storage/v1/b", json={"name": "versioned-bucket", "versioning": {"enabled": True}}).raise_for_status()
    path, objects = "/upload/storage/v1/b/versioned-bucket/o", "/storage/v1/b/versioned-bucket/o"
    made = [
        gcs.post(path, params={"uploadType": "media", "name": "v"}, content=data).json()["generation"]
        for data in (b"1", b"2")
    ]
    gcs.delete(f"{objects}/v").raise_for_status()

    read = [gcs.get(f"{objects}/v", params={"alt": "media", "generation": generation}).content for generation in made]
    live = gcs.get(f"{objects}/v")
    every = gcs.get(objects, params={"versions": "true"}).json()["items"]

    assert (read, live.status_code, [item["generation"] for item in every]) == ([b"1", b"2"], 404, made)
    assert all("timeDeleted" in item for item in every)


def test_unversioned_bucket_forgets_the_old_generation(gcs: httpx.Client) -> None:
    """It answers 404 for a generation that was overwritten in a plain bucket."""
    old = upload(gcs, "plain", b"1").json()["generation"]
    upload(gcs, "plain", b"2")

    assert gcs.get(f"{OBJECTS}/plain", params={"generation": old}).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-100", 206, b"89"),
        ("bytes=10-", 416, None),
        ("bytes=5-2", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
    ],
)
def test_ranges(gcs: httpx.Client, asked: str, status: int, content: bytes | None) -> None:
    """It sends the range asked for, refuses one outside, and ignores one that makes no sense."""
    upload(gcs, "ranges", b"0123456789")

    answer = gcs.get(f"/{BUCKET}/ranges", headers={"range": asked})

    assert answer.status_code == status
    assert content is None or answer.content == content


def test_unchanged_object_is_304(gcs: httpx.Client) -> None:
    """It spares a reader the bytes it has, by generation or by ETag, and refuses a foreign ETag."""
    generation = upload(gcs, "unchanged").json()["generation"]
    etag = gcs.head(f"/{BUCKET}/unchanged").headers["etag"]

    by_generation = gcs.get(f"{OBJECTS}/unchanged", params={"alt": "media", "ifGenerationNotMatch": generation})
    by_etag = gcs.get(f"/{BUCKET}/unchanged", headers={"if-none-match": etag})
    foreign = gcs.get(f"/{BUCKET}/unchanged", headers={"if-match": '"other"'})

    assert [answer.status_code for answer in (by_generation, by_etag, foreign)] == [304, 304, 412]
    assert by_generation.content == by_etag.content == b""


def test_listing_in_pages_is_complete(gcs: httpx.Client) -> None:
    """It gives every name and every common prefix exactly once, whatever the size of the page."""
    names = [f"pages/{letter}/{number}" for letter in "abc" for number in range(7)] + ["pages/z1", "pages/z2"]
    for name in names:
        upload(gcs, name).raise_for_status()

    for size in (1, 3, 1000):
        items, prefixes = (
            _all_pages(gcs, size, {"prefix": "pages/"}),
            _all_pages(gcs, size, {"prefix": "pages/", "delimiter": "/"}),
        )
        assert items == sorted(names)
        assert prefixes == ["pages/a/", "pages/b/", "pages/c/", "pages/z1", "pages/z2"]


def test_xml_listing_in_pages_is_complete(gcs: httpx.Client) -> None:
    """It gives every key exactly once through the XML API too, behind `start-after`, with the letters XML reserves."""
    names = [f"xml-pages/{number}&<ü>" for number in range(5)]
    for name in names:
        upload(gcs, name).raise_for_status()
    query, found = {"list-type": "2", "prefix": "xml-pages/", "max-keys": "2", "start-after": names[0]}, []

    while True:
        page = ElementTree.fromstring(gcs.get(f"/{BUCKET}", params=query).text)
        found += [key.text for key in page.iter("Key")]
        query["continuation-token"] = page.findtext("NextContinuationToken", "")
        if page.findtext("IsTruncated") == "false":
            break

    assert found == names[1:]


def _all_pages(client: httpx.Client, size: int, query: dict[str, str]) -> list[str]:
    found, token = [], ""
    while True:
        page = client.get(
            OBJECTS, params={**query, "maxResults": size, **({"pageToken": token} if token else {})}
        ).json()
        found += [item["name"] for item in page.get("items", [])] + page.get("prefixes", [])
        token = page.get("nextPageToken", "")
        if not token:
            return sorted(found)
