"""The Cloud Storage double and uploads that stop in the middle."""

import os
import socket
import time

import httpx

from tests.embedded.gcs_client import BUCKET, OBJECTS, UPLOAD, client_of, upload
from tests.embedded.running_stores import MakeStore, RunningStore


def test_resumable_upload_goes_on_where_it_stopped(gcs: httpx.Client) -> None:
    """It says how much has arrived, skips what it has, refuses a gap, and ends with the whole object."""
    data = os.urandom(700_000)
    begun = gcs.post(UPLOAD, params={"uploadType": "resumable", "name": "resumed"}, json={"contentType": "image/png"})
    session = begun.headers["location"]

    def send(first: int, last: int) -> httpx.Response:
        return httpx.put(
            session,
            content=data[first : last + 1],
            headers={"content-range": f"bytes {first}-{last}/{len(data)}"},
            trust_env=False,
        )

    part = send(0, 299_999)
    asked = httpx.put(session, headers={"content-range": f"bytes */{len(data)}"}, trust_env=False)
    gap = send(400_000, 499_999)
    done = send(200_000, len(data) - 1)

    assert (part.status_code, part.headers["range"], asked.headers["range"]) == (
        308,
        "bytes=0-299999",
        "bytes=0-299999",
    )
    assert (gap.status_code, done.status_code, done.json()["contentType"]) == (503, 200, "image/png")
    assert gcs.get(f"{OBJECTS}/resumed", params={"alt": "media"}).content == data


def test_upload_cut_off_leaves_no_object(gcs: httpx.Client, unlimited: RunningStore) -> None:
    """It shows nothing of an upload whose client vanished in the middle."""
    token = gcs.headers["authorization"]
    head = f"PUT /{BUCKET}/cut HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\nContent-Length: 1000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", unlimited.port)) as connection:
        connection.sendall(head.encode() + b"x" * 1000)
        time.sleep(0.1)

    time.sleep(0.1)

    assert gcs.get(f"{OBJECTS}/cut").status_code == 404
    assert not [path for path in (unlimited.folder / "arriving").iterdir() if path.stat().st_size == 1000]


def test_kill_in_the_middle_of_an_upload(make_store: MakeStore) -> None:
    """It starts again with the old object and without the half of the new one."""
    running = make_store("gcp")
    with client_of(running) as client:
        upload(client, "half", b"old")
        begun = client.post(UPLOAD, params={"uploadType": "resumable", "name": "half"}, json={})
        httpx.put(begun.headers["location"], content=b"new", headers={"content-range": "bytes 0-2/6"}, trust_env=False)
    running.kill()
    session = begun.headers["location"]
    old_port = running.port
    running.start()

    with client_of(running) as client:
        kept = client.get(f"{OBJECTS}/half", params={"alt": "media"}).content
        resumed = httpx.put(
            session.replace(str(old_port), str(running.port)), headers={"content-range": "bytes */6"}, trust_env=False
        )

    assert (kept, resumed.status_code) == (b"old", 404)
    assert list((running.folder / "arriving").iterdir()) == []
    assert len(list((running.folder / "objects").iterdir())) == 1
