"""The Cloud Storage double and bad input: odd names, nonsense, broken bodies."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.embedded.gcs_client import BUCKET, OBJECTS, UPLOAD, upload
from tests.embedded.running_stores import RunningStore

RELATED = {"content-type": "multipart/related; boundary=b"}
THREE_PARTS = b'--b\r\n\r\n{"name": "three"}\r\n--b\r\n\r\n2\r\n--b\r\n\r\n3\r\n--b--\r\n'


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..%2f..%2fx", "/absolute", "a//b", "%2e%2e", "ä ö/🙂", "metadata.db", "a" * 1024]
)
def test_odd_names_are_only_names(gcs: httpx.Client, unlimited: RunningStore, name: str) -> None:
    """It keeps any legal name apart from the file system, through both APIs."""
    upload(gcs, "plain-name").raise_for_status()
    files = {path.name for path in unlimited.folder.iterdir()}
    upload(gcs, name, name.encode()).raise_for_status()

    read = [
        gcs.get(f"{OBJECTS}/{quote(name, safe='')}", params={"alt": "media"}),
        gcs.get(f"/{BUCKET}/{quote(name, safe='')}"),
    ]

    assert [answer.content for answer in read] == [name.encode()] * 2
    assert {path.name for path in unlimited.folder.iterdir()} == files


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("POST", UPLOAD, {"params": {"uploadType": "media"}}, 400),
        ("POST", UPLOAD, {"params": {"uploadType": "media", "name": "a" * 1025}}, 400),
        ("POST", UPLOAD, {"params": {"uploadType": "media", "name": "a\nb"}}, 400),
        ("POST", UPLOAD, {"params": {"uploadType": "media", "name": ".."}}, 400),
        ("POST", UPLOAD, {"params": {"uploadType": "odd", "name": "a"}}, 400),
        ("POST", UPLOAD, {"params": {"uploadType": "media", "name": "a", "ifGenerationMatch": "x"}}, 400),
        ("POST", UPLOAD, {"params": {"uploadType": "media", "name": "a", "ifGenerationMatch": "-1"}}, 400),
        ("POST", UPLOAD, {"params": {"uploadType": "multipart"}, "content": b"no boundary"}, 400),
        ("POST", UPLOAD, {"params": {"uploadType": "multipart"}, "headers": RELATED, "content": b"--b\r\n"}, 400),
        ("POST", UPLOAD, {"params": {"uploadType": "multipart"}, "headers": RELATED, "content": THREE_PARTS}, 400),
        ("POST", UPLOAD, {"params": {"uploadType": "resumable"}, "content": b"{broken"}, 400),
        ("PUT", UPLOAD, {"params": {"upload_id": "unknown"}}, 404),
        ("DELETE", UPLOAD, {}, 405),
        ("POST", "/upload/storage/v1/b/no-such-bucket/o", {"params": {"uploadType": "media", "name": "a"}}, 404),
        ("POST", "/storage/v1/b", {"content": b"[]"}, 400),
        ("POST", "/storage/v1/b", {"json": {}}, 400),
        ("POST", "/storage/v1/b", {"json": {"name": "../up"}}, 400),
        ("POST", "/storage/v1/b", {"json": {"name": BUCKET}}, 409),
        ("POST", "/storage/v1/b", {"content": b"[" * 1_000_000}, 400),
        ("POST", "/storage/v1/b", {"content": b" " * 1_100_000}, 413),
        ("DELETE", "/storage/v1/b/no-such-bucket", {}, 404),
        ("GET", OBJECTS, {"params": {"maxResults": "0"}}, 400),
        ("GET", OBJECTS, {"params": {"pageToken": "!"}}, 400),
        ("GET", f"{OBJECTS}/none", {}, 404),
        ("GET", f"{OBJECTS}/none", {"params": {"generation": "9" * 30}}, 400),
        ("PATCH", f"{OBJECTS}/none", {"json": {"metadata": 3}}, 404),
        ("TRACE", f"{OBJECTS}/none", {}, 405),
        ("GET", "/storage/v9/b", {}, 404),
        ("GET", "/storage/v1/b/%ff", {}, 400),
        ("GET", f"/{BUCKET}/%ff", {}, 400),
        ("GET", "/no-such-bucket/a", {}, 404),
        ("GET", "/no-such-bucket", {}, 404),
        ("POST", f"/{BUCKET}/a", {}, 405),
        ("PUT", f"/{BUCKET}", {}, 405),
        ("PUT", f"/{BUCKET}/a", {"params": {"uploadId": "unknown", "partNumber": "1"}}, 404),
        ("PUT", f"/{BUCKET}/a", {"headers": {"x-goog-copy-source": "nowhere"}}, 404),
        ("PUT", f"/{BUCKET}/a", {"headers": {"content-md5": "AAAA"}, "content": b"x"}, 400),
        ("PUT", f"/{BUCKET}/a", {"headers": {"x-goog-hash": "crc32c=AAAAAA=="}, "content": b"x"}, 400),
        ("PUT", f"/{BUCKET}/a", {"headers": {"x-goog-if-generation-match": "x"}, "content": b"x"}, 400),
    ],
)  # fmt: skip
def test_bad_input_gets_its_status(
    gcs: httpx.Client, unlimited: RunningStore, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    """It answers nonsense with the documented status in the API's own words, and leaves nothing behind."""
    answer = gcs.request(method, path, **options)

    assert answer.status_code == status
    assert answer.text.startswith('{"error"' if path.startswith(("/storage", "/upload")) else "<?xml")
    assert not [path for path in (unlimited.folder / "arriving").iterdir() if path.stat().st_size > 0]


def test_bad_xml_parts_are_refused(gcs: httpx.Client) -> None:
    """It completes a multipart upload only from parts that arrived, in ascending order."""
    begun = gcs.post(f"/{BUCKET}/parts", params={"uploads": ""})
    upload_id = begun.text.partition("<UploadId>")[2].partition("<")[0]
    etag = gcs.put(f"/{BUCKET}/parts", params={"uploadId": upload_id, "partNumber": 1}, content=b"one").headers["etag"]

    def complete(*parts: tuple[int, str]) -> int:
        listed = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in parts)
        text = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>"
        return gcs.post(f"/{BUCKET}/parts", params={"uploadId": upload_id}, content=text).status_code

    statuses = [
        complete(),
        complete((2, etag)),
        complete((1, '"other"')),
        complete((1, etag), (1, etag)),
        complete((1, etag)),
        complete((1, etag)),
    ]

    assert statuses == [400, 400, 400, 400, 200, 404]
    assert gcs.get(f"/{BUCKET}/parts").content == b"one"
