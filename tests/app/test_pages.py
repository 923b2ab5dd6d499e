"""The pages in a real Chromium, on one app: with and without JavaScript, by keyboard, in light and dark, on a phone.

With LIFEBOAT_PICTURES=FOLDER it also leaves the pictures that the README shows (`scripts/pictures` does that).
"""

import json
import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.acceptance.chromium import faults, fits, keep_picture, launched, needs_chromium, post, sign_up
from tests.app.community import Town, dusk, settle
from tests.app.conftest import PASSWORD, Api, FenceControl, RunningApp, encoded, numbers

pytestmark = [pytest.mark.browser, needs_chromium]

DESKTOP, PHONE = {"width": 1180, "height": 860}, {"width": 390, "height": 844}
LOOKS = {"": ("light", DESKTOP), "-dark": ("dark", DESKTOP), "-phone": ("light", PHONE)}


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
    found = chromium.new_context(base_url=app_server.address, viewport=DESKTOP, reduced_motion="reduce")
    found.set_default_timeout(90_000)
    yield found
    found.close()


@pytest.fixture(scope="module")
def member(chromium: Browser, app_server: RunningApp) -> Iterator[Page]:
    """Give the page of ines, who is logged in."""
    context = chromium.new_context(base_url=app_server.address, viewport=DESKTOP, reduced_motion="reduce")
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


def sign_up_as_new(page: Page) -> str:
    name = f"n{next(numbers)}"
    page.goto("/")
    sign_up(page, name)
    return name


