"""The Cloud Storage double proven by three clients that know nothing of it: Google's own, obstore and rclone."""

import datetime
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import obstore
import pytest
from obstore.exceptions import AlreadyExistsError, PreconditionError

from app.stores import token_of
from scripts.embedded import object_stores
from tests.embedded.running_stores import RunningStore

RCLONE = Path(sys.executable).parent / "rclone"
# Google's library announces the end of this Python a year ahead, and asks for a package that it does not need here.
pytestmark = [
    pytest.mark.filterwarnings("ignore:You are using a Python version:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning"),
]


@pytest.fixture
def google(unlimited: RunningStore) -> Iterator[Any]:
    """Give a bucket of Google's client, which takes the account's file unchanged."""
    from google.cloud import storage

    client = storage.Client.from_service_account_json(
        str(unlimited.folder / "service-account.json"), client_options={"api_endpoint": unlimited.endpoint}
    )
    yield client.bucket("lifeboat-media")
    client.close()


def test_google_client_round_trip(google: Any) -> None:
    """It keeps bytes, type, metadata and digests through Google's client, which checks the digests itself."""
    blob = google.blob("google/a b+ü.txt")
    blob.metadata, blob.cache_control = {"sha256": "abc"}, "max-age=1"
    blob.upload_from_string(b"hello", content_type="image/png", checksum="md5")

    found = google.get_blob(blob.name)

    assert (found.download_as_bytes(checksum="crc32c"), found.content_type) == (b"hello", "image/png")
    assert (found.metadata, found.cache_control, found.md5_hash) == (
        {"sha256": "abc"},
        "max-age=1",
        "XUFAKrxLKna5cZ2REBfFkg==",
    )


def test_google_client_preconditions(google: Any) -> None:
    """It refuses a creation over an object and a stale generation, and takes the right one."""
    from google.api_core.exceptions import PreconditionFailed

    blob = google.blob("google/condition")
    blob.upload_from_string(b"1", if_generation_match=0)
    first = blob.generation
    blob.upload_from_string(b"2", if_generation_match=first)

    for stale in (0, first):
        with pytest.raises(PreconditionFailed):
            google.blob(blob.name).upload_from_string(b"3", if_generation_match=stale, retry=None)
    assert google.blob(blob.name).download_as_bytes() == b"2"


def test_google_client_resumable_upload(google: Any) -> None:
    """It takes a resumable upload in four pieces."""
    data = os.urandom(3 * 2**20 + 5)
    blob = google.blob("google/large", chunk_size=2**20)

    blob.upload_from_string(data)

    assert google.blob(blob.name).download_as_bytes() == data


def test_google_client_list_copy_patch_delete(google: Any) -> None:
    """It lists with a delimiter, copies, renames by rewriting, changes metadata and deletes."""
    source = google.blob("google/ops/source")
    source.upload_from_string(b"x", content_type="text/plain")
    google.copy_blob(source, google, "google/ops/sub/copy")
    google.rename_blob(source, "google/ops/renamed")
    renamed = google.get_blob("google/ops/renamed")
    renamed.metadata = {"a": "1"}
    renamed.patch()

    listing = google.client.list_blobs(google, prefix="google/ops/", delimiter="/")
    names = [blob.name for blob in listing]

    assert (names, listing.prefixes) == (["google/ops/renamed"], {"google/ops/sub/"})
    patched = google.get_blob("google/ops/renamed")
    assert (patched.metadata, patched.metageneration, patched.content_type) == ({"a": "1"}, 2, "text/plain")


@pytest.mark.parametrize("signed_by", ["google", "obstore"])
def test_signed_urls_are_checked(unlimited: RunningStore, google: Any, signed_by: str) -> None:
    """It accepts a V4 signed URL for exactly its object and method, and refuses a changed one and an expired one."""
    store = unlimited.open()
    obstore.put(store, "signed/here", b"x")
    obstore.put(store, "signed/there", b"y")

    def sign(seconds: int, method: str = "GET") -> str:
        lifetime = datetime.timedelta(seconds=seconds)
        if signed_by == "obstore":
            return obstore.sign(store, method, "signed/here", lifetime)
        blob = google.blob("signed/here")
        return blob.generate_signed_url(
            version="v4", expiration=lifetime, method=method, api_access_endpoint=unlimited.endpoint
        )

    get = sign(60)
    answers = [
        httpx.get(url, trust_env=False)
        for url in (get, get.replace("here?", "there?"), get.replace("Expires=60", "Expires=6000"))
    ]
    wrong_method = httpx.put(get, content=b"z", trust_env=False)
    put = httpx.put(sign(60, "PUT"), content=b"z", trust_env=False)
    old = get.replace("X-Goog-Date=2", "X-Goog-Date=1")

    assert [answer.status_code for answer in answers] == [200, 403, 403]
    assert (answers[0].content, wrong_method.status_code, put.status_code) == (b"x", 403, 200)
    assert httpx.get(old, trust_env=False).status_code == 400
    assert bytes(obstore.get(store, "signed/here").bytes()) == b"z"


