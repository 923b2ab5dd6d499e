"""The page in a real Chromium: the cloud under it dies, what was posted is there, and what was not waits and goes out.

With LIFEBOAT_PICTURES=FOLDER it also leaves the pictures that the README shows (`scripts/pictures` does that).
"""

import pytest
from playwright.sync_api import Browser, expect

from scripts.embedded.local_sites import LocalSites
from tests.acceptance.chromium import SLOW, browser, fits, keep_picture, needs_chromium, post, sign_up
from tests.acceptance.conftest import Person
from tests.app.community import dusk
from tests.app.conftest import encoded

__all__ = ["browser"]

pytestmark = [pytest.mark.acceptance, pytest.mark.browser, needs_chromium]

WAITS = "The lights went out for a moment. I am writing this in the dark, and it will wait for me."
POSTS = (
    ("harbour_master", "Ferry 7 leaves the north pier at 18:40 today, not at 18:20. Please tell your neighbours."),
    ("harbour_master", "Wind is turning. If you moored on the outer wall, come and double your lines before dark."),
)


def test_a_post_outlives_its_cloud_in_the_browser(browser: Browser, local: LocalSites, person: Person) -> None:
    """Posted with a picture, aws killed, gcp takes over: all is there, and what was written meanwhile goes out by itself."""
    page = browser.new_page(viewport={"width": 1180, "height": 860})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(person.url.replace("127.0.0.1", "social.localhost"))
    sign_up(page, POSTS[0][0])
    for _, text in POSTS:
        post(page, text)
    post(page, "The evening boat is in. Everybody who was on it is home.", encoded(dusk()))
    expect(page.locator(".site")).to_contain_text("aws")
    keep_picture(page, "page-before")

    local.supervisor.kill("aws")
    page.locator("textarea[name=status]").fill(WAITS)
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("#said")).to_contain_text("Your post waits on this device", timeout=SLOW)
    keep_picture(page, "page-waiting")
    moved = person.lifeboat("failover", "--to", "gcp", "--yes")

    assert moved.returncode == 0, moved.stderr
    expect(page.locator("#said")).to_contain_text("Your post is out", timeout=SLOW)
    expect(page.locator(".site")).to_contain_text("gcp")
    expect(page.locator("#feed article", has_text=WAITS)).to_have_count(1)
    for _, text in POSTS:
        expect(page.locator("#feed")).to_contain_text(text)
    picture = page.locator("#feed img").first
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    post(page, "Still here. The page never moved; the cloud under it did.")
    keep_picture(page, "page-after")
    assert errors == []
    page.close()


def test_a_phone_reads_it_in_the_dark(browser: Browser, local: LocalSites, person: Person) -> None:
    """At phone width in dark mode nothing runs out of the page sideways."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()

    page.goto(person.url)

    expect(page.locator("#feed article").first).to_be_visible()
    assert fits(page)
    keep_picture(page, "page-phone-dark")
    context.close()
