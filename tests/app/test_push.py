"""Push notifications: promised with what they tell of, encrypted for one browser, sent again until they are taken."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from mastodon import Mastodon

from app.settings import Settings
from tests.app.conftest import Member, RunningApp, make_settings
from tests.app.push_double import PushDouble, listening
from tests.app.test_jobs import Clock, clock, work

__all__ = ["clock"]

Join = Callable[[], Member]


@pytest.fixture(scope="session")
def double() -> Iterator[PushDouble]:
    """Give a push service on loopback."""
    with listening() as found:
        yield found


@pytest.fixture(scope="session")
def app_server(run_app: Callable[..., RunningApp], app_database: Any, double: PushDouble) -> RunningApp:
    """Give an app that may reach the double."""
    return run_app(app_database.url, push_double=double.address)


@pytest.fixture
def settings(app_database: Any, tmp_path: Any, double: PushDouble) -> Settings:
    """Give the environment of a worker that may reach the double."""
    return make_settings(tmp_path, app_database.url, push_double=double.address)


@pytest.fixture
def told(member: Member, double: PushDouble) -> Member:
    """Give a member who is told of mentions and favourites at the double."""
    double.came.clear()
    double.answers = [201]
    alerts = {"mention": True, "favourite": True}
    member.act("/api/v1/push/subscription", subscription=double.subscription(standard=True), data={"alerts": alerts})
    return member


def test_a_subscription_is_made_read_changed_and_ended(member: Member, double: PushDouble) -> None:
    """It speaks as Mastodon documents: one for each token, with the key that the app registration shows too."""
    path, sent = "/api/v1/push/subscription", double.subscription()
    form = {
        "subscription[endpoint]": sent["endpoint"],
        "subscription[keys][p256dh]": sent["keys"]["p256dh"],
        "subscription[keys][auth]": sent["keys"]["auth"],
        "data[alerts][mention]": "true",
    }

    none = member.client.get(path)
    made = member.client.post(path, data=form).json()
    changed = member.client.put(path, json={"data": {"alerts": {"poll": True}, "policy": "followed"}}).json()
    read = member.read(path)
    ended = member.client.delete(path)

    key = member.client.post("/api/v1/apps", data={"client_name": "x"}).json()["vapid_key"]
    assert none.status_code == 404
    assert made["endpoint"] == sent["endpoint"]
    assert made["alerts"]["mention"] is True
    assert made["alerts"]["poll"] is False
    assert made["server_key"] == key == member.read("/api/v2/instance")["configuration"]["vapid"]["public_key"]
    assert (changed["alerts"]["poll"], changed["alerts"]["mention"], changed["policy"]) == (True, False, "followed")
    assert read == changed
    assert ended.json() == {}
    assert member.client.get(path).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "https://10.0.0.1/x"},
        {"endpoint": "http://127.0.0.1:1/x"},
        {"keys": {"p256dh": "AAAA", "auth": "AAAA"}},
        {"keys": {}},
    ],
)
def test_an_address_or_key_that_no_push_service_has_is_refused(
    member: Member, double: PushDouble, change: dict[str, Any]
) -> None:
    """It says so before anything is stored."""
    answer = member.client.post("/api/v1/push/subscription", json={"subscription": double.subscription() | change})

    assert answer.status_code == 422
    assert member.client.get("/api/v1/push/subscription").status_code == 404


@pytest.mark.parametrize(("standard", "encoding"), [(True, "aes128gcm"), (False, "aesgcm")])
def test_a_notification_reaches_the_browser_that_asked(
    member: Member, join: Join, double: PushDouble, settings: Settings, clock: Clock, standard: bool, encoding: str
) -> None:
    """It opens with the browser's key alone, is signed by ours, and says who did what; what was not asked is not told."""
    subscription = double.subscription(standard=standard)
    member.act("/api/v1/push/subscription", subscription=subscription, data={"alerts": {"mention": True}})
    double.came.clear()
    friend = join()
    friend.act(f"/api/v1/accounts/{member.id}/follow")
    friend.post(f"@{member.username} the net is mended")

    work(settings, clock)

    message = double.open()
    assert len(double.came) == 1
    assert double.came[0][0]["content-encoding"] == encoding
    assert int(double.came[0][0]["ttl"]) == 86_400
    assert message["notification_type"] == "mention"
    assert message["title"] == f"{friend.username} mentioned you"
    assert message["body"] == f"@{member.username} the net is mended"
    assert message["notification_id"] == member.read("/api/v1/notifications")[0]["id"]
    if standard:
        assert double.claims()["aud"] == f"http://{double.address}"
        assert double.claims()["sub"].startswith("mailto:")


