"""Sessions, passwords, the second factor, limits, and leaving for good."""

import asyncio
import base64
import dataclasses
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from app import reset_token
from app.services import Services
from tests.app.browser import Browser
from tests.app.conftest import PASSWORD, Api, Member, RunningApp, make_settings, numbers

Join = Callable[[], Member]
NEW = "a new and better password"


def code_of(secret: str, steps: int = 0) -> str:
    """Give the code that an authenticator app shows now, or some steps of 30 seconds away."""
    app = TOTP(base64.b32decode(secret + "=" * (-len(secret) % 8)), 6, SHA1(), 30)
    return app.generate(int(time.time()) + 30 * steps).decode()


@dataclasses.dataclass
class Door:
    """Logs in with the password grant."""

    client: httpx.Client
    api: Api

    def enter(self, username: str, password: str = PASSWORD, code: str = "") -> httpx.Response:
        """Ask for a token."""
        form = {"grant_type": "password", "username": username, "password": password, "otp_attempt": code}
        return self.client.post("/oauth/token", data=self.api.secrets() | form)


@pytest.fixture
def door(anonymous: httpx.Client, api: Api) -> Door:
    """Give the way in."""
    return Door(anonymous, api)


def turn_on(member: Member) -> tuple[str, list[str]]:
    """Turn the second factor on and give its secret and the recovery codes."""
    secret = member.act("/api/v1/account/two_factor", password=PASSWORD)["secret"]
    codes = member.act("/api/v1/account/two_factor/confirm", code=code_of(secret, -1))["recovery_codes"]
    return secret, codes


def test_a_person_sees_and_ends_their_sessions(member: Member, door: Door, app_server: RunningApp) -> None:
    """It names client and device, and an ended session is good for nothing."""
    tokens = [door.enter(member.username).json()["access_token"] for _ in range(3)]
    listed = member.read("/api/v1/sessions")

    member.client.delete(f"/api/v1/sessions/{listed[0]['id']}")
    after_one = member.read("/api/v1/sessions")
    member.client.delete("/api/v1/sessions")

    assert [session["current"] for session in listed] == [False, False, False, True]
    assert {session["application"] for session in listed} == {"tests"}
    assert all(session["device"].startswith("python-httpx/") for session in listed)
    assert len(after_one) == 3
    assert [session["current"] for session in member.read("/api/v1/sessions")] == [True]
    for token in tokens:
        with app_server.client(authorization=f"Bearer {token}") as client:
            assert client.get("/api/v1/sessions").status_code == 401


def test_nobody_ends_the_session_of_another(join: Join) -> None:
    """It leaves other people's sessions alone."""
    me, other = join(), join()
    me.client.delete(f"/api/v1/sessions/{other.read('/api/v1/sessions')[0]['id']}")

    assert len(other.read("/api/v1/sessions")) == 1


def test_a_new_password_ends_every_other_session(member: Member, door: Door, app_server: RunningApp) -> None:
    """It takes the old one first, and only the new one opens the door."""
    other = door.enter(member.username).json()["access_token"]
    refused = member.client.post("/api/v1/account/password", json={"password": "wrong", "new_password": NEW})
    short = member.client.post("/api/v1/account/password", json={"password": PASSWORD, "new_password": "x"})

    member.act("/api/v1/account/password", password=PASSWORD, new_password=NEW)

    assert (refused.status_code, short.status_code) == (422, 422)
    assert [door.enter(member.username, word).status_code for word in (PASSWORD, NEW)] == [400, 200]
    assert member.client.get("/api/v1/sessions").status_code == 200
    with app_server.client(authorization=f"Bearer {other}") as client:
        assert client.get("/api/v1/sessions").status_code == 401


def test_a_second_factor_is_asked_for(member: Member, door: Door) -> None:
    """It lets nobody in without a code, takes a code once, and says only with the right password that one is needed."""
    secret, _ = turn_on(member)
    code = code_of(secret)

    answers = [
        door.enter(member.username),
        door.enter(member.username, code="000000"),
        door.enter(member.username, "wrong", code),
        door.enter(member.username, code=code),
        door.enter(member.username, code=code),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 200, 400]
    assert all("authenticator app" in answers[number].json()["error_description"] for number in (0, 1, 4))
    assert "authenticator app" not in answers[2].text
    assert member.read("/api/v1/account/two_factor") == {"enabled": True}


