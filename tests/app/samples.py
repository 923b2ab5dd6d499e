"""A valid request for every route that changes state."""

import itertools
from collections.abc import Callable
from typing import Any

import httpx

from app.tokens import OUT_OF_BAND
from tests.app.conftest import PASSWORD, Api, Member

SMALL = (
    *(f"/api/v1/statuses/{{status_id}}/{verb}" for verb in ("favourite", "unfavourite", "bookmark", "unbookmark")),
    *(f"/api/v1/statuses/{{status_id}}/{verb}" for verb in ("reblog", "unreblog")),
    *(
        f"/api/v1/accounts/{{account_id}}/{verb}"
        for verb in ("follow", "block", "unblock", "unfollow", "mute", "unmute")
    ),
    "/api/v1/notifications/clear",
    "/api/v1/notifications/{notification_id}/dismiss",
    *(f"/posts/{{status_id}}/{verb}" for verb in ("favourite", "unfavourite", "boost", "unboost")),
    *(f"/posts/{{status_id}}/{verb}" for verb in ("bookmark", "unbookmark", "pin", "unpin")),
    *(f"/people/{{account_id}}/{verb}" for verb in ("follow", "unfollow", "block", "unblock", "mute", "unmute")),
    *(f"/people/{{account_id}}/{verb}" for verb in ("accept", "refuse", "part")),
    "/tags/{name}/follow",
    "/tags/{name}/unfollow",
    "/scheduled/{scheduled_id}/cancel",
    "/conversations/{conversation_id}/read",
    "/conversations/{conversation_id}/delete",
    "/lists/{list_id}/delete",
    "/filters/{filter_id}/delete",
    "/notifications/clear",
    "/notifications/{notification_id}/dismiss",
    "/settings/profile/{picture}/delete",
    "/settings/devices/{session_id}/end",
    "/settings/notifications/off",
    "/settings/invitations/{invitation_id}/delete",
)

PUSH_KEYS = {
    # The example of RFC 8291, section 5.
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",  # pragma: allowlist secret
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}

# The forms of the page that carry more than their path.
PAGE: dict[str, dict[str, str]] = {
    "/polls/{poll_id}/vote": {"choices[]": "0"},
    "/posts/{status_id}/edit": {"status": "y"},
    "/reports": {"account_id": "{account_id}"},
    "/scheduled/{scheduled_id}/move": {"scheduled_at": "2099-01-02T00:00"},
    "/people/{account_id}/list": {"list_id": "{list_id}"},
    "/lists": {"title": "x"},
    "/lists/{list_id}/edit": {"title": "y"},
    "/lists/{list_id}/take-out": {"account_id": "1"},
    "/filters": {"title": "x", "context[]": "home", "words": "x"},
    "/filters/{filter_id}/edit": {"title": "y", "context[]": "home", "words": "y"},
    "/settings/profile": {"note": "x"},
    "/settings/password": {"password": PASSWORD, "new_password": PASSWORD},
    "/settings/two-factor": {"password": PASSWORD},
    "/settings/two-factor/confirm": {"code": "1"},
    "/settings/recovery-codes": {"password": PASSWORD},
    "/settings/two-factor/off": {"password": PASSWORD},
    "/settings/invitations": {"max_uses": ""},
    "/settings/notifications": {"endpoint": "https://push.example/x"} | PUSH_KEYS,
    "/settings/leave": {"password": PASSWORD},
    "/reset-password": {"token": "x", "new_password": PASSWORD},
}


