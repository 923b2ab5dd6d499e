"""Profiles, locked and limited accounts, invitations."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from PIL import Image

from tests.app.conftest import PASSWORD, Api, Member, RunningApp, encoded, numbers

Join = Callable[[], Member]
PROFILE = "/api/v1/accounts/update_credentials"


def ids(people: list[dict[str, Any]]) -> list[str]:
    """Give the ids of entities."""
    return [person["id"] for person in people]


def lock(member: Member) -> None:
    """Let a person be asked before somebody follows."""
    assert member.client.patch(PROFILE, json={"locked": True}).json()["locked"] is True


def limit(app_database: Any, member: Member) -> None:
    """Limit an account as the moderators do."""
    with psycopg.connect(app_database.owner_url) as connection:
        connection.execute("UPDATE account SET limited_at = now() WHERE username = %s", (member.username,))


def test_a_locked_person_is_asked_first(join: Join) -> None:
    """It shows the request to both, lets in who was accepted, and shows them the posts for followers."""
    owner, fan = join(), join()
    lock(owner)
    post = owner.post("inside", visibility="private")["id"]

    asked = fan.act(f"/api/v1/accounts/{owner.id}/follow")
    waiting = ids(owner.read("/api/v1/follow_requests"))
    hidden = fan.client.get(f"/api/v1/statuses/{post}").status_code
    accepted = owner.act(f"/api/v1/follow_requests/{fan.id}/authorize")

    assert (asked["following"], asked["requested"], hidden) == (False, True, 404)
    assert waiting == [fan.id]
    assert (accepted["followed_by"], accepted["requested_by"]) == (True, False)
    assert ids(fan.read("/api/v1/timelines/home")) == [post]
    assert owner.read("/api/v1/follow_requests") == []
    assert owner.act(f"/api/v1/follow_requests/{fan.id}/authorize")["followed_by"]


def test_a_request_is_told_refused_and_taken_back(join: Join) -> None:
    """It notifies of a request while it is open, and counts it for its owner."""
    owner, fan, other = join(), join(), join()
    lock(owner)
    for person in (fan, other):
        person.follow(owner)
    me = owner.read("/api/v1/accounts/verify_credentials")
    kinds = [notice["type"] for notice in owner.read("/api/v1/notifications")]

    refused = owner.act(f"/api/v1/follow_requests/{fan.id}/reject")
    taken_back = other.act(f"/api/v1/accounts/{owner.id}/unfollow")

    assert me["source"]["follow_requests_count"] == 2
    assert kinds == ["follow_request"] * 2
    assert (refused["requested_by"], taken_back["requested"]) == (False, False)
    assert owner.read("/api/v1/follow_requests") == owner.read("/api/v1/notifications") == []
    assert owner.client.post(f"/api/v1/follow_requests/{fan.id}/authorize").status_code == 404


def test_a_block_ends_a_request_and_opening_accepts_all(join: Join) -> None:
    """It drops the request of a blocked person, and lets in everybody else who asked when the account opens."""
    owner, fan, rude = join(), join(), join()
    lock(owner)
    fan.follow(owner)
    rude.follow(owner)

    owner.act(f"/api/v1/accounts/{rude.id}/block")
    owner.client.patch(PROFILE, data={"locked": "false"})

    assert ids(owner.read(f"/api/v1/accounts/{owner.id}/followers")) == [fan.id]
    assert fan.read("/api/v1/accounts/relationships", id=owner.id)[0]["following"]
    gone = owner.act(f"/api/v1/accounts/{fan.id}/remove_from_followers")
    assert gone["followed_by"] is False
    assert owner.read(f"/api/v1/accounts/{owner.id}/followers") == []


def test_a_limited_person_is_read_by_followers_alone(join: Join, app_database: Any, anonymous: httpx.Client) -> None:
    """It keeps them out of public timelines, search and notifications of others, and asks before they are followed."""
    limited, fan, stranger = join(), join(), join()
    fan.follow(limited)
    word = f"w{next(numbers)}"
    limit(app_database, limited)
    post = limited.post(f"@{fan.username} @{stranger.username} #{word}")["id"]

    def found(client: httpx.Client) -> list[str]:
        posts = client.get(f"/api/v1/timelines/tag/{word}").json()
        return ids(posts + client.get("/api/v2/search", params={"q": word}).json()["statuses"])

    assert [found(person.client) for person in (fan, limited, stranger)] == [[post] * 2, [post] * 2, []]
    assert found(anonymous) == []
    assert len(fan.read("/api/v1/notifications")) == 1
    assert stranger.read("/api/v1/notifications") == []
    assert stranger.act(f"/api/v1/accounts/{limited.id}/follow")["requested"] is True
    assert stranger.read(f"/api/v1/accounts/{limited.id}")["limited"] is True
    assert stranger.read(f"/api/v1/statuses/{post}")["id"] == post


def test_a_profile_has_fields_and_usual_settings(member: Member, anonymous: httpx.Client) -> None:
    """It keeps four lines, shows them escaped and linked, and posts as its owner usually does."""
    form = {
        "fields_attributes[0][name]": "Web",
        "fields_attributes[0][value]": "https://example.org/<b>",
        "fields_attributes[1][name]": "",
        "source[privacy]": "unlisted",
        "source[language]": "de",
        "bot": "true",
    }
    mine = member.client.patch(PROFILE, data=form).json()
    shown = anonymous.get(f"/api/v1/accounts/{mine['id']}").json()
    five = [{"name": str(number), "value": "x"} for number in range(5)]
    refused = member.client.patch(PROFILE, json={"fields_attributes": five})

    assert [field["name"] for field in shown["fields"]] == ["Web"]
    assert '<a href="https://example.org/"' in shown["fields"][0]["value"]
    assert "&lt;b&gt;" in shown["fields"][0]["value"]
    assert mine["source"]["fields"][0]["value"] == "https://example.org/<b>"
    assert (mine["source"]["privacy"], mine["source"]["language"], shown["bot"]) == ("unlisted", "de", True)
    assert member.post()["visibility"] == "unlisted"
    assert member.read("/api/v1/preferences")["posting:default:language"] == "de"
    assert (refused.status_code, list(refused.json()["details"])) == (422, ["fields"])


def test_a_profile_has_pictures(member: Member, app_server: RunningApp, anonymous: httpx.Client) -> None:
    """It cuts and serves both, replaces one, and takes it away; a file that is no picture is refused."""
    files = {"avatar": encoded(Image.new("RGB", (90, 50), "teal")), "header": encoded(Image.new("RGB", (9, 9), "navy"))}
    first = member.client.patch(PROFILE, files=files).json()
    served = [anonymous.get(first[name]).headers["content-type"] for name in ("avatar", "header")]
    fresh = {"avatar": encoded(Image.new("RGB", (90, 50), "pink"))}
    second = member.client.patch(PROFILE, files=fresh).json()

    assert served == ["image/webp"] * 2
    assert len({first["avatar"], first["header"], second["avatar"]}) == 3
    assert second["header"] == first["header"]
    assert member.post()["account"]["avatar"] == second["avatar"]
    gone = member.client.delete("/api/v1/profile/avatar").json()
    assert gone["avatar"].endswith("/static/avatar.png")
    assert gone["header"] == first["header"]
    assert member.client.patch(PROFILE, files={"avatar": b"no picture"}).status_code == 422


def test_who_wishes_hears_of_every_post(join: Join) -> None:
    """It notifies of a post, but not of a reply, and of a mention only once."""
    author, fan = join(), join()
    fan.act(f"/api/v1/accounts/{author.id}/follow", notify=True)

    first = author.post("news")
    author.post("more", in_reply_to_id=first["id"])
    author.post(f"@{fan.username} hello")

    assert [notice["type"] for notice in fan.read("/api/v1/notifications")] == ["mention", "status"]


def test_who_boosted_hears_of_an_edit(join: Join) -> None:
    """It notifies of a change once for each change."""
    author, fan = join(), join()
    post = author.post("first")["id"]
    fan.act(f"/api/v1/statuses/{post}/reblog")

    author.client.put(f"/api/v1/statuses/{post}", json={"status": "second"})

    assert [notice["type"] for notice in fan.read("/api/v1/notifications")] == ["update"]


def sign_up(client: httpx.Client, **fields: str) -> httpx.Response:
    """Sign up once more."""
    name = f"i{next(numbers)}"
    form = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "agreement": "true"}
    return client.post("/api/v1/accounts", data=form | fields)


def test_an_invitation_lets_somebody_in(
    run_app: Callable[..., RunningApp], app_database: Any, api: Api, member: Member
) -> None:
    """It is needed where sign-up is by invitation, counts its uses, ends, and can be revoked."""
    closed = run_app(app_database.url, sign_up="invitation")
    made = member.act("/api/v1/invites", max_uses=2, expires_in=3600)
    other = member.act("/api/v1/invites")

    with closed.client(authorization=f"Bearer {api.token}") as client:
        refused = [sign_up(client), sign_up(client, invite_code="wrong")]
        taken = [sign_up(client, invite_code=made["code"]).status_code for _ in range(3)]
        member.client.delete(f"/api/v1/invites/{other['id']}")
        revoked = sign_up(client, invite_code=other["code"])
        instance = client.get("/api/v1/instance").json()

    assert [answer.status_code for answer in refused] == [422, 422]
    assert list(refused[0].json()["details"]) == ["invite_code"]
    assert taken == [200, 200, 422]
    assert revoked.status_code == 422
    assert (instance["registrations"], instance["invites_enabled"]) == (True, True)
    assert [(found["code"], found["uses"]) for found in member.read("/api/v1/invites")] == [(made["code"], 2)]
    assert member.client.get(f"/api/v1/invites/{made['code']}").status_code == 404
    assert member.client.post("/api/v1/invites", json={"max_uses": 0}).status_code == 422


def test_a_closed_server_takes_nobody(run_app: Callable[..., RunningApp], app_database: Any, api: Api) -> None:
    """It answers 403 in a sentence and says so in its description."""
    closed = run_app(app_database.url, sign_up="closed")
    with closed.client(authorization=f"Bearer {api.token}") as client:
        answer, instance = sign_up(client), client.get("/api/v2/instance").json()

    assert answer.status_code == 403
    assert "takes no new people" in answer.json()["error"]
    assert instance["registrations"]["enabled"] is False


@pytest.mark.parametrize("verb", ["authorize", "reject"])
def test_nobody_else_answers_a_request(join: Join, verb: str) -> None:
    """It does not let the one who asks answer their own request."""
    owner, fan = join(), join()
    lock(owner)
    fan.follow(owner)

    fan.client.post(f"/api/v1/follow_requests/{owner.id}/{verb}")

    assert ids(owner.read("/api/v1/follow_requests")) == [fan.id]
