"""The pages in a real Chromium, on one app: with and without JavaScript, by keyboard, in light and dark, on a phone.

With LIFEBOAT_PICTURES=FOLDER it also leaves the pictures that the README shows (`scripts/pictures` does that).
"""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.acceptance.chromium import faults, fits, keep_picture, launched, needs_chromium
from tests.app.community import Town, settle
from tests.app.conftest import PASSWORD, Api, RunningApp

pytestmark = [pytest.mark.browser, needs_chromium]

DESKTOP, PHONE = {"width": 1180, "height": 860}, {"width": 390, "height": 844}
LOOKS = {"": ("light", DESKTOP), "-dark": ("dark", DESKTOP), "-phone": ("light", PHONE), "-phone-dark": ("dark", PHONE)}


@pytest.fixture(scope="module")
def town(app_server: RunningApp, api: Api) -> Town:
    """Give a few people who talk to each other."""
    return settle(app_server, api.token)


@pytest.fixture(scope="module")
def chromium(town: Town) -> Iterator[Browser]:
    """Give a Chromium; the app runs before."""
    with launched() as found:
        yield found


@pytest.fixture
def context(chromium: Browser, app_server: RunningApp) -> Iterator[BrowserContext]:
    """Give a fresh browser profile."""
    found = chromium.new_context(base_url=app_server.address, viewport=DESKTOP)
    found.set_default_timeout(90_000)
    yield found
    found.close()


@pytest.fixture(scope="module")
def member(chromium: Browser, app_server: RunningApp) -> Iterator[Page]:
    """Give the page of ines, who is logged in."""
    context = chromium.new_context(base_url=app_server.address, viewport=DESKTOP)
    context.set_default_timeout(90_000)
    page = context.new_page()
    log_in(page)
    yield page
    context.close()


def log_in(page: Page, name: str = "ines") -> None:
    page.goto("/")
    page.get_by_text("Already here? Log in").click()
    form = page.locator("form[action='/log-in']")
    form.get_by_label("Name or e-mail").fill(name)
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def look(page: Page, name: str, path: str) -> None:
    """See that a page is usable in every look, and keep its picture."""
    for ending, (scheme, size) in LOOKS.items():
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        page.goto(path)
        assert fits(page), f"{path} runs out of the page sideways"
        keep_picture(page, f"{name}{ending}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)


FULL = os.environ.get("LIFEBOAT_FULL") == "1"
LOOKED_AT = {"feed": "/", "thread": "{thread}", "profile": "/@ines"}
PAGES = (
    "/", "/local", "/notifications", "/conversations", "/search?q=ferry", "/tags/ferry", "/lists", "/lists/{list}",
    "/lists/{list}/edit", "/bookmarks", "/favourites", "/@ines", "/@tomas", "/@tomas/followers", "/@tomas/following",
    "/follow-requests", "/blocks", "/mutes", "/filters", "/scheduled", "{thread}", "/posts/{post}/edit",
    "/posts/{post}/history", "/posts/{post}/liked-by", "/posts/{post}/report", "/people/{person}/report",
    "/reports/sent", "/settings", "/settings/profile", "/settings/devices", "/settings/security",
    "/settings/invitations", "/settings/data", "/settings/notifications", "/reset-password", "/offline", "/@nobody",
)  # fmt: skip


@pytest.fixture(scope="module")
def places(town: Town) -> dict[str, str]:
    """Give what stands in the braces of a path."""
    ines = town.people["ines"]
    later = {"status": "Good morning", "scheduled_at": "2099-01-01T08:00:00Z"}
    ines.client.post("/api/v1/statuses", json=later)
    ines.act("/api/v2/filters", title="Weather", context=["home"], keywords_attributes=[{"keyword": "sleet"}])
    town.people["yuki"].post("@ines Will you bring the big net?", visibility="direct")
    mine = ines.read("/api/v1/accounts/verify_credentials")["id"]
    return {
        "thread": "/" + town.thread["url"].partition("//")[2].partition("/")[2],
        "list": ines.act("/api/v1/lists", title="Boats")["id"],
        "post": ines.read(f"/api/v1/accounts/{mine}/statuses", exclude_reblogs=True)[0]["id"],
        "person": town.people["tomas"].id,
    }


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_page_fits_every_look(member: Page, places: dict[str, str], name: str) -> None:
    """Light and dark, wide and on a phone, nothing runs out of the page sideways; the pictures are kept."""
    look(member, name, LOOKED_AT[name].format(**places))


def test_the_page_of_a_guest_fits_every_look(context: BrowserContext) -> None:
    """It shows how to sign up, on a phone too."""
    page = context.new_page()
    look(page, "sign-up", "/")
    expect(page.get_by_role("button", name="Create account")).to_be_visible()


def test_everybody_can_use_every_page(member: Page, places: dict[str, str]) -> None:
    """axe finds nothing on any page (every fourth by default), in light, nor in the colours of dark, and each fits a phone."""
    found, wide = {}, []
    for path in PAGES if FULL else PAGES[:: len(PAGES) // 8]:
        member.goto(path.format(**places))
        found[path] = faults(member)
        member.emulate_media(color_scheme="dark")
        found[f"{path} dark"] = faults(member, "color-contrast")
        member.emulate_media(color_scheme="light")
        member.set_viewport_size(PHONE)
        wide += [] if fits(member) else [path]
        member.set_viewport_size(DESKTOP)

    assert {path: what for path, what in found.items() if what} == {}
    assert wide == []
