"""Sign-up and accounts."""

from typing import Any

import httpx
import pytest

from tests.app.conftest import PASSWORD, Api, Member, numbers


def sign_up(client: httpx.Client, api: Api, key: str = "", **changes: Any) -> httpx.Response:
    """Sign up with changed fields."""
    name = f"u{next(numbers)}"
    form = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "agreement": True} | changes
    headers = {"authorization": f"Bearer {api.token}"} | ({"Idempotency-Key": key} if key else {})
    return client.post("/api/v1/accounts", json=form, headers=headers)


def test_signing_up_gives_a_token(anonymous: httpx.Client, api: Api) -> None:
    """It answers with the Token entity, in lower case from then on."""
    name = f"U{next(numbers)}"

    token = sign_up(anonymous, api, username=name).json()
    me = anonymous.get(
        "/api/v1/accounts/verify_credentials", headers={"authorization": f"Bearer {token['access_token']}"}
    ).json()

    assert me["username"] == name.lower()
    assert me["source"]["privacy"] == "public"
    assert (me["statuses_count"], me["last_status_at"]) == (0, None)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"username": ""}, "username", "Username can't be blank"),
        ({"username": "no spaces"}, "username", "Username must contain only letters, numbers and underscores"),
        ({"username": "аdmin"}, "username", "Username must contain only letters"),
        ({"username": "x" * 31}, "username", "Username must contain only letters"),
        ({"email": "nobody"}, "email", "Email is not an e-mail address"),
        ({"password": "short"}, "password", "Password must have 8 to 200 characters"),
        ({"agreement": False}, "agreement", "Agreement must be accepted"),
        ({"agreement": "perhaps"}, "agreement", "Agreement is invalid"),
    ],
)
def test_an_odd_sign_up_names_its_field(
    anonymous: httpx.Client, api: Api, changes: dict[str, Any], field: str, sentence: str
) -> None:
    """It answers 422 with a sentence and Mastodon's details."""
    answer = sign_up(anonymous, api, **changes)

    assert answer.status_code == 422
    assert sentence in answer.json()["error"]
    assert list(answer.json()["details"]) == [field]


def test_a_name_and_an_address_belong_to_one_person(anonymous: httpx.Client, api: Api, member: Member) -> None:
    """It names both fields that are taken, whatever their case."""
    address = f"{member.username.upper()}@example.org"

    answer = sign_up(anonymous, api, username=member.username.upper(), email=address)

    assert answer.status_code == 422
    assert answer.json()["error"] == "Validation failed: Username has already been taken, Email has already been taken"
    assert answer.json()["details"]["username"][0]["error"] == "ERR_TAKEN"


def test_a_repeated_sign_up_with_the_same_key_is_the_same_person(anonymous: httpx.Client, api: Api) -> None:
    """It gives the person another token, so a 503 at sign-up can be answered by a retry."""
    name = f"u{next(numbers)}"
    same = {"username": name, "email": f"{name}@example.org"}

    first, second = (sign_up(anonymous, api, key=name, **same) for _ in range(2))
    stranger = sign_up(anonymous, api, key=name, **same, password="another password")

    assert (first.status_code, second.status_code, stranger.status_code) == (200, 200, 422)
    assert first.json()["access_token"] != second.json()["access_token"]


def test_an_account_is_found_by_id_and_name(member: Member, anonymous: httpx.Client) -> None:
    """It shows the public part, with the count of posts, and no address."""
    post = member.post()

    by_id = anonymous.get(f"/api/v1/accounts/{post['account']['id']}")
    by_name = anonymous.get("/api/v1/accounts/lookup", params={"acct": f"@{member.username}"})
    posts = anonymous.get(f"/api/v1/accounts/{post['account']['id']}/statuses").json()

    assert by_id.json() == by_name.json()
    assert by_id.json()["statuses_count"] == 1
    assert "@example.org" not in by_id.text
    assert [found["id"] for found in posts] == [post["id"]]


@pytest.mark.parametrize("path", ["/api/v1/accounts/1", "/api/v1/accounts/abc", "/api/v1/accounts/lookup?acct=nobody"])
def test_nobody_is_not_found(anonymous: httpx.Client, path: str) -> None:
    """It answers 404 in Mastodon's words."""
    answer = anonymous.get(path)

    assert (answer.status_code, answer.json()) == (404, {"error": "Record not found"})


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer nonsense", "Basic eDp5", "nonsense"])
def test_an_unknown_token_is_refused(anonymous: httpx.Client, authorization: str) -> None:
    """It answers 401 in Mastodon's words."""
    answer = anonymous.get("/api/v1/accounts/verify_credentials", headers={"authorization": authorization})

    assert (answer.status_code, answer.json()) == (401, {"error": "The access token is invalid"})
    assert "bearer" in answer.headers["www-authenticate"].lower()
