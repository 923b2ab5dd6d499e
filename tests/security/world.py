"""The people of the authorisation matrix, and one of everything that a route's path can name."""

import re
from collections.abc import Callable
from typing import Any

import psycopg

from app.tokens import OUT_OF_BAND
from tests.app.browser import Browser
from tests.app.conftest import PASSWORD, Api, RunningApp, noise, sign_up
from tests.app.samples import JSON, PAGE

PEOPLE = ("limited", "other", "blocked", "follower", "owner")
# Who sends the request of a row, in this order: nobody, a client for itself, the people, and the owner by a token that
# may only read or only write. A page is sent by the browsers of nobody and of the people.
OUTSIDERS = {"anonymous", "client", "limited", "other", "blocked"}
SECRET = "hushed"  # stands in everything that only the owner, or the owner and the followers, may read
CALLERS = ("anonymous", "client", *PEOPLE, "reads", "writes")
BROWSERS = ("anonymous", *PEOPLE)

# What the requests carry that `JSON` does not have; a password is always wrong here.
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/statuses": {"status": "x"},
    "PUT /api/v1/statuses/{status_id}": {"status": "y"},
    "POST /api/v1/apps": {"client_name": "x"},
    "POST /api/v1/reports": {"account_id": "{account_id}"},
    "PUT /api/v1/media/{media_id}": {"description": "x"},
    "PATCH /api/v1/accounts/update_credentials": {"note": "x"},
    "POST /post": {"status": "x"},
    "POST /oauth/authorize": {"response_type": "code", "client_id": "{client_id}", "decision": "allow"}
    | {"redirect_uri": OUT_OF_BAND},
}
QUERIES = {
    "GET /api/v1/accounts/lookup": "?acct={username}",
    "GET /api/v1/accounts/search": f"?q={SECRET}",
    "GET /api/v2/search": f"?q={SECRET}",
    "GET /search": f"?q={SECRET}",
    "GET /api/v1/streaming/hashtag": "?tag=x",
    "GET /api/v1/streaming/hashtag/local": "?tag=x",
    "GET /api/v1/streaming/list": "?list={list_id}",
    "GET /oauth/authorize": f"?response_type=code&client_id={{client_id}}&redirect_uri={OUT_OF_BAND}",
}
ENDS = ("/api/v1/sessions", "/settings/devices/end-others", "/log-out")  # sessions that the next row needs
API = ("/api/", "/oauth/token", "/oauth/revoke", "/.well-known/", "/healthz", "/readyz", "/metrics", "/media/")


