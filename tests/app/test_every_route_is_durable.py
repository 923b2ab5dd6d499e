"""No route changes state but through the durability helper."""

import ast
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

import app.main
from app import services
from app.tokens import OUT_OF_BAND
from tests.app.conftest import PASSWORD, Api, FenceControl, Member, RunningApp

SAFE = {"GET", "HEAD", "OPTIONS"}
UNMET = [{"sync": ["gcp"], "needed": 1}]
APP = Path(app.main.__file__).parent

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
    *(f"/people/{{account_id}}/{verb}" for verb in ("follow", "unfollow", "block", "unblock")),
)


def routes() -> Iterator[APIRoute]:
    """Give every route of the app."""
    for module in app.main.ROUTERS:
        for route in module.router.routes:
            assert isinstance(route, APIRoute)
            yield route


def unsafe(route: APIRoute) -> set[str]:
    """Give the methods of a route that may change state."""
    return set(route.methods or ()) - SAFE


def changing() -> list[str]:
    """Name every route that may change state, as `POST /path`."""
    return sorted(f"{method} {route.path}" for route in routes() for method in unsafe(route))


def depends_on(dependant: Dependant, call: Callable[..., Any]) -> bool:
    """Say whether a dependency appears anywhere below a route."""
    return any(inner.call is call or depends_on(inner, call) for inner in dependant.dependencies)


def test_the_app_serves_nothing_but_these_routes(app_server: RunningApp) -> None:
    """It mounts the routers that this test walks, its static files and its own description: nothing is overlooked."""
    served = app.main.create_app(app_server.services.settings, app_server.services).routes
    others = sorted(path for route in served if (path := getattr(route, "path", None)))

    assert others == ["/openapi.json", "/static"]
    assert len(served) == len(others) + len(app.main.ROUTERS)


@pytest.mark.parametrize("route", list(routes()), ids=lambda route: f"{sorted(route.methods)} {route.path}")
def test_a_route_has_the_helper_if_and_only_if_it_may_change_state(route: APIRoute) -> None:
    """It finds the helper below every unsafe route, and below no safe one."""
    assert depends_on(route.dependant, services.writer) is bool(unsafe(route))


def test_nothing_else_reaches_the_writing_connections() -> None:
    """It finds the pool that can write in `database` and `durability` alone."""
    users = {
        path.name
        for path in APP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr in {"writer", "write"}) or _imports_a_driver(node)
    }

    assert users == {"acknowledger.py", "database.py", "durability.py"}


def _imports_a_driver(node: ast.AST) -> bool:
    return isinstance(node, ast.Import) and any(name.name.startswith("psycopg") for name in node.names)


@pytest.fixture(scope="module")
def hasty(run_app: Callable[..., RunningApp], app_database: Any) -> RunningApp:
    """Give an app that waits a quarter of a second for the other clouds."""
    return run_app(app_database.url, acknowledge_timeout=0.25)


class Samples:
    """A valid request for every route that changes state."""

    def __init__(self, address: str, api: Api, member: Member, picture: bytes) -> None:
        self.api, self.member, self.picture = api, member, picture
        self.names = (f"n{number}{member.username}"[:30] for number in itertools.count())
        self.as_api = httpx.Client(base_url=address, headers={"authorization": f"Bearer {api.token}"})
        self.as_member = httpx.Client(base_url=address, headers={"authorization": f"Bearer {member.token}"})
        self.browser = httpx.Client(base_url=address)
        self.status, self.other_status = (member.post()["id"] for _ in range(2))
        self.media = member.client.post("/api/v2/media", files={"file": picture}).json()["id"]
        self.other = self._sign_up_another()
        self.form("/log-in", login=member.username, password=PASSWORD)

    def _sign_up_another(self) -> str:
        token = self.as_api.post("/api/v1/accounts", data=self.new_person()).json()["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        return self.as_api.get("/api/v1/accounts/verify_credentials", headers=headers).json()["id"]

    def close(self) -> None:
        """Close every client."""
        for client in (self.as_api, self.as_member, self.browser):
            client.close()

    def form(self, path: str, files: Any = None, **fields: str) -> httpx.Response:
        """Send a form of the page as a browser does."""
        page = self.browser.get("/").text
        token = page.split('name="form_token" value="')[1].split('"')[0]
        return self.browser.post(path, data={"form_token": token} | fields, files=files)

    def new_person(self) -> dict[str, str]:
        """Give the fields of a sign-up."""
        name = next(self.names)
        return {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "agreement": "true"}

    def requests(self) -> dict[str, Callable[[], httpx.Response]]:
        """Give the request of each route."""
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
            **self.small_requests(),
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
        }

    def small_requests(self) -> dict[str, Callable[[], httpx.Response]]:
        """Give the requests that carry nothing but the id in their path."""
        ids = {"{status_id}": self.other_status, "{account_id}": self.other, "{notification_id}": "1"}

        def api(path: str) -> Callable[[], httpx.Response]:
            return lambda: self.as_member.post(_filled(path, ids))

        def page(path: str) -> Callable[[], httpx.Response]:
            return lambda: self.form(_filled(path, ids))

        return {f"POST {path}": (api if path.startswith("/api") else page)(path) for path in SMALL}


def _filled(path: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        path = path.replace(name, value)
    return path


def test_no_route_answers_with_success_what_one_cloud_alone_holds(
    hasty: RunningApp, api: Api, member: Member, picture: bytes, fence: FenceControl
) -> None:
    """It answers 503 with Retry-After and a key on every one of them; a new route must bring its request."""
    samples = Samples(hasty.address, api, member, picture)
    requests = samples.requests()
    fence.set(rule=UNMET)

    answers = {name: request() for name, request in requests.items()}

    samples.close()
    assert sorted(requests) == changing()
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(requests, 503)
    assert all(answer.headers["retry-after"] == "1" for answer in answers.values())
    assert all(answer.headers["idempotency-key"] for answer in answers.values())
    assert all("not known whether this was saved in two clouds" in answer.text for answer in answers.values())


def test_every_route_says_read_only_while_the_fence_is_closed(
    hasty: RunningApp, api: Api, member: Member, picture: bytes, fence: FenceControl
) -> None:
    """It answers 503 in one sentence on every one of them, and still reads."""
    samples = Samples(hasty.address, api, member, picture)
    fence.set(writable=False)

    answers = {name: request() for name, request in samples.requests().items()}
    reading = samples.as_member.get("/api/v1/timelines/home")

    samples.close()
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 503)
    assert all("This site is read-only at the moment" in answer.text for answer in answers.values())
    assert reading.status_code == 200
    assert samples.status in reading.text
