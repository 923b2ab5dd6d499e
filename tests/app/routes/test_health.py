"""Is it alive, is it ready, and what it says when its database is gone."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.app.conftest import FenceControl, Member, RunningApp

DEAD = "postgresql://lifeboat_app:x@127.0.0.1:1/lifeboat"


def test_a_primary_is_ready_and_writable(anonymous: httpx.Client) -> None:
    """It names its site, role and epoch."""
    ready = anonymous.get("/readyz")

    assert ready.status_code == 200
    found = ready.json()
    assert found.pop("lease_seconds") > 0
    assert found.pop("acknowledged") >= 0
    assert found.pop("lag") == {"heartbeat_seconds": None, "followers": {}}
    expected = {"site": "aws", "role": "primary", "writable": True, "epoch": 1, "draining": False, "database": "ok"}
    assert found == expected
    assert ready.headers["x-site"] == "aws"


def test_a_closed_fence_makes_a_standby(anonymous: httpx.Client, fence: FenceControl) -> None:
    """It stays ready to be read, and says that it takes no writes."""
    fence.set(writable=False, epoch=7)

    ready = anonymous.get("/readyz")

    assert ready.status_code == 200
    found = ready.json()
    assert (found["role"], found["writable"], found["epoch"]) == ("standby", False, 7)
    assert (found["lease_seconds"], found["lag"]) == (0.0, {"heartbeat_seconds": None})


def test_a_primary_says_how_far_its_followers_are_behind(
    anonymous: httpx.Client, confirm: Callable[[str], None], member: Member
) -> None:
    """It counts the bytes that a slot has not confirmed, and says that nobody is connected to it."""
    confirm("gcp")
    member.post("more to send")

    found = anonymous.get("/readyz").json()["lag"]["followers"]["gcp"]

    assert found["connected"] is False
    assert found["behind_bytes"] > 0


@pytest.fixture(scope="module")
def orphan(run_app: Callable[..., RunningApp]) -> RunningApp:
    """Give an app whose database is gone."""
    return run_app(DEAD)


def test_an_app_without_its_database_is_alive_and_not_ready(orphan: RunningApp) -> None:
    """It answers 200 on the one and 503 on the other, quickly."""
    with orphan.client() as client:
        began = time.monotonic()
        alive, ready = client.get("/healthz"), client.get("/readyz")

    assert (alive.status_code, alive.json()) == (200, {"status": "alive", "site": "aws"})
    assert ready.status_code == 503
    assert ready.json()["writable"] is False
    assert "does not answer" in ready.json()["database"]
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("path", ["/api/v1/timelines/public", "/api/v2/instance", "/"])
def test_reading_without_a_database_is_answered_in_a_sentence(orphan: RunningApp, path: str) -> None:
    """It answers 503 with Retry-After, as JSON or as the page."""
    with orphan.client() as client:
        answer = client.get(path)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "The database of this site does not answer" in answer.text


def test_writing_without_a_database_saves_nothing_and_says_so(orphan: RunningApp) -> None:
    """It answers 503 with the key to retry with."""
    with orphan.client() as client:
        answer = client.post("/api/v1/apps", json={"client_name": "x"}, headers={"Idempotency-Key": "mine"})

    assert answer.status_code == 503
    assert "nothing was saved" in answer.json()["error"]
    assert answer.json()["idempotency_key"] == "mine"


def test_the_instance_says_what_it_allows(anonymous: httpx.Client, member: Any) -> None:
    """It gives both versions of the Instance entity with the limits that the routes enforce."""
    first, second = anonymous.get("/api/v1/instance").json(), anonymous.get("/api/v2/instance").json()

    assert first["uri"] == second["domain"] == "127.0.0.1"
    assert first["version"] == second["version"]
    assert first["stats"]["user_count"] >= 1
    for entity in (first, second):
        assert entity["configuration"]["statuses"]["max_characters"] == 500
        assert entity["configuration"]["media_attachments"]["image_size_limit"] == 16 * 1024 * 1024


def test_every_acknowledged_write_is_counted(anonymous: httpx.Client, member: Member) -> None:
    """One more post, one more acknowledged write of this process."""
    before = anonymous.get("/readyz").json()["acknowledged"]
    member.post("counted")

    assert anonymous.get("/readyz").json()["acknowledged"] == before + 1
