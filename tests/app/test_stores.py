"""Store URLs and credentials: what is understood, and what is refused in one sentence."""

import asyncio
import json
import random
import socket
import time
from pathlib import Path

import obstore
import pytest
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from app.errors import BadStoreCredentials, BadStoreUrl
from app.stores import StoreUrl, list_all, load_credentials, open_store, token_of

KEYS = {
    "s3": {"access_key_id": "a", "secret_access_key": "b"},
    "az": {"account_key": "a2V5"},
}


def test_s3_url_opens_an_s3_store() -> None:
    """It opens the bucket in its region, by path at an endpoint of its own."""
    store = open_store("s3://media?region=eu-central-1&endpoint=http://127.0.0.1:9", KEYS)

    assert isinstance(store, S3Store)
    assert (store.config["bucket"], store.config["region"]) == ("media", "eu-central-1")
    assert store.config["endpoint"] == "http://127.0.0.1:9"


def test_azure_url_opens_a_blob_store() -> None:
    """It opens the container of the account."""
    store = open_store("az://account/media?endpoint=http://127.0.0.1:9/account", KEYS)

    assert isinstance(store, AzureStore)
    assert (store.config["container_name"], store.config["account_name"]) == ("media", "account")


def test_cloud_storage_url_without_credentials_uses_the_site_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the ambient identity when the credentials file says nothing of Cloud Storage."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)

    store = open_store("gs://media", KEYS)

    assert isinstance(store, GCSStore)
    assert "service_account_key" not in store.config


@pytest.mark.parametrize(("endpoint", "allowed"), [("http://127.0.0.1:9", True), ("https://127.0.0.1:9", False)])
def test_plain_http_is_for_plain_endpoints(endpoint: str, allowed: bool) -> None:
    """It allows an unencrypted connection only where the endpoint itself is http."""
    store = open_store(f"s3://media?region=eu-central-1&endpoint={endpoint}", KEYS)

    assert ("allow_http" in (store.client_options or {})) is allowed


def test_session_token_of_the_shell_stays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It uses the keys of the file alone, whatever the user's shell holds for AWS."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "somebody-else")

    store = open_store("s3://media?region=eu-central-1", KEYS)

    assert isinstance(store, S3Store)
    assert store.credential_provider() == {
        "access_key_id": "a",
        "secret_access_key": "b",
        "token": None,
        "expires_at": None,
    }


def test_silent_store_ends_a_request_in_time() -> None:
    """It gives up after the time asked for, without a second attempt, when a store takes the call and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = open_store(
            f"s3://media?region=x&endpoint=http://127.0.0.1:{silent.getsockname()[1]}",
            KEYS,
            timeout_seconds=0.3,
            retries=0,
        )
        began = time.monotonic()

        with pytest.raises(BaseError, match=r"timed out|timeout"):
            obstore.put(store, "key", b"x")

        assert 0.25 < time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://media", "must begin with s3://, gs:// or az://"),
        ("media", "must begin with s3://, gs:// or az://"),
        ("s3://media", "names no region"),
        ("s3://?region=x", "must read s3://BUCKET"),
        ("gs://media/folder", "must read gs://BUCKET"),
        ("az://account", "must read az://ACCOUNT/CONTAINER"),
        ("gs://media?region=x", "has no setting 'region'"),
        ("gs://media?endpoint=127.0.0.1", "must be an http or https address"),
        ("gs://media#part", "ends in '#part'"),
        ("s3://media?region=x&secret=hush", "has no setting 'secret'"),
    ],
)
def test_bad_url_is_refused_in_one_sentence(url: str, words: str) -> None:
    """It says what is wrong with the URL, without a stack of causes."""
    with pytest.raises(BadStoreUrl, match=words) as refused:
        StoreUrl.parse(url)

    assert str(refused.value).count("\n") == 0


def test_secret_in_a_url_is_refused_and_not_repeated() -> None:
    """It refuses a secret in a URL, and its message does not hold it."""
    with pytest.raises(BadStoreUrl, match="STORE_CREDENTIALS") as refused:
        open_store("s3://key:hush-hush@media?region=x")

    assert "hush-hush" not in str(refused.value)


def test_credentials_file_is_read(tmp_path: Path) -> None:
    """It reads the file's three parts; no file means no credentials."""
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(KEYS))

    assert load_credentials(path) == KEYS
    assert load_credentials(None) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "cannot be read"),
        ("[]", "are not a JSON object"),
        ('{"ftp": {}}', "name 'ftp'"),
        ('{"s3": {"access_key_id": "a"}}', "lack secret_access_key"),
        ('{"gs": 3}', "lack service_account"),
    ],
)
def test_bad_credentials_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """It names the file and the part that is wrong."""
    path = tmp_path / "credentials.json"
    path.write_text(text)

    with pytest.raises(BadStoreCredentials, match=words) as refused:
        load_credentials(path)

    assert str(path) in str(refused.value)


def test_missing_credentials_file_is_refused(tmp_path: Path) -> None:
    """It refuses a named file that is not there, instead of going on with the ambient identity."""
    with pytest.raises(BadStoreCredentials, match="cannot be read"):
        load_credentials(tmp_path / "none.json")


def test_account_without_a_key_is_refused() -> None:
    """It says that the credentials do not open the store, before any request."""
    with pytest.raises(BadStoreCredentials, match="cannot be opened"):
        open_store("gs://media", {"gs": {"service_account": {"client_email": "x"}}})


def test_token_leaves_out_what_is_none() -> None:
    """It drops the parts that a store did not give: obstore refuses None."""
    assert token_of({"e_tag": '"1"', "version": None, "size": 3}) == {"e_tag": '"1"'}


EMPTY_LISTING = b"""<?xml version="1.0"?><ListBucketResult><Name>media</Name><KeyCount>0</KeyCount>
<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>"""


async def _answer_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(random.choice([0.001, 0.004]))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(EMPTY_LISTING), EMPTY_LISTING))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def test_a_listing_that_is_given_up_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    """It can be given up at any moment, over a connection of its own: the client writes nothing to the screen."""

    async def give_up() -> None:
        server = await asyncio.start_server(_answer_slowly, "127.0.0.1", 0)
        url = f"s3://media?region=us-east-1&endpoint=http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await list_all(open_store(url, KEYS)) == []
        for _ in range(60):
            listing = [asyncio.create_task(list_all(open_store(url, KEYS))) for _ in range(4)]
            await asyncio.sleep(random.uniform(0, 0.012))
            for task in listing:
                task.cancel()
            await asyncio.gather(*listing, return_exceptions=True)
        server.close()
        await asyncio.sleep(0.05)

    asyncio.run(give_up())

    assert capfd.readouterr().err == ""