def test_obstore_conditions_and_parts(unlimited: RunningStore) -> None:
    """It serves obstore: create, compare and set, an upload in parts, copies and renames."""
    store, data = unlimited.open(), os.urandom(12 * 2**20)
    token = token_of(obstore.put(store, "obstore/register", b"1", mode="create"))
    obstore.put(store, "obstore/register", b"2", mode=token)
    obstore.put(store, "obstore/large", data)
    obstore.copy(store, "obstore/large", "obstore/copy")
    obstore.rename(store, "obstore/copy", "obstore/moved")

    with pytest.raises(AlreadyExistsError):
        obstore.put(store, "obstore/register", b"3", mode="create")
    with pytest.raises(PreconditionError):
        obstore.put(store, "obstore/register", b"3", mode=token)

    assert set(token) == {"e_tag", "version"}
    assert bytes(obstore.get(store, "obstore/moved").bytes()) == data
    assert bytes(obstore.get(store, "obstore/register").bytes()) == b"2"


@pytest.fixture
def rclone(unlimited: RunningStore) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give a function that runs rclone with the double as the remote `gcp`, without a configuration file."""
    remote = {
        "TYPE": "google cloud storage",
        "ENDPOINT": f"{unlimited.endpoint}/storage/v1/",
        "SERVICE_ACCOUNT_FILE": str(unlimited.folder / "service-account.json"),
        "BUCKET_POLICY_ONLY": "true",
        "PROJECT_NUMBER": "1",
    }
    environment = {f"RCLONE_CONFIG_GCP_{name}": value for name, value in remote.items()} | {
        "RCLONE_CONFIG": os.devnull,
        "HOME": str(unlimited.folder),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        limits = ("--retries", "1", "--low-level-retries", "1", "--contimeout", "3s", "--timeout", "10s")
        return subprocess.run(
            [RCLONE, *arguments, *limits], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def test_rclone_sync_and_check(
    rclone: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, unlimited: RunningStore
) -> None:
    """It makes a bucket, takes a folder, confirms every digest, and shows an object that differs by digest alone."""
    for number in range(20):
        (tmp_path / f"{number}.jpg").write_bytes(os.urandom(20_000))
    (tmp_path / "large.bin").write_bytes(os.urandom(9 * 2**20))

    runs = [rclone("mkdir", "gcp:rclone-bucket"), rclone("sync", str(tmp_path), "gcp:rclone-bucket", "--checksum"),
            rclone("check", str(tmp_path), "gcp:rclone-bucket")]  # fmt: skip
    listed = json.loads(rclone("lsjson", "gcp:rclone-bucket", "--hash").stdout)
    obstore.put(unlimited.open("rclone-bucket"), "3.jpg", os.urandom(20_000))
    differs = rclone("check", str(tmp_path), "gcp:rclone-bucket")

    assert [run.returncode for run in runs] == [0, 0, 0], [run.stderr for run in runs]
    assert len(listed) == 21
    assert all(item["Hashes"]["md5"] for item in listed)
    assert differs.returncode == 1
    assert "3.jpg: md5 differ" in differs.stderr


def test_rclone_with_another_key_is_refused(
    rclone: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, unlimited: RunningStore
) -> None:
    """It exchanges no token for an account file with another private key."""
    account = json.loads((unlimited.folder / "service-account.json").read_text())
    other = object_stores.make_credentials()["gs"]["service_account"]["private_key"]
    (tmp_path / "other.json").write_text(json.dumps({**account, "private_key": other}))

    refused = rclone("lsf", "gcp:lifeboat-media", "--gcs-service-account-file", str(tmp_path / "other.json"))

    assert refused.returncode != 0
    assert "401" in refused.stderr
