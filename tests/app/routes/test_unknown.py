"""What no route answers: JSON for programs, a page of ours for people."""

import asyncio

import httpx

from app.main import create_app
from app.services import Services
from tests.app.browser import Browser
from tests.app.conftest import RunningApp

INSIDE = "the inside of the app"


def test_a_program_reads_json(anonymous: httpx.Client) -> None:
    """It answers 404 in Mastodon's words, and 405 with what is taken for a method that a path does not have."""
    unknown = [anonymous.get(path) for path in ("/api/v9/x", "/oauth/x", "/.well-known/x", "/static/x.js")]
    refused = [anonymous.delete("/healthz"), anonymous.put("/api/v1/statuses")]

    assert [(one.status_code, one.json()) for one in unknown] == [(404, {"error": "Record not found"})] * 4
    assert [(one.status_code, one.json()) for one in refused] == [(405, {"error": "Method Not Allowed"})] * 2
    assert [one.headers["allow"] for one in refused] == ["GET", "POST"]


def test_a_person_reads_a_page_of_ours(browser: Browser, name: str) -> None:
    """It says so in the app's own frame, whatever the way of asking, and leads out."""
    asked = browser.read("/no/such/page")
    sent = browser.client.post("/notifications", data={})

    for page, status in ((asked, 404), (sent, 405)):
        assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert "Skip to the content" in page.text
        assert f"@{name}" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "There is no page at this address." in asked.text
    assert '<a href="/">Go to the start</a>' in asked.text
    assert sent.headers["allow"] == "GET"


async def broken() -> None:
    """Fail as a bug does."""
    raise RuntimeError(INSIDE)


async def ask(app_server: RunningApp) -> list[httpx.Response]:
    """Ask an app with two broken routes, one for programs and one for people."""
    services = Services.open(app_server.services.settings)
    app = create_app(services.settings, services)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for path in (paths := ("/api/v1/broken", "/broken")):
            app.add_api_route(path, broken)
        answers = [await client.get(path) for path in paths]
    await services.close()
    return answers


def test_a_bug_is_told_in_one_sentence(app_server: RunningApp) -> None:
    """It answers 500, names nothing of the inside, and is a page for a person."""
    program, person = asyncio.run(ask(app_server))

    assert [program.status_code, person.status_code] == [500, 500]
    assert program.json()["error"].startswith("Something is wrong here")
    assert "Skip to the content" in person.text
    assert "Something is wrong here" in person.text
    assert INSIDE not in program.text + person.text
