"""What an operator relies on: figures, lines, limits, an end without a broken request, a complete description."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.app.conftest import CREDENTIALS, Member, RunningApp
from tests.conftest import free_port

TOKEN = "a token for the figures"


@pytest.fixture(scope="module")
def watched(run_app: Callable[..., RunningApp], app_database: Any) -> RunningApp:
    """Give an app whose figures can be read."""
    return run_app(app_database.url, metrics_token=TOKEN)


def test_the_figures_are_for_whom_knows_the_token(watched: RunningApp, anonymous: httpx.Client) -> None:
    """It counts by route, never by person, and answers 404 to everybody else."""
    with watched.client() as client:
        client.get("/api/v1/accounts/12345")
        denied = client.get("/metrics")
        text = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).text

    assert denied.status_code == anonymous.get("/metrics").status_code == 404
    line = 'lifeboat_requests_total{method="GET",route="/api/v1/accounts/{account_id}",status="404"} 1.0'
    assert line in text
    assert "12345" not in text
    assert 'lifeboat_site{site="aws"} 1.0' in text
    assert "lifeboat_writable 1.0" in text
    assert "lifeboat_request_seconds_bucket" in text


def test_every_answer_has_an_id(anonymous: httpx.Client) -> None:
    """It takes the client's when it is a plain word, and makes one of its own otherwise."""
    given = anonymous.get("/healthz", headers={"x-request-id": "abc-12345"}).headers["x-request-id"]
    odd = anonymous.get("/healthz", headers={"x-request-id": "<script>"}).headers["x-request-id"]

    assert given == "abc-12345"
    assert len(odd) == 16


def test_one_caller_is_limited_and_told_so(
    run_app: Callable[..., RunningApp], app_database: Any, member: Member
) -> None:
    """It counts down in Mastodon's headers, answers 429 with Retry-After, and goes on for others and for the page."""
    app = run_app(app_database.url, requests=3)
    with app.client(authorization=f"Bearer {member.token}") as client, app.client() as other:
        answers = [client.get("/api/v1/preferences") for _ in range(5)]
        page, public = other.get("/"), other.get("/api/v1/timelines/public")

    if len({answer.headers["x-ratelimit-reset"] for answer in answers}) == 1:  # all in one window of five minutes
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
        assert int(answers[-1].headers["retry-after"]) > 0
        assert answers[-1].json()["error"] == "Too many requests"
    assert (page.status_code, public.status_code) == (200, 200)


def test_a_busy_process_refuses_before_it_reads(run_app: Callable[..., RunningApp], app_database: Any) -> None:
    """It answers 503 with Retry-After while as many requests are under way as it takes, and says that it is alive."""
    app = run_app(app_database.url, max_in_flight=1)
    begun, end = threading.Event(), threading.Event()

    def slowly() -> Any:
        yield b"{"
        begun.set()
        end.wait(10)
        yield b"}"

    def send() -> None:
        with app.client() as client:
            client.post("/api/v1/apps", content=slowly(), headers={"content-type": "application/json"})

    slow = threading.Thread(target=send)
    slow.start()
    begun.wait(10)
    time.sleep(0.3)
    with app.client() as client:
        refused, alive = client.get("/api/v2/instance"), client.get("/healthz")
        end.set()
        slow.join(10)
        after = client.get("/api/v2/instance")

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "busy" in refused.json()["error"]
    assert (alive.status_code, after.status_code) == (200, 200)


def start(folder: Path, database: Any) -> tuple[subprocess.Popen[str], str]:
    """Start the app as a site does, in a process of its own, and give it with its address."""
    credentials = folder / "credentials.json"
    credentials.write_text(json.dumps(CREDENTIALS))
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "SITE": "aws",
        "DATABASE_URL": database.url,
        "MEDIA_URL": "s3://lifeboat-media?region=us-east-1&endpoint=http://127.0.0.1:1",
        "STORE_CREDENTIALS": str(credentials),
        "SECRET_KEY": "a secret key for tests only",
    }
    argv = [sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app_from_environment", "--port", str(port)]
    options = ["--no-access-log", "--timeout-graceful-shutdown", "10"]
    process = subprocess.Popen([*argv, *options], env=environment, stdout=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{address}/healthz", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return process, address
    process.kill()
    pytest.fail("the app did not start")


def test_a_process_that_is_told_to_end_finishes_what_it_does(app_database: Any, tmp_path: Path, member: Member) -> None:
    """It answers the request under way, ends its streams, ends within ten seconds, and its lines name nobody."""
    process, address = start(tmp_path, app_database)
    headers = {"authorization": f"Bearer {member.token}"}
    account = member.id
    try:
        with httpx.Client(base_url=address, headers=headers, timeout=20, trust_env=False) as client:
            client.get(f"/api/v1/accounts/{account}")
            with client.stream("GET", "/api/v1/streaming/user") as stream:
                pieces = stream.iter_text()
                assert next(pieces).startswith(":)")
                began = time.monotonic()
                process.send_signal(signal.SIGTERM)
                assert "".join(pieces) == ""
        output, _ = process.communicate(timeout=15)
    finally:
        process.kill()

    assert time.monotonic() - began < 12
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    requests = [line for line in lines if line["event"] == "request"]
    assert "/api/v1/accounts/{account_id}" in {line["route"] for line in requests}
    assert all(line["request_id"] and line["status"] == 200 for line in requests)
    assert not any(word in output for word in (account, member.username, member.token, "127.0.0.1"))


def test_the_description_names_every_body_and_every_refusal(anonymous: httpx.Client) -> None:
    """It describes the body of every route that reads one, the idempotency key, the token, and the 503 of each."""
    document = anonymous.get("/openapi.json").json()

    publish = document["paths"]["/api/v1/statuses"]["post"]
    assert publish["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/NewStatus")
    assert "poll" in document["components"]["schemas"]["NewStatus"]["properties"]
    assert {"200", "401", "403", "404", "422", "429", "503"} <= set(publish["responses"])
    assert "Idempotency-Key" in [parameter["name"] for parameter in publish["parameters"]]
    assert publish["security"] == [{"bearer": ["write:statuses"]}]
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert all("503" in operation["responses"] for operation in operations)
    assert "/metrics" not in document["paths"]


def test_clients_find_the_oauth_server(anonymous: httpx.Client) -> None:
    """It names its own addresses, with or without a slash at the end."""
    found = anonymous.get("/.well-known/oauth-authorization-server/").json()

    assert found["token_endpoint"].endswith("/oauth/token")
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found == anonymous.get("/.well-known/oauth-authorization-server").json()
