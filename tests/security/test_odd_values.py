"""Values that no client of good will sends: too large, too long, in no calendar, with what hides another text."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.app.browser import Browser
from tests.app.conftest import Api, Member, RunningApp

HUGE = 10**30
POST = "POST /api/v1/statuses"
FILTER = "POST /api/v2/filters"
CLIENT = "POST /api/v1/apps"
HIDDEN = ("java\nscript:alert(1)", "\tjavascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "//evil", "evil")
FOLDED = "https://a.example/\r\nSet-Cookie: a=b"

REFUSED: list[tuple[str, dict[str, Any], int]] = [
    (FILTER, {"title": "x", "context": ["home"], "expires_in": HUGE}, 422),
    (FILTER, {"title": "x", "context": ["home"], "expires_in": -HUGE}, 422),
    (FILTER, {"title": "x", "context": ["home"], "keywords_attributes": [{"keyword": {"a": 1}}]}, 422),
    (FILTER, {"title": "x", "context": ["home"], "keywords_attributes": [{"id": HUGE}]}, 422),
    (POST, {"status": "x", "scheduled_at": "9999-12-31T23:59:59Z"}, 422),
    (POST, {"status": "x", "scheduled_at": "9999-12-31T23:59:59-23:00"}, 422),
    (POST, {"status": "x", "scheduled_at": 1e300}, 422),
    (POST, {"status": "x", "poll": {"options": ["a", "b"], "expires_in": HUGE}}, 422),
    (POST, {"status": "x", "media_ids": ["1"] * 1000}, 422),
    (POST, {"status": "\ud800"}, 422),
    (POST, {"status": "a\x00b"}, 400),
    *((CLIENT, {"client_name": "x", "redirect_uris": [uri]}, 422) for uri in (*HIDDEN, FOLDED, "a:" + "x" * 3000)),
    (CLIENT, {"client_name": "x", "website": "javascript:alert(1)"}, 422),
    (CLIENT, {"client_name": "x" * 61}, 422),
    ("POST /api/v1/invites", {"max_uses": HUGE}, 422),
    ("POST /api/v1/invites", {"expires_in": HUGE}, 422),
    ("POST /api/v1/markers", {"home": {"last_read_id": "9" * 39}}, 404),
    ("POST /api/v1/markers", {"home": {"last_read_id": "x" * 9999}}, 404),
    ("PATCH /api/v1/accounts/update_credentials", {"fields_attributes": {"a": {"name": "x" * 9999}}}, 422),
]


@pytest.mark.parametrize(("route", "body", "status"), REFUSED)
def test_an_odd_value_is_refused(route: str, body: dict[str, Any], status: int, person: Member) -> None:
    """It says so in a sentence."""
    method, path = route.split(" ")

    answer = person.client.request(method, path, content=json.dumps(body), headers={"content-type": "application/json"})

    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/timelines/home?limit=" + "9" * 40,
        "/api/v2/search?q=%FF%FE&limit=" + "9" * 40,
        "/api/v2/search?q=%00%25%5C_",
        "/api/v1/timelines/tag/" + "x" * 4000,
        "/api/v1/accounts/search?q=" + "%25" * 1000,
        "/search?q=%ED%A0%80%00",
        "/tags/%00",
    ],
)
def test_an_odd_question_finds_nothing(path: str, person: Member) -> None:
    """It answers as if it had been asked something sensible."""
    assert person.client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/@%00", 404), ("/@%ED%A0%80", 404), ("/?limit=x", 422), ("/?max_id=x", 422)]
)
def test_an_odd_page_is_explained_as_a_page(path: str, status: int, person: Member) -> None:
    """It shows the sentence on the page, not as JSON."""
    answer = person.client.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert 'class="problem"' in answer.text


def test_a_language_that_is_none_is_left_out(person: Member) -> None:
    """It stores a language tag or nothing."""
    languages = [person.post(language=tag)["language"] for tag in ("de", "pt-BR", "x" * 5000, '"><script>', "")]

    assert languages == ["de", "pt-BR", None, None, None]


@pytest.fixture(scope="module")
def strict(run_app: Callable[..., RunningApp], app_database: Any) -> RunningApp:
    """Give an app that takes one log-in in five minutes, and two requests of a caller."""
    return run_app(app_database.url, attempts=1, requests=2)


@pytest.mark.parametrize(
    "key", ["a\r\nSet-Cookie: a=b", "ключ", "€", "x" * 256], ids=["folded", "words", "sign", "long"]
)
def test_a_key_that_no_header_can_carry_is_not_carried_back(key: str, strict: RunningApp) -> None:
    """It refuses the second log-in with a key of its own, in one header."""
    with strict.client() as client:
        browser = Browser(client)
        for _ in range(2):
            answer = browser.send("/log-in", login=f"nobody {key}", password="x", idempotency_key=key)

    assert answer.status_code == 429
    assert answer.headers["idempotency-key"] != key
    assert "set-cookie" not in answer.headers


def test_a_key_in_a_header_is_printable(person: Member) -> None:
    """It refuses another one in a sentence."""
    answer = person.client.post("/api/v1/statuses", json={"status": "x"}, headers={b"idempotency-key": b"\xff\xfe"})

    assert answer.status_code == 422
    assert "printable" in answer.json()["error"]


def test_made_up_tokens_do_not_escape_the_limit(strict: RunningApp, api: Api) -> None:
    """It counts all tokens of one address too, and keeps that apart from who comes without a token."""

    def ask(**headers: str) -> int:
        with strict.client(**headers) as client:
            return client.get("/api/v1/preferences").status_code

    answers = [ask(authorization=f"Bearer {number}") for number in range(41)]
    assert (answers[:40], answers[40]) == ([401] * 40, 429)
    assert ask() == 401


def test_a_token_cannot_name_an_address(run_app: Callable[..., RunningApp], app_database: Any) -> None:
    """It does not count a made-up token for the address that it spells."""
    app = run_app(app_database.url, requests=2)
    with app.client(authorization="address 127.0.0.1") as client:
        answers = [client.get("/api/v1/instance").status_code for _ in range(3)]
    with app.client() as client:
        assert client.get("/api/v1/instance").status_code == 200
    assert answers == [200, 200, 429]


def test_a_compressed_body_is_not_unpacked(person: Member) -> None:
    """It reads the bytes as they come, so no bomb goes off."""
    answer = person.client.post(
        "/api/v1/statuses",
        content=b"\x1f\x8b\x08\x00" + b"\x00" * 1000,
        headers={"content-encoding": "gzip", "content-type": "application/json"},
    )

    assert answer.status_code == 400
