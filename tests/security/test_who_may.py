"""Who may do what: every route of the app, as everybody (`who_may.txt`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import PASSWORD, Api, RunningApp
from tests.app.test_every_route_is_durable import routes
from tests.security.world import BROWSERS, CALLERS, MAKERS, World

TABLE = Path(__file__).with_name("who_may.txt")
# What a stranger's request must leave where its owner finds it.
KEPT = {
    "DELETE /api/v1/lists/{list_id}": "/api/v1/lists",
    "DELETE /api/v2/filters/{filter_id}": "/api/v2/filters",
    "DELETE /api/v2/filters/keywords/{keyword_id}": "/api/v2/filters",
    "DELETE /api/v2/filters/statuses/{part_id}": "/api/v2/filters",
    "DELETE /api/v1/scheduled_statuses/{scheduled_id}": "/api/v1/scheduled_statuses",
    "DELETE /api/v1/conversations/{conversation_id}": "/api/v1/conversations",
    "DELETE /api/v1/invites/{invitation_id}": "/api/v1/invites",
    "DELETE /api/v1/sessions/{session_id}": "/api/v1/sessions",
    "DELETE /api/v1/featured_tags/{tag_id}": "/api/v1/featured_tags",
    "POST /api/v1/notifications/{notification_id}/dismiss": "/api/v1/notifications",
}


def table() -> dict[str, list[int]]:
    """Give the rows of the table: route -> statuses."""
    lines = [line.split() for line in TABLE.read_text().splitlines() if "/" in line and not line.startswith("#")]
    rows = {f"{method} {path}": [int(status) for status in statuses] for method, path, *statuses in lines}
    assert len(rows) == len(lines), "a route has two rows"
    return rows


EXPECTED = table()


@pytest.fixture(scope="module")
def world(app_server: RunningApp, api: Api, app_database: Any) -> Iterator[World]:
    """Give the people of the table."""
    made = World(app_server, api, app_database.owner_url)
    yield made
    made.close()


def test_every_route_has_its_row() -> None:
    """It fails for a route that the table does not name, and for a row that names no route."""
    named = {row.replace("{public_id}", "{status_id}").replace("{direct_id}", "{status_id}") for row in EXPECTED}

    assert named == {f"{method} {route.path}" for route in routes() for method in route.methods or ()}


@pytest.mark.parametrize("route", KEPT)
def test_a_stranger_takes_nothing_away(route: str, world: World) -> None:
    """It is still there for its owner after another person's request to delete it."""
    method, path = route.split(" ")
    name = path.split("{")[1].split("}")[0]
    made = MAKERS[name](world)

    answer = world.people["other"].client.request(method, path.replace(f"{{{name}}}", made))

    assert answer.status_code == 200
    assert f'"{made}"' in world.owner.client.get(KEPT[route]).text


def test_nobody_is_a_moderator(world: World) -> None:
    """A token with the scopes that Mastodon gives moderators reads no report and nothing but what is the person's own."""
    grant = {"client_name": "x", "scopes": "read admin:read admin:write"}
    made = world.client.post("/api/v1/apps", data=grant).json()
    who = {"username": world.people["other"].username, "password": PASSWORD, "grant_type": "password"}
    client = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    token = world.client.post("/oauth/token", data=who | client | {"scope": "admin:read admin:write"}).json()
    headers = {"authorization": f"Bearer {token['access_token']}"}
    paths = ("/api/v1/admin/reports", f"/api/v1/admin/accounts/{world.owner.id}", "/api/v1/accounts/verify_credentials")

    answers = [world.client.get(path, headers=headers) for path in paths]

    assert token["scope"] == "admin:read admin:write"
    assert [answer.status_code for answer in answers] == [404, 404, 403]
    assert world.owner.read("/api/v1/accounts/verify_credentials")["roles"] == []


@pytest.mark.parametrize("route", EXPECTED)
def test_everybody_gets_what_is_theirs(route: str, world: World) -> None:
    """It answers each caller as the table says, and tells nobody what is not for them."""
    callers = CALLERS if len(EXPECTED[route]) == len(CALLERS) else BROWSERS

    assert dict(zip(callers, world.outcomes(route), strict=True)) == dict(zip(callers, EXPECTED[route], strict=True))
