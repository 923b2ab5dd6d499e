"""What the forms do more in a real Chromium: a picture is pointed at, and times are those of the person's own clock."""

import datetime
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.chromium import SLOW, faults, fits, launched, needs_chromium, post, sign_up
from tests.app.community import dusk
from tests.app.conftest import Api, RunningApp, encoded, numbers

pytestmark = [pytest.mark.browser, needs_chromium]

PHONE = {"width": 390, "height": 844}
NAME = f"f{next(numbers)}"
BOAT = {"name": "boat.png", "mimeType": "image/png", "buffer": encoded(dusk())}


@pytest.fixture(scope="module")
def page(app_server: RunningApp, api: Api) -> Iterator[Page]:
    """Give the page of somebody in Tokyo, who has signed up."""
    with launched() as chromium:
        context = chromium.new_context(base_url=app_server.address, timezone_id="Asia/Tokyo", reduced_motion="reduce")
        context.set_default_timeout(SLOW)
        made = context.new_page()
        made.goto("/")
        sign_up(made, NAME)
        yield made
        context.close()


def newest(app_server: RunningApp) -> dict:
    """Give the last post as the API shows it."""
    with app_server.client() as client:
        account = client.get("/api/v1/accounts/lookup", params={"acct": NAME}).json()["id"]
        return client.get(f"/api/v1/accounts/{account}/statuses").json()[0]


def press(point: Locator, right: float, down: float) -> None:
    """Press a place on a picture, given as parts of its size."""
    box = point.bounding_box()
    assert box is not None
    point.click(position={"x": box["width"] * right, "y": box["height"] * down})


def test_a_picture_is_pointed_at_by_pointer_and_by_keys(page: Page, app_server: RunningApp) -> None:
    """Pressing the preview chooses that point, arrow keys move it, and the post keeps it; the page stays usable."""
    page.goto("/")
    page.locator(".extras summary", has_text="Pictures").click()
    row = page.locator(".picture-row").first
    expect(row.get_by_label("In view where it is cut")).to_be_hidden()
    row.locator("input[type=file]").set_input_files([BOAT])
    point = row.get_by_role("button", name="Choose the point of picture 1 that stays in view")
    press(point, 0.75, 0.5)
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
        point.press(key)

    chosen = row.get_by_label("In view where it is cut").input_value()
    found = faults(page)
    page.set_viewport_size(PHONE)
    wide = fits(page)
    page.set_viewport_size({"width": 1180, "height": 860})
    page.locator("textarea[name=status]").fill("The red boat.")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("#feed")).to_contain_text("The red boat.", timeout=SLOW)

    focus = newest(app_server)["media_attachments"][0]["meta"]["focus"]
    assert (focus["x"], focus["y"]) == (pytest.approx(0.4, abs=0.03), pytest.approx(0.2, abs=0.03))
    assert chosen == f"{focus['x']:.2f},{focus['y']:.2f}"
    assert found == []
    assert wide


def test_the_picture_of_a_post_is_pointed_at_anew(page: Page, app_server: RunningApp) -> None:
    """The page that edits a post shows its picture, takes another point, and saves it with the other words."""
    post(page, "A boat to look at.", BOAT["buffer"])
    page.goto(f"/posts/{newest(app_server)['id']}/edit")
    row = page.locator("[data-picture='picture 1']")
    press(row.get_by_role("button", name="Choose the point of picture 1"), 0.1, 0.9)
    row.get_by_label("What picture 1 shows").fill("A boat, from below")
    found = faults(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#feed")).to_contain_text("A boat to look at.", timeout=SLOW)

    (picture,) = newest(app_server)["media_attachments"]
    assert picture["description"] == "A boat, from below"
    assert picture["meta"]["focus"]["x"] == pytest.approx(-0.8, abs=0.03)
    assert picture["meta"]["focus"]["y"] == pytest.approx(-0.8, abs=0.03)
    assert found == []


def test_a_time_is_that_of_the_persons_own_clock(page: Page) -> None:
    """The page names the zone, takes and shows times in it, and sends the moment that is meant."""
    page.goto("/")
    page.locator(".extras summary", has_text="Later").click()
    expect(page.locator(".extras [data-zone]")).to_have_text("Asia/Tokyo")
    page.locator("[name=scheduled_at]").fill("2099-01-01T08:00")
    page.locator("textarea[name=status]").fill("Good morning")
    page.get_by_role("button", name="Post", exact=True).click()

    page.wait_for_url("**/scheduled")
    card = page.locator("#feed article")
    expect(card.locator("time")).to_have_text("1 January 2099 at 08:00")
    expect(card.locator("[data-zone]").first).to_have_text("Asia/Tokyo")
    moment = datetime.datetime.fromisoformat(card.locator("time").get_attribute("datetime") or "")
    assert moment == datetime.datetime(2098, 12, 31, 23, 0, tzinfo=datetime.UTC)
    assert card.locator("[name=scheduled_at]").input_value() == "2099-01-01T08:00"
    card.locator("[name=scheduled_at]").fill("2099-01-01T00:30")
    card.get_by_role("button", name="Move").click()
    expect(card.locator("time")).to_have_attribute("datetime", "2098-12-31T15:30:00+00:00", timeout=SLOW)