class World:
    """Makes the people and what belongs to the owner, and sends a row's request as each of them."""

    def __init__(self, app: RunningApp, api: Api, owner_url: str) -> None:
        self.api, self.client = api, app.client()
        self.people = {name: sign_up(app, api) for name in PEOPLE}
        self.owner, self.follower = self.people["owner"], self.people["follower"]
        self.ids = {name: person.id for name, person in self.people.items()}
        with psycopg.connect(owner_url) as connection:
            name = self.people["limited"].username
            connection.execute("UPDATE account SET limited_at = now() WHERE username = %s", (name,))
        self.browsers = {name: Browser(app.client()) for name in BROWSERS}
        self.log_in()
        self.restore()

    def close(self) -> None:
        """Close every client."""
        people, browsers = self.people.values(), self.browsers.values()
        for client in (self.client, *(one.client for one in people), *(one.client for one in browsers)):
            client.close()

    def log_in(self) -> None:
        """Begin everybody's sessions."""
        self.tokens = {"client": self.api.token, "reads": self._token("read"), "writes": self._token("write")}
        for name, person in self.people.items():
            self.tokens[name] = self._token("read write push", name)
            person.client.headers["authorization"] = f"Bearer {self.tokens[name]}"
            self.browsers[name].send("/log-in", login=person.username, password=PASSWORD)

    def restore(self) -> None:
        """Make people again to each other what their names say."""
        owner = self.ids["owner"]
        for name in ("limited", "other", "follower"):
            for verb in ("unfollow", "unblock", "unmute"):
                self.people[name].act(f"/api/v1/accounts/{owner}/{verb}")
        self.follower.act(f"/api/v1/accounts/{owner}/follow")
        self.owner.act(f"/api/v1/accounts/{self.ids['blocked']}/block")

    def outcomes(self, route: str) -> list[int]:
        """Send a row's request as everybody, and give the status of each answer."""
        method, path = route.split(" ")
        made = self._picture() if path.startswith("/media/") else {}
        target = self._filled(path + QUERIES.get(route, ""), made)
        given = BODIES.get(route) or JSON.get(route) or PAGE.get(path) or {}
        body = {name: self._filled(value, made) if isinstance(value, str) else value for name, value in given.items()}
        body = {name: "wrong" if value == PASSWORD else value for name, value in body.items()}
        try:
            if path.startswith(API):
                return [self._call(name, method, target, body) for name in CALLERS]
            return [self._page(name, method, target, body) for name in BROWSERS]
        finally:
            if path in ENDS:
                self.log_in()
            if method != "GET" and "{account_id}" in path:
                self.restore()

    def _call(self, name: str, method: str, path: str, body: dict[str, Any]) -> int:
        headers = {"authorization": f"Bearer {self.tokens[name]}"} if name in self.tokens else {}
        is_upload = method == "POST" and path.endswith("/media")
        sent: dict[str, Any] = {"files": {"file": noise()}} if is_upload else {"json": body}
        with self.client.stream(method, path, headers=headers, **sent) as answer:
            endless = answer.headers.get("content-type", "").startswith("text/event-stream")
            self._must_not_tell(name, "" if endless else answer.read().decode(errors="replace"))
            return answer.status_code

    def _page(self, name: str, method: str, path: str, body: dict[str, Any]) -> int:
        browser = self.browsers[name]
        answer = browser.read(path) if method == "GET" else browser.send(path, **body)
        if method == "GET":  # who follows reads more afterwards, on the page that a form leads back to
            self._must_not_tell(name, answer.text.replace(f'value="{SECRET}"', ""))  # what was searched for
        return (answer.history or [answer])[0].status_code

    def _must_not_tell(self, name: str, text: str) -> None:
        if name in OUTSIDERS:
            assert SECRET not in text, f"{name} reads what is not for them"
            assert f"{self.owner.username}@example.org" not in text, f"{name} reads the owner's address"

    def _filled(self, text: str, made: dict[str, str]) -> str:
        for name in re.findall(r"{(\w+)}", text):
            if name not in made:
                made[name] = MAKERS[name](self)
            text = text.replace(f"{{{name}}}", made[name])
        return text

    def _picture(self) -> dict[str, str]:
        """Give the path of a picture's bytes, in its two parts."""
        url = self.owner.client.post("/api/v2/media", files={"file": noise()}).json()["url"]
        return dict(zip(("prefix", "name"), url.split("/")[-2:], strict=True))

    def _token(self, scope: str, name: str = "owner") -> str:
        who = {"username": self.people[name].username, "password": PASSWORD}
        grant = {"grant_type": "password", "scope": scope} | who | self.api.secrets()
        return self.client.post("/oauth/token", data=grant).json()["access_token"]

    # One of everything that is the owner's, made anew for each row: what a row deletes is gone for the next.

    def post(self, **fields: Any) -> dict[str, Any]:
        """Publish for the owner's followers."""
        return self.owner.post(SECRET, visibility="private", **fields)

    def poll(self) -> str:
        """Ask the owner's followers."""
        return self.post(poll={"options": [SECRET, "b"], "expires_in": 3600})["poll"]["id"]

    def filter(self) -> dict[str, Any]:
        """Make a filter of the owner's with a word and a post."""
        words = {"title": SECRET, "context": ["home"], "keywords_attributes": [{"keyword": SECRET}]}
        made = self.owner.act("/api/v2/filters", **words)
        self.owner.act(f"/api/v2/filters/{made['id']}/statuses", status_id=self.post()["id"])
        return self.owner.read(f"/api/v2/filters/{made['id']}")

    def conversation(self) -> str:
        """Write to the owner."""
        self.follower.post(f"@{self.owner.username} {SECRET}", visibility="direct")
        return self.owner.read("/api/v1/conversations")[0]["id"]

    def direct(self) -> str:
        """Write to the follower, and to nobody else."""
        return self.owner.post(f"@{self.follower.username} {SECRET}", visibility="direct")["id"]

    def notification(self) -> str:
        """Tell the owner something."""
        self.follower.act(f"/api/v1/statuses/{self.post()['id']}/favourite")
        return self.owner.read("/api/v1/notifications")[0]["id"]

    def session(self) -> str:
        """Log the owner in once more."""
        self._token("read")
        return self.owner.read("/api/v1/sessions")[0]["id"]

    def tag(self) -> str:
        """Give the tag that the owner features; the row before may have taken it away."""
        shown = self.owner.read("/api/v1/featured_tags")
        return (shown[0] if shown else self.owner.act("/api/v1/featured_tags", name="boats"))["id"]


MAKERS: dict[str, Callable[[World], str]] = {
    "account_id": lambda world: world.ids["owner"],
    "username": lambda world: world.owner.username,
    "status_id": lambda world: world.post()["id"],
    "other_status": lambda world: world.post()["id"],
    "public_id": lambda world: world.owner.post()["id"],
    "direct_id": World.direct,
    "client_id": lambda world: world.api.client_id,
    "name": lambda _: "boats",
    "picture": lambda _: "avatar",
    "poll_id": World.poll,
    "scheduled_id": lambda world: world.post(scheduled_at="2099-01-01T00:00:00Z")["id"],
    "media_id": lambda world: world.owner.client.post("/api/v2/media", files={"file": noise()}).json()["id"],
    "list_id": lambda world: world.owner.act("/api/v1/lists", title=SECRET)["id"],
    "filter_id": lambda world: world.filter()["id"],
    "keyword_id": lambda world: world.filter()["keywords"][0]["id"],
    "part_id": lambda world: world.filter()["statuses"][0]["id"],
    "conversation_id": World.conversation,
    "notification_id": World.notification,
    "invitation_id": lambda world: world.owner.act("/api/v1/invites")["id"],
    "code": lambda world: world.owner.act("/api/v1/invites")["code"],
    "session_id": World.session,
    "tag_id": World.tag,
}