def test_a_push_service_that_is_busy_is_asked_again(
    told: Member, join: Join, double: PushDouble, settings: Settings, clock: Clock
) -> None:
    """It keeps the promise through 503 and 429: the third attempt is taken, and it is the last."""
    double.answers = [503, 429, 201]
    join().post(f"@{told.username} again and again")

    work(settings, clock)

    assert len(double.came) == 3
    assert double.open()["body"] == f"@{told.username} again and again"


def test_a_subscription_that_the_person_ended_is_forgotten(
    told: Member, join: Join, double: PushDouble, settings: Settings, clock: Clock
) -> None:
    """It is asked once, says 410, and is asked no more."""
    double.answers = [410]
    friend = join()
    friend.post(f"@{told.username} gone?")
    work(settings, clock)
    friend.post(f"@{told.username} and now?")
    work(settings, clock)

    assert len(double.came) == 1
    assert told.client.get("/api/v1/push/subscription").status_code == 404


def test_nobody_is_told_of_somebody_muted_or_of_a_session_that_ended(
    told: Member, join: Join, double: PushDouble, settings: Settings, clock: Clock
) -> None:
    """It gives such promises up; log-out ends the subscription with its token."""
    pest = join()
    told.act(f"/api/v1/accounts/{pest.id}/mute")
    pest.post(f"@{told.username} hello?")
    work(settings, clock)
    sessions = told.read("/api/v1/sessions")
    told.client.delete(f"/api/v1/sessions/{sessions[0]['id']}")
    join().post(f"@{told.username} still there?")
    work(settings, clock)

    assert double.came == []


def test_the_policy_says_from_whom(
    told: Member, join: Join, double: PushDouble, settings: Settings, clock: Clock
) -> None:
    """It tells of those whom the person follows alone."""
    stranger, friend = join(), join()
    told.follow(friend)
    told.client.put("/api/v1/push/subscription", json={"data": {"alerts": {"mention": True}, "policy": "followed"}})
    stranger.post(f"@{told.username} I am a stranger")
    friend.post(f"@{told.username} I am a friend")

    work(settings, clock)

    assert [double.open(number)["body"] for number in range(len(double.came))] == [f"@{told.username} I am a friend"]


def test_a_library_that_nobody_here_wrote_opens_a_message(
    app_server: RunningApp, member: Member, join: Join, double: PushDouble, settings: Settings, clock: Clock
) -> None:
    """Mastodon.py makes the keys, subscribes, and decrypts what the push service got."""
    phone = Mastodon(access_token=member.token, api_base_url=app_server.address, version_check_mode="none")
    private, public = phone.push_subscription_generate_keys()
    phone.push_subscription_set(f"http://{double.address}/send/2", public, mention_events=True)
    double.came.clear()
    double.answers = [201]
    friend = join()
    friend.post(f"@{member.username} the tide turns")

    work(settings, clock)

    headers, body = double.came[-1]
    told = phone.push_subscription_decrypt_push(body, private, headers["encryption"], headers["crypto-key"])
    assert phone.push_subscription().alerts["mention"] is True
    assert (told.title, told.body) == (f"{friend.username} mentioned you", f"@{member.username} the tide turns")