def test_two_log_ins_with_one_code_are_one(member: Member, door: Door) -> None:
    """It lets one of eight simultaneous log-ins with the same code in."""
    secret, _ = turn_on(member)
    code = code_of(secret)

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(lambda _: door.enter(member.username, code=code).status_code, range(8)))

    assert found == [200] + [400] * 7


def test_a_recovery_code_stands_in_once(member: Member, door: Door) -> None:
    """It opens the door once; new codes replace the old ones, and turning the factor off takes them all."""
    secret, codes = turn_on(member)

    first = [door.enter(member.username, code=codes[0]).status_code for _ in range(2)]
    fresh = member.act("/api/v1/account/recovery_codes", password=PASSWORD, code=codes[1])["recovery_codes"]
    second = [door.enter(member.username, code=code).status_code for code in (codes[2], fresh[0])]
    member.act("/api/v1/account/two_factor/off", password=PASSWORD, code=code_of(secret))

    assert (len(codes), len(set(codes) | set(fresh))) == (10, 20)
    assert (first, second) == ([200, 400], [400, 200])
    assert door.enter(member.username).status_code == 200


def test_the_second_factor_needs_the_password_and_a_code(member: Member) -> None:
    """It is neither begun without the password nor on without a code, and is begun once."""
    path = "/api/v1/account/two_factor"
    wrong = [
        member.client.post(path, json={"password": "wrong"}),
        member.client.post(f"{path}/confirm", json={"code": "000000"}),
    ]
    secret = member.act(path, password=PASSWORD)["secret"]
    wrong.append(member.client.post(f"{path}/confirm", json={"code": "000000"}))
    wrong.append(member.client.post(f"{path}/confirm", json={"code": code_of(secret, 9)}))
    member.act(f"{path}/confirm", code=code_of(secret))
    wrong.append(member.client.post(path, json={"password": PASSWORD}))

    assert [answer.status_code for answer in wrong] == [422] * 5


def test_a_browser_logs_in_with_a_code(member: Member, browser: Browser) -> None:
    """It says in the page that a code is needed, and opens the session with one."""
    secret, _ = turn_on(member)
    fields = {"login": member.username, "password": PASSWORD}

    without = browser.send("/log-in", **fields)
    within = browser.send("/log-in", **fields, code=code_of(secret))

    assert (without.status_code, within.status_code) == (422, 200)
    assert "code of your authenticator app" in without.text
    assert "Log out" in within.text


@pytest.fixture
def strict(run_app: Callable[..., RunningApp], app_database: Any) -> Iterator[RunningApp]:
    """Give an app that takes three log-ins in five minutes and believes one proxy."""
    return run_app(app_database.url, attempts=3, trusted_proxies=1)


def test_guessing_is_stopped_for_a_name_and_an_address(
    strict: RunningApp, app_server: RunningApp, api: Api, join: Join
) -> None:
    """It answers 429 with Retry-After even to the right password, on another process too, and to nobody else."""
    member, other = join(), join()
    addresses = (f"198.51.100.{number}" for number in range(1, 200))

    def enter(app: RunningApp, username: str, password: str) -> httpx.Response:
        with app.client(**{"x-forwarded-for": f"spoofed, {next(addresses)}"}) as client:
            return Door(client, api).enter(username, password)

    guesses = [enter(strict, member.username, "wrong") for _ in range(3)]
    right = enter(strict, member.username, PASSWORD)

    assert [answer.status_code for answer in guesses] == [400] * 3
    assert right.status_code == 429
    assert 0 < int(right.headers["retry-after"]) <= 300
    assert "too many attempts" in right.json()["error"]
    assert enter(strict, other.username, PASSWORD).status_code == 200
    assert enter(app_server, member.username, PASSWORD).status_code == 200


def test_a_success_forgives_the_guesses_before_it(strict: RunningApp, api: Api, member: Member) -> None:
    """It begins to count anew, so that a person who logs in often is not shut out."""
    with strict.client(**{"x-forwarded-for": f"203.0.113.{next(numbers) % 250}"}) as client:
        assert [Door(client, api).enter(member.username).status_code for _ in range(6)] == [200] * 6


