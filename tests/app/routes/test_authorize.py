"""A person lets a client act for them."""

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.app.conftest import PASSWORD, Member, RunningApp

BACK = "https://client.example/back?x=1"
VERIFIER = "a verifier of the client's own choice, long enough"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def secrets(anonymous: httpx.Client) -> dict[str, str]:
    """Give the id and secret of a client that registered two addresses."""
    form = {"client_name": "reader", "scopes": "read write", "redirect_uris": [BACK, "urn:ietf:wg:oauth:2.0:oob"]}
    made = anonymous.post("/api/v1/apps", json=form).json()
    return {"client_id": made["client_id"], "client_secret": made["client_secret"]}


@pytest.fixture
def browser(app_server: RunningApp) -> Iterator[httpx.Client]:
    """Give a browser that does not follow redirects to other hosts."""
    with app_server.client() as client:
        yield client


def wish(secrets: dict[str, str], **changes: str) -> dict[str, str]:
    """Give what the client asks for."""
    asked = {"response_type": "code", "client_id": secrets["client_id"], "redirect_uri": BACK, "scope": "read write"}
    return asked | {"state": "s t", "code_challenge": CHALLENGE, "code_challenge_method": "S256"} | changes


def decide(browser: httpx.Client, asked: dict[str, str], **fields: str) -> httpx.Response:
    """Open the page and answer it."""
    page = browser.get("/oauth/authorize", params=asked)
    assert page.status_code == 200, page.text
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return browser.post("/oauth/authorize", data={name: html.unescape(value) for name, value in hidden} | fields)


def allow(browser: httpx.Client, member: Member, asked: dict[str, str]) -> httpx.Response:
    """Allow it as a member who logs in on the page."""
    return decide(browser, asked, decision="allow", login=member.username, password=PASSWORD)


def spend(client: httpx.Client, secrets: dict[str, str], code: str, **changes: str) -> httpx.Response:
    """Change a code for a token."""
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    return client.post("/oauth/token", data=secrets | grant | changes)


def test_a_code_becomes_a_token_once(browser: httpx.Client, member: Member, secrets: dict[str, str]) -> None:
    """It sends the person back with code and state, and the code gives one token that acts for the person."""
    answer = allow(browser, member, wish(secrets))
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    first, second = (spend(browser, secrets, query["code"][0]) for _ in range(2))
    token = first.json()["access_token"]
    me = browser.get("/api/v1/accounts/verify_credentials", headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == 302
    assert answer.headers["location"].startswith("https://client.example/back?x=1&")
    assert query["state"] == ["s t"]
    assert me.json()["username"] == member.username
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "changes", [{"code_verifier": "another"}, {"code_verifier": ""}, {"redirect_uri": "urn:ietf:wg:oauth:2.0:oob"}]
)
def test_a_stolen_code_is_worth_nothing(
    browser: httpx.Client, member: Member, secrets: dict[str, str], changes: dict[str, str]
) -> None:
    """It refuses a code without the client's verifier, or for another address."""
    location = allow(browser, member, wish(secrets)).headers["location"]

    answer = spend(browser, secrets, parse_qs(urlsplit(location).query)["code"][0], **changes)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_client_without_an_address_gets_the_code_shown(
    browser: httpx.Client, member: Member, secrets: dict[str, str]
) -> None:
    """It shows the code on the page for a person to copy."""
    page = allow(browser, member, wish(secrets, redirect_uri="urn:ietf:wg:oauth:2.0:oob"))
    code = re.search(r'<code class="code">([^<]+)</code>', page.text)

    assert code is not None
    assert spend(browser, secrets, code[1], redirect_uri="urn:ietf:wg:oauth:2.0:oob").status_code == 200


def test_a_person_may_say_no(browser: httpx.Client, secrets: dict[str, str]) -> None:
    """It sends the person back with access_denied."""
    answer = decide(browser, wish(secrets), decision="deny")

    assert parse_qs(urlsplit(answer.headers["location"]).query)["error"] == ["access_denied"]


def test_a_wrong_password_gives_no_code(browser: httpx.Client, member: Member, secrets: dict[str, str]) -> None:
    """It stays on this server and says so."""
    answer = decide(browser, wish(secrets), decision="allow", login=member.username, password="wrong")

    assert answer.status_code == 422
    assert "do not belong together" in answer.text


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"client_id": "nobody"}, 401, "No client with this client_id"),
        ({"redirect_uri": "https://evil.example/"}, 400, "did not register this redirect_uri"),
        ({"response_type": "token"}, 400, "response_type=code"),
        ({"code_challenge_method": "plain"}, 400, "must be S256"),
        ({"scope": "admin:write"}, 400, "scope is invalid"),
    ],
)
def test_an_odd_wish_is_refused_here(
    browser: httpx.Client, secrets: dict[str, str], changes: dict[str, str], status: int, sentence: str
) -> None:
    """It never redirects to an address that the client did not register."""
    answer = browser.get("/oauth/authorize", params=wish(secrets, **changes))

    assert answer.status_code == status
    assert sentence in answer.text
    assert "location" not in answer.headers


def test_a_form_from_elsewhere_is_refused(browser: httpx.Client, member: Member, secrets: dict[str, str]) -> None:
    """It gives no code without the token of our own page."""
    fields = {"decision": "allow", "login": member.username, "password": PASSWORD}

    assert browser.post("/oauth/authorize", data=wish(secrets) | fields).status_code == 403