# The requests of the API that are nothing but JSON to a path; in braces stands what `Samples` made before.
SCHEDULED = "/api/v1/scheduled_statuses/{scheduled_id}"
LIST = "/api/v1/lists/{list_id}"
FILTER = "/api/v2/filters/{filter_id}"
JSON: dict[str, dict[str, Any]] = {
    "POST /api/v1/push/subscription": {"subscription": {"endpoint": "https://push.example/x", "keys": PUSH_KEYS}},
    "PUT /api/v1/push/subscription": {"data": {"alerts": {"mention": True}}},
    "DELETE /api/v1/push/subscription": {},
    "POST /api/v1/polls/{poll_id}/votes": {"choices": [0]},
    f"PUT {SCHEDULED}": {"scheduled_at": "2099-01-02T00:00:00Z"},
    f"DELETE {SCHEDULED}": {},
    "POST /api/v1/lists": {"title": "x"},
    f"PUT {LIST}": {"title": "y"},
    f"POST {LIST}/accounts": {},
    f"DELETE {LIST}/accounts": {"account_ids": ["1"]},
    f"DELETE {LIST}": {},
    "POST /api/v2/filters": {"title": "x", "context": ["home"]},
    f"PUT {FILTER}": {"title": "y"},
    f"POST {FILTER}/keywords": {"keyword": "x"},
    f"POST {FILTER}/statuses": {"status_id": "{other_status}"},
    "PUT /api/v2/filters/keywords/{keyword_id}": {"keyword": "y"},
    "DELETE /api/v2/filters/keywords/{keyword_id}": {},
    "DELETE /api/v2/filters/statuses/{part_id}": {},
    f"DELETE {FILTER}": {},
    "POST /api/v1/conversations/{conversation_id}/read": {},
    "POST /api/v1/conversations/{conversation_id}/unread": {},
    "DELETE /api/v1/conversations/{conversation_id}": {},
    "POST /api/v1/tags/{name}/follow": {},
    "POST /api/v1/tags/{name}/unfollow": {},
    "POST /api/v1/featured_tags": {"name": "x"},
    "DELETE /api/v1/featured_tags/{tag_id}": {},
    "POST /api/v1/markers": {"home": {"last_read_id": "1"}},
    "POST /api/v1/statuses/{status_id}/pin": {},
    "POST /api/v1/follow_requests/{account_id}/authorize": {},
    "POST /api/v1/follow_requests/{account_id}/reject": {},
    "POST /api/v1/accounts/{account_id}/remove_from_followers": {},
    "POST /api/v1/invites": {},
    "POST /api/v1/account/two_factor": {"password": PASSWORD},
    "POST /api/v1/account/two_factor/confirm": {},
    "POST /api/v1/account/recovery_codes": {"password": PASSWORD},
    "POST /api/v1/account/two_factor/off": {"password": PASSWORD},
    "POST /api/v1/account/password": {"password": PASSWORD, "new_password": PASSWORD},
    "POST /api/v1/account/delete": {"password": PASSWORD},
    "POST /api/v1/password_reset": {"new_password": PASSWORD},
    "DELETE /api/v1/sessions/{session_id}": {},
    "DELETE /api/v1/invites/{invitation_id}": {},
    "DELETE /api/v1/profile/avatar": {},
    "DELETE /api/v1/profile/header": {},
    "POST /api/v1/statuses/{status_id}/unpin": {},
}


# What a request that takes something away ends with.
ENDINGS = (
    "/delete",
    "/cancel",
    "/clear",
    "/block",
    "/unfollow",
    "/reject",
    "/refuse",
    "/part",
    "/remove_from_followers",
)


