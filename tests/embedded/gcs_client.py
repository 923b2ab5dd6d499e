"""The Cloud Storage double asked over HTTP by hand: a client that signs its own tokens."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from scripts.embedded import object_stores
from tests.embedded.running_stores import MakeStore, RunningStore

BUCKET = "lifeboat-media"
OBJECTS = f"/storage/v1/b/{BUCKET}/o"
UPLOAD = f"/upload/storage/v1/b/{BUCKET}/o"


def signed_token(account: dict[str, Any], **claims: Any) -> str:
    """Return a self-signed JWT of a service account."""
    from google.auth import crypt, jwt

    now = int(time.time())
    told = {
        "iss": account["client_email"],
        "sub": account["client_email"],
        "scope": "x",
        "iat": now,
        "exp": now + 300,
        **claims,
    }
    return jwt.encode(crypt.RSASigner.from_service_account_info(account), told).decode()


@pytest.fixture(scope="session")
def unlimited(make_store: MakeStore) -> RunningStore:
    """Give a double without the limit on writes."""
    return make_store("gcp", object_stores.gcs_process, seconds_between_writes=0.0)


@pytest.fixture
def gcs(unlimited: RunningStore) -> Iterator[httpx.Client]:
    """Give an authenticated client of the double without the limit."""
    with client_of(unlimited) as client:
        yield client


def client_of(running: RunningStore) -> httpx.Client:
    token = signed_token(running.credentials["gs"]["service_account"])
    return httpx.Client(
        base_url=running.endpoint, headers={"authorization": f"Bearer {token}"}, trust_env=False, timeout=10
    )


def upload(client: httpx.Client, name: str, data: bytes = b"x", **query: Any) -> httpx.Response:
    return client.post(UPLOAD, params={"uploadType": "media", "name": name, **query}, content=data)
