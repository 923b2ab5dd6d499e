"""The Cloud Storage double lets nobody in who is not the account."""

import base64
import json
import time
from typing import Any

import httpx
import pytest

from scripts.embedded.gcs.authentication import new_account
from tests.embedded.gcs_client import BUCKET, OBJECTS, signed_token
from tests.embedded.running_stores import MakeStore, RunningStore


@pytest.mark.parametrize(
    ("claims", "other_key"),
    [
        ({"exp": 1}, False),
        ({"iat": int(time.time()) + 3600, "exp": int(time.time()) + 7200}, False),
        ({"iss": "somebody"}, False),
        ({}, True),
    ],
)
def test_foreign_and_expired_tokens_are_refused(
    unlimited: RunningStore, claims: dict[str, Any], other_key: bool
) -> None:
    """It lets nobody in with a token that is old, not valid yet, of another account, or signed by another key."""
    account = unlimited.credentials["gs"]["service_account"]
    token = signed_token({**account, **({"private_key": new_account()["private_key"]} if other_key else {})}, **claims)

    answer = httpx.get(unlimited.endpoint + OBJECTS, headers={"authorization": f"Bearer {token}"}, trust_env=False)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic abc", "Bearer", "Bearer x", "Bearer a.b.c", "Bearer ya29.9999999999.x", "Bearer ya29.é"],
)
def test_nobody_gets_in_with_nonsense(unlimited: RunningStore, authorization: str) -> None:
    """It answers 401 to requests without credentials or with broken ones, for both APIs."""
    headers = [(b"authorization", authorization.encode())] if authorization else []

    answers = [
        httpx.get(unlimited.endpoint + path, headers=headers, trust_env=False) for path in (OBJECTS, f"/{BUCKET}/x")
    ]

    assert [answer.status_code for answer in answers] == [401, 401]


def test_unsigned_algorithm_is_refused(unlimited: RunningStore) -> None:
    """It takes no token whose header says that it needs no signature."""
    now = int(time.time())
    email = unlimited.credentials["gs"]["service_account"]["client_email"]
    parts = ({"alg": "none"}, {"iss": email, "iat": now, "exp": now + 60})
    token = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."

    answer = httpx.get(unlimited.endpoint + OBJECTS, headers={"authorization": f"Bearer {token}"}, trust_env=False)

    assert answer.status_code == 401


def test_access_token_outlives_a_restart(make_store: MakeStore) -> None:
    """It still knows the access token that it gave out before it was killed."""
    running = make_store("gcp")
    assertion = signed_token(running.credentials["gs"]["service_account"], aud="https://oauth2.googleapis.com/token")
    token = httpx.post(f"{running.endpoint}/token", data={"assertion": assertion}, trust_env=False).json()[
        "access_token"
    ]
    running.kill()
    running.start()

    answer = httpx.get(running.endpoint + OBJECTS, headers={"authorization": f"Bearer {token}"}, trust_env=False)

    assert (token[:5], answer.status_code) == ("ya29.", 200)