def test_somebody_signs_up_posts_and_answers(context: BrowserContext) -> None:
    """A person comes, posts with a picture and a warning, answers themselves, and no script fails."""
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    name = sign_up_as_new(page)
    post(page, "The first words of a new neighbour.", encoded(dusk()))
    page.locator("#feed").get_by_role("link", name="Reply").first.click()
    post(page, "And the second.")

    page.goto(f"/@{name}")

    expect(page.locator("#feed article")).to_have_count(2)
    assert page.locator("#feed img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert errors == []


def test_a_button_changes_its_post_in_place(member: Page, places: dict[str, str]) -> None:
    """Pressing Favourite on a page exchanges that one card: the page is not loaded again, nor scrolled."""
    member.goto(places["thread"])
    member.evaluate("window.stays = true")
    button = member.locator("article.post").first.get_by_role("button", name="Favourite")
    before = button.get_attribute("aria-pressed")

    button.click()

    expect(button).to_have_attribute("aria-pressed", "false" if before == "true" else "true")
    assert member.evaluate("window.stays") is True


def test_reading_and_posting_need_no_script(chromium: Browser, app_server: RunningApp, places: dict[str, str]) -> None:
    """With JavaScript off a person logs in, reads a thread, likes it, and answers in it."""
    context = chromium.new_context(base_url=app_server.address, java_script_enabled=False)
    page = context.new_page()
    log_in(page, "yuki")
    page.goto(places["thread"])
    page.locator("article.focus").get_by_role("button", name="Favourite").click()
    expect(page.locator("article.focus").get_by_role("button", name="Favourite")).to_have_attribute(
        "aria-pressed", "true"
    )
    post(page, "@tomas Written without a single script.")

    expect(page.locator("#feed")).to_contain_text("Written without a single script.")
    context.close()


def test_everything_is_reached_by_keyboard(member: Page) -> None:
    """Tab leads over the skip link to the text, the extras and Post; Enter opens them; what has the focus shows it."""
    member.goto("/")
    member.keyboard.press("Tab")
    assert member.evaluate("document.activeElement.className") == "skip"
    member.keyboard.press("Enter")
    reached = []
    for _ in range(8):
        member.keyboard.press("Tab")
        reached.append(member.evaluate("document.activeElement.textContent.trim() || document.activeElement.name"))
        assert member.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", reached
    member.locator(".extras summary", has_text="Poll").focus()
    member.keyboard.press("Enter")

    assert reached[1:6] == ["Pictures", "Poll", "Warning", "Later", "Language"]
    assert reached[-1] == "Post"
    expect(member.get_by_label("Answer 1")).to_be_visible()


def test_a_post_waits_in_the_page_and_goes_out_once(context: BrowserContext, fence: FenceControl) -> None:
    """While nothing can be saved it waits, says so, and survives a reload; then it goes out by itself, one post."""
    page, text = context.new_page(), "Ferry 7 waits for everybody who is still on the pier. Nobody is left behind."
    log_in(page, "tomas")
    fence.set(writable=False)
    page.reload()
    page.locator("textarea[name=status]").fill(text)
    page.get_by_role("button", name="Post", exact=True).click()

    expect(page.locator("#said")).to_contain_text("Your post waits on this device and goes out by itself")
    expect(page.locator(".waiting")).to_contain_text(text)
    for ending, (scheme, size) in LOOKS.items():
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        assert faults(page, "color-contrast") == []
        keep_picture(page, f"waiting{ending}")
    page.reload()
    expect(page.locator(".waiting")).to_contain_text(text)
    fence.set(writable=True)

    expect(page.locator("#said")).to_contain_text("Your post is out.")
    expect(page.locator(".waiting")).to_have_count(0)
    page.goto("/@tomas")
    expect(page.locator("#feed article", has_text=text)).to_have_count(1)


def test_a_waiting_post_can_be_discarded(context: BrowserContext, fence: FenceControl) -> None:
    """It is gone for good, and the form is free meanwhile."""
    page = context.new_page()
    sign_up_as_new(page)
    fence.set(writable=False)
    page.locator("textarea[name=status]").fill("Better not.")
    page.get_by_role("button", name="Post", exact=True).click()
    page.get_by_role("button", name="Discard").click()

    expect(page.locator(".waiting")).to_have_count(0)
    page.reload()
    expect(page.locator("#feed")).to_be_visible()
    expect(page.locator(".waiting")).to_have_count(0)


def test_a_refused_post_is_explained_as_ever(context: BrowserContext) -> None:
    """What waiting would not help is shown with its sentence, and the text is still there."""
    page = context.new_page()
    sign_up_as_new(page)
    page.locator("textarea[name=status]").fill("   ")
    page.get_by_role("button", name="Post", exact=True).click()

    expect(page.locator("[role=alert]")).to_contain_text("Text can't be blank")


def test_the_app_can_be_installed_and_has_a_page_without_a_network(context: BrowserContext) -> None:
    """The manifest and its icons load, the worker serves all pages, and offline it shows its own page, styled."""
    page = context.new_page()
    name = sign_up_as_new(page)
    manifest = page.evaluate("fetch('/manifest.webmanifest').then(answer => answer.json())")
    icons = [context.request.get(icon["src"]) for icon in manifest["icons"]]
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    context.set_offline(True)
    page.goto("/local")

    expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") != "0px"
    assert name not in page.content()
    context.set_offline(False)
    expect(page.get_by_role("heading", name="Local")).to_be_attached()
    assert manifest["display"] == "standalone"
    assert all(icon.ok and icon.headers["content-type"] == "image/png" for icon in icons)


def test_a_push_message_is_shown_though_no_script_of_a_page_runs(
    context: BrowserContext, app_server: RunningApp
) -> None:
    """The worker shows who did what, as the app would send it."""
    context.grant_permissions(["notifications"])
    page, registrations = context.new_page(), []
    session = context.new_cdp_session(page)
    session.on("ServiceWorker.workerRegistrationUpdated", lambda told: registrations.extend(told["registrations"]))
    session.send("ServiceWorker.enable")
    page.goto("/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    message = {"title": "Yuki Arai mentioned you", "body": "The net is mended.", "notification_id": "7"}

    told = {"origin": app_server.address, "registrationId": registrations[-1]["registrationId"]}
    session.send("ServiceWorker.deliverPushMessage", told | {"data": json.dumps(message)})

    shown = "navigator.serviceWorker.ready.then(worker => worker.getNotifications())"
    page.wait_for_function(f"{shown}.then(found => found.length === 1)")
    assert page.evaluate(f"{shown}.then(([one]) => [one.title, one.body, one.tag])") == list(message.values())


def test_an_open_page_tells_what_is_new(member: Page, town: Town) -> None:
    """It counts the posts of others, takes a deleted one out, marks the bell; pressing it shows the posts."""
    tomas = town.people["tomas"]
    gone = tomas.post("Soon to be gone.")
    with member.expect_response("**/api/v1/streaming/user"):
        member.goto("/")
    old = member.locator(f"#p{gone['id']}")
    expect(old).to_be_visible()

    tomas.client.delete(f"/api/v1/statuses/{gone['id']}")
    tomas.post("@ines Ferry 7 is back at the pier.")

    fresh = member.get_by_role("link", name="Show 1 new post")
    expect(fresh).to_be_visible()
    expect(old).to_have_count(0)
    expect(member.locator(".rail .news")).to_have_text("Notifications")
    fresh.click()
    expect(member.locator("#feed")).to_contain_text("Ferry 7 is back at the pier.")