class Samples:
    """A valid request for every route that changes state."""

    def __init__(self, address: str, api: Api, member: Member, picture: bytes) -> None:
        self.api, self.member, self.picture = api, member, picture
        self.names = (f"n{number}{member.username}"[:30] for number in itertools.count())
        self.as_api = httpx.Client(base_url=address, headers={"authorization": f"Bearer {api.token}"})
        self.as_member = httpx.Client(base_url=address, headers={"authorization": f"Bearer {member.token}"})
        self.browser = httpx.Client(base_url=address)
        self.tokens: dict[tuple[httpx.Client, str], str] = {}
        self.status, self.other_status = (member.post()["id"] for _ in range(2))
        self.media = member.client.post("/api/v2/media", files={"file": picture}).json()["id"]
        self.other = self._sign_up_another()
        self.ids = self._make()
        self.form("/log-in", login=member.username, password=PASSWORD)
        self.other_browser = httpx.Client(base_url=address)
        self.form("/log-in", self.other_browser, login=self.other_name, password=PASSWORD)

    def _sign_up_another(self) -> str:
        fields = self.new_person()
        self.other_name = fields["username"]
        token = self.as_api.post("/api/v1/accounts", data=fields).json()["access_token"]
        self.as_other = httpx.Client(base_url=self.as_api.base_url, headers={"authorization": f"Bearer {token}"})
        return self.as_other.get("/api/v1/accounts/verify_credentials").json()["id"]

    def _make(self) -> dict[str, str]:
        """Make one of everything that a path names, and give the ids."""
        poll = {"options": ["a", "b"], "expires_in": 3600}
        asked = self.as_other.post("/api/v1/statuses", json={"status": "?", "poll": poll}).json()["poll"]
        later = {"status": "x", "scheduled_at": "2099-01-01T00:00:00Z"}
        words = {"title": "x", "context": ["home"], "keywords_attributes": [{"keyword": "x"}]}
        made = self._post("/api/v2/filters", words)
        direct = {"status": f"@{self.member.username} x", "visibility": "direct"}
        self.as_other.post("/api/v1/statuses", json=direct)
        me = self.as_member.get("/api/v1/accounts/verify_credentials").json()["id"]
        self.as_other.post(f"/api/v1/accounts/{me}/follow")
        return {
            "{status_id}": self.status,
            "{other_status}": self.other_status,
            "{account_id}": self.other,
            "{notification_id}": "1",
            "{poll_id}": asked["id"],
            "{scheduled_id}": self._post("/api/v1/statuses", later)["id"],
            "{list_id}": self._post("/api/v1/lists", {"title": "x"})["id"],
            "{filter_id}": made["id"],
            "{keyword_id}": made["keywords"][0]["id"],
            "{part_id}": "1",
            "{conversation_id}": self.as_member.get("/api/v1/conversations").json()[0]["id"],
            "{name}": "boats",
            "{tag_id}": "1",
            "{invitation_id}": "1",
            "{session_id}": "1",
            "{picture}": "avatar",
        }

    def _post(self, path: str, fields: dict[str, Any]) -> dict[str, Any]:
        answer = self.as_member.post(path, json=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _json_request(self, name: str, fields: dict[str, Any]) -> Callable[[], httpx.Response]:
        method, path = name.split(" ")
        sent = {key: self.ids.get(value, value) if isinstance(value, str) else value for key, value in fields.items()}
        return lambda: self.as_member.request(method, _filled(path, self.ids), json=sent)

    def _page_request(self, path: str, fields: dict[str, str]) -> Callable[[], httpx.Response]:
        sent = {name: self.ids.get(value, value) for name, value in fields.items()}
        return lambda: self.form(_filled(path, self.ids), **sent)

    def close(self) -> None:
        """Close every client."""
        for client in (self.as_api, self.as_member, self.as_other, self.browser, self.other_browser):
            client.close()

    def form(self, path: str, browser: httpx.Client | None = None, **fields: str) -> httpx.Response:
        """Send a form of the page as a browser does."""
        browser = browser or self.browser
        session = browser.cookies.get("lifeboat_session", "")
        if (browser, session) not in self.tokens:
            page = browser.get("/").text
            self.tokens[browser, session] = page.split('name="form_token" value="')[1].split('"')[0]
        return browser.post(path, data={"form_token": self.tokens[browser, session]} | fields)

    def new_person(self) -> dict[str, str]:
        """Give the fields of a sign-up."""
        name = next(self.names)
        return {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "agreement": "true"}

    def requests(self) -> dict[str, Callable[[], httpx.Response]]:
        """Give the request of each route; those that take away what others need come last."""
        return dict(sorted(self._requests().items(), key=lambda request: _takes_away(request[0])))

    def _requests(self) -> dict[str, Callable[[], httpx.Response]]:
        password = {"grant_type": "password", "username": self.member.username, "password": PASSWORD}
        upload = {"file": self.picture}
        return {
            "POST /api/v1/apps": lambda: self.as_api.post("/api/v1/apps", data={"client_name": "x"}),
            "POST /oauth/token": lambda: self.as_api.post("/oauth/token", data=self.api.secrets() | password),
            "POST /oauth/revoke": lambda: self.as_api.post("/oauth/revoke", data=self.api.secrets() | {"token": "x"}),
            "POST /api/v1/accounts": lambda: self.as_api.post("/api/v1/accounts", data=self.new_person()),
            "POST /api/v1/media": lambda: self.as_member.post("/api/v1/media", files=upload),
            "POST /api/v2/media": lambda: self.as_member.post("/api/v2/media", files=upload),
            "PUT /api/v1/media/{media_id}": lambda: self.as_member.put(
                f"/api/v1/media/{self.media}", data={"description": "x"}
            ),
            "POST /api/v1/statuses": lambda: self.as_member.post("/api/v1/statuses", json={"status": "x"}),
            **{name: self._json_request(name, fields) for name, fields in JSON.items()},
            **self.small_requests(),
            **{f"POST {path}": self._page_request(path, fields) for path, fields in PAGE.items()},
            "PATCH /api/v1/accounts/update_credentials": lambda: self.as_member.patch(
                "/api/v1/accounts/update_credentials", data={"note": "x"}
            ),
            "PUT /api/v1/statuses/{status_id}": lambda: self.as_member.put(
                f"/api/v1/statuses/{self.status}", data={"status": "y"}
            ),
            "POST /api/v1/reports": lambda: self.as_member.post("/api/v1/reports", data={"account_id": self.other}),
            "DELETE /api/v1/statuses/{status_id}": lambda: self.as_member.delete(f"/api/v1/statuses/{self.status}"),
            "POST /oauth/authorize": lambda: self.form(
                "/oauth/authorize",
                response_type="code",
                client_id=self.api.client_id,
                redirect_uri=OUT_OF_BAND,
                decision="allow",
                login=self.member.username,
                password=PASSWORD,
            ),
            "POST /sign-up": lambda: self.form("/sign-up", **self.new_person()),
            "POST /log-in": lambda: self.form("/log-in", login=self.member.username, password=PASSWORD),
            "POST /post": lambda: self.form("/post", status="x"),
            "POST /posts/{status_id}/delete": lambda: self.form(f"/posts/{self.other_status}/delete"),
            "POST /log-out": lambda: self.form("/log-out"),
            "DELETE /api/v1/sessions": lambda: self.as_member.delete("/api/v1/sessions"),
            "POST /settings/devices/end-others": lambda: self.form("/settings/devices/end-others", self.other_browser),
        }

    def small_requests(self) -> dict[str, Callable[[], httpx.Response]]:
        """Give the requests that carry nothing but the id in their path."""
        ids = self.ids | {"{status_id}": self.other_status}

        def api(path: str) -> Callable[[], httpx.Response]:
            return lambda: self.as_member.post(_filled(path, ids))

        def page(path: str) -> Callable[[], httpx.Response]:
            return lambda: self.form(_filled(path, ids))

        return {f"POST {path}": (api if path.startswith("/api") else page)(path) for path in SMALL}


def _takes_away(name: str) -> int:
    """Say in which turn a request comes: what makes or changes, what deletes, what ends a session."""
    if name.endswith(("/sessions", "/log-out")):
        return 2
    return int(name.startswith("DELETE ") or name.endswith(ENDINGS))


def _filled(path: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        path = path.replace(name, value)
    return path
