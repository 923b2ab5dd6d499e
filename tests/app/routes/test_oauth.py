"""Clients and tokens."""

import httpx
import pytest

from tests.app.conftest import PASSWORD, Api, Member


def ask(client: httpx.Client, api: Api, **fields: str) -> httpx.Response:
    """Ask for a token."""
    return client.post("/oauth/token", data=api.secrets() | fields)


def password_of(member: Member) -> dict[str, str]:
    """Give the fields of the password grant."""
    return {"grant_type": "password", "username": member.username, "password": PASSWORD}


def test_a_person_logs_in_by_name_or_address(anonymous: httpx.Client, api: Api, member: Member) -> None:
    """It gives a bearer token with the scopes asked for, and the token works."""
    by_name = ask(anonymous, api, **password_of(member), scope="read write").json()
    by_mail = ask(anonymous, api, **(password_of(member) | {"username": f"{member.username}@EXAMPLE.org"})).json()
    me = anonymous.get(
        "/api/v1/accounts/verify_credentials", headers={"authorization": f"Bearer {by_name['access_token']}"}
    )

    assert (by_name["token_type"], by_name["scope"], by_mail["scope"]) == ("Bearer", "read write", "read")
    assert by_name["created_at"] > 1_700_000_000
    assert me.json()["username"] == member.username


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"username": "nobody"}, {"password": ""}, {"username": ""}])
def test_a_wrong_password_is_an_invalid_grant(
    anonymous: httpx.Client, api: Api, member: Member, change: dict[str, str]
) -> None:
    """It answers 400 with the same words for a wrong password and an unknown person."""
    answer = ask(anonymous, api, **(password_of(member) | change))

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"
    assert answer.json()["error_description"].startswith("The provided authorization grant is invalid")


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": "nobody", "client_secret": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "implicit"}, 400, "unsupported_grant_type"),
        ({"scope": "admin:read"}, 400, "invalid_scope"),
        ({"scope": "nonsense"}, 400, "invalid_scope"),
        ({"grant_type": "authorization_code", "code": "nonsense"}, 400, "invalid_grant"),
    ],
)
def test_an_odd_request_gets_the_word_of_the_standard(
    anonymous: httpx.Client, api: Api, change: dict[str, str], status: int, error: str
) -> None:
    """It answers as RFC 6749 says."""
    answer = ask(anonymous, api, **({"grant_type": "client_credentials"} | change))

    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_client_may_authenticate_by_header(anonymous: httpx.Client, api: Api) -> None:
    """It takes HTTP Basic, as the standard asks of every server."""
    answer = anonymous.post(
        "/oauth/token", json={"grant_type": "client_credentials"}, auth=(api.client_id, api.client_secret)
    )

    assert answer.status_code == 200


def test_a_revoked_token_is_refused(anonymous: httpx.Client, api: Api, member: Member) -> None:
    """It ends the token, and revoking it again is no error."""
    revoke = api.secrets() | {"token": member.token}

    answers = [anonymous.post("/oauth/revoke", data=revoke) for _ in range(2)]
    after = member.client.get("/api/v1/accounts/verify_credentials")

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {}), (200, {})]
    assert (after.status_code, after.json()) == (401, {"error": "The access token is invalid"})


def test_a_client_cannot_revoke_the_token_of_another(anonymous: httpx.Client, member: Member) -> None:
    """It leaves a token alone that belongs to another client."""
    other = anonymous.post("/api/v1/apps", json={"client_name": "other"}).json()
    secrets = {"client_id": other["client_id"], "client_secret": other["client_secret"]}

    anonymous.post("/oauth/revoke", data=secrets | {"token": member.token})

    assert member.client.get("/api/v1/accounts/verify_credentials").status_code == 200


def test_a_token_without_the_scope_is_refused(anonymous: httpx.Client, api: Api, member: Member) -> None:
    """It answers 403 in Mastodon's words."""
    token = ask(anonymous, api, **password_of(member), scope="read").json()["access_token"]

    answer = anonymous.post("/api/v1/statuses", json={"status": "x"}, headers={"authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()) == (403, {"error": "This action is outside the authorized scopes"})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"client_name": ""}, "Name can't be blank"),
        ({"client_name": "x", "scopes": "everything"}, "Scopes doesn't match"),
        ({"client_name": "x", "redirect_uris": "javascript:alert(1)"}, "must be an absolute URI"),
        ({"client_name": "x", "redirect_uris": "nowhere"}, "must be an absolute URI"),
    ],
)
def test_an_odd_client_is_refused(anonymous: httpx.Client, fields: dict[str, str], sentence: str) -> None:
    """It answers 422 in one sentence."""
    answer = anonymous.post("/api/v1/apps", json=fields)

    assert answer.status_code == 422
    assert sentence in answer.json()["error"]


def test_a_client_registers_several_addresses(anonymous: httpx.Client) -> None:
    """It takes a list or lines, and shows them back, and the secret only once."""
    uris = ["https://one.example/back", "app://two"]

    made = anonymous.post("/api/v1/apps", json={"client_name": "x", "redirect_uris": uris}).json()

    assert made["redirect_uris"] == uris
    assert made["redirect_uri"] == "\n".join(uris)
    assert made["client_secret"] not in str({name: value for name, value in made.items() if name != "client_secret"})


def test_a_token_knows_its_client(anonymous: httpx.Client, api: Api) -> None:
    """It shows the client that a token belongs to."""
    answer = anonymous.get("/api/v1/apps/verify_credentials", headers={"authorization": f"Bearer {api.token}"})

    assert answer.json()["name"] == "tests"
    assert "client_secret" not in answer.json()