def test_sign_ups_from_one_address_are_limited(strict: RunningApp, api: Api) -> None:
    """It takes fifteen in half an hour, counted before anything is checked."""
    headers = {"authorization": f"Bearer {api.token}", "x-forwarded-for": f"2001:db8::{next(numbers) % 9999}"}
    with strict.client(**headers) as client:
        codes = [client.post("/api/v1/accounts", json={}).status_code for _ in range(16)]

    assert codes == [422] * 15 + [429]


def test_a_forged_address_is_not_believed(run_app: Callable[..., RunningApp], app_database: Any, api: Api) -> None:
    """Behind two proxies it counts the address that the outer one saw, whatever the client wrote before it."""
    behind = run_app(app_database.url, attempts=1, trusted_proxies=2)
    client, other = (f"203.0.113.{number}, 10.0.0.1" for number in (251, 252))

    def sign_up(seen: str) -> int:
        headers = {
            "authorization": f"Bearer {api.token}",
            "x-forwarded-for": f"198.51.100.{next(numbers) % 250}, {seen}",
        }
        with behind.client(**headers) as one:
            return one.post("/api/v1/accounts", json={}).status_code

    assert [sign_up(client) for _ in range(6)] == [422] * 5 + [429]
    assert sign_up(other) == 422


def test_without_proxies_no_header_changes_the_address(
    run_app: Callable[..., RunningApp], app_database: Any, api: Api
) -> None:
    """It counts the connection's own address, though it comes from this machine, which servers like to trust."""
    alone = run_app(app_database.url, attempts=1)
    codes = []
    for _ in range(6):
        headers = {"authorization": f"Bearer {api.token}", "x-forwarded-for": f"198.51.100.{next(numbers) % 250}"}
        with alone.client(**headers) as client:
            codes.append(client.post("/api/v1/accounts", json={}).status_code)

    assert codes[-1] == 429


def test_an_operator_lets_a_person_set_a_new_password(
    member: Member, door: Door, app_database: Any, tmp_path: Any
) -> None:
    """It issues a token that is good once, ends every session, and knows nobody by another name."""
    settings = make_settings(tmp_path, app_database.url)
    token = asyncio.run(reset_token.issue(Services.open(settings), f"@{member.username.upper()}"))

    answers = [
        door.client.post("/api/v1/password_reset", json={"token": given, "new_password": NEW}).status_code
        for given in ("wrong", token, token)
    ]

    assert answers == [422, 200, 422]
    assert member.client.get("/api/v1/sessions").status_code == 401
    assert [door.enter(member.username, word).status_code for word in (PASSWORD, NEW)] == [400, 200]
    with pytest.raises(reset_token.NotFound, match="Nobody here is called nobody-at-all"):
        asyncio.run(reset_token.issue(Services.open(settings), "nobody-at-all"))


def test_a_deleted_account_is_gone_with_all_of_it(
    join: Join, door: Door, api: Api, app_server: RunningApp, picture: bytes
) -> None:
    """It takes posts, pictures, follows and sessions with it, and its name is good for nobody again."""
    me, other = join(), join()
    other.follow(me)
    media = me.client.post("/api/v2/media", files={"file": picture}).json()
    post = me.post(f"@{other.username}", media_ids=[media["id"]])
    secret = me.post(f"@{other.username} psst", visibility="direct")
    reply = other.post("answer", in_reply_to_id=post["id"])
    refused = me.client.post("/api/v1/account/delete", json={"password": "wrong"})
    account = me.id

    me.act("/api/v1/account/delete", password=PASSWORD)

    gone = [f"/api/v1/accounts/{account}", f"/api/v1/statuses/{post['id']}", f"/api/v1/statuses/{secret['id']}"]
    form = {"username": me.username, "email": f"new{me.username}@example.org", "password": PASSWORD, "agreement": True}
    with app_server.client(authorization=f"Bearer {api.token}") as client:
        again = client.post("/api/v1/accounts", json=form)
    assert refused.status_code == 422
    assert [other.client.get(path).status_code for path in gone] == [404] * 3
    assert me.client.get("/api/v1/sessions").status_code == 401
    assert door.enter(me.username).status_code == 400
    assert other.read("/api/v1/notifications") == other.read("/api/v1/conversations") == []
    assert other.read(f"/api/v1/statuses/{reply['id']}")["in_reply_to_id"] is None
    assert (again.status_code, list(again.json()["details"])) == (422, ["username"])
