"""No route changes state but through the durability helper."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

import app.main
from app import services
from tests.app.conftest import Api, FenceControl, Member, RunningApp
from tests.app.samples import Samples

SAFE = {"GET", "HEAD", "OPTIONS"}
UNMET = [{"sync": ["gcp"], "needed": 1}]
APP = Path(app.main.__file__).parent


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

    # Takedowns are carried out on a site's own database by its agent; no route reaches them.
    assert users == {"acknowledger.py", "database.py", "durability.py", "takedowns.py"}


def _imports_a_driver(node: ast.AST) -> bool:
    return isinstance(node, ast.Import) and any(name.name.startswith("psycopg") for name in node.names)


@pytest.fixture(scope="module")
def hasty(run_app: Callable[..., RunningApp], app_database: Any) -> RunningApp:
    """Give an app that hardly waits for the other clouds: here they never confirm, however long it waits."""
    return run_app(app_database.url, acknowledge_timeout=0.05)


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
