"""The control room in a real Chromium: a cloud dies by a click, another takes over by a click, and nothing is lost."""

import re
import threading
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.embedded.local_sites import LocalSites
from scripts.room import Room
from scripts.runbook import sites
from tests.acceptance.chromium import browser, faults, fits, keep_picture, needs_chromium, post, sign_up

__all__ = ["browser"]

pytestmark = [pytest.mark.acceptance, pytest.mark.browser, needs_chromium]

# One of the ways to harm a cloud here is to cut it off.
LINKS = True
SLOW = 120_000  # milliseconds; a busy machine takes its time
TEXT = "Fog on the strait tonight. The lamp on the breakwater is lit."


@pytest.fixture(scope="module")
def room(local: LocalSites) -> Iterator[Room]:
    """Give a room over the three sites, served by this process."""
    opened = Room.open(sites.load(local.layout.folder), 0)
    thread = threading.Thread(target=opened.serve)
    thread.start()
    yield opened
    opened.server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def page(browser: Browser, room: Room) -> Iterator[Page]:
    """Give the one page that the room's link opens."""
    opened = browser.new_page(viewport={"width": 1440, "height": 1200})
    opened.goto(room.link)
    yield opened
    opened.close()


def sentence(page: Page, words: str) -> None:
    expect(page.locator("#sentence")).to_contain_text(words, timeout=SLOW)


def harm(page: Page, site: str, how: str) -> None:
    page.get_by_label("Type the site's name").fill(site)
    page.get_by_role("button", name=how, exact=True).click()
    expect(page.locator("#harmed p")).to_contain_text(site, timeout=SLOW)


def act(page: Page, verb: str, site: str) -> None:
    """Ask for the plan, type the site's name, act, and wait until the agents are done; a refusal is read and tried again."""
    page.locator("select[name=verb]").select_option(verb)
    page.locator("select[name=site]").select_option(site)
    typed, ended = page.get_by_label(f"Type {site} to act"), page.locator("#plan .notice, #plan .problem")
    refusals, deadline = [], time.monotonic() + SLOW / 1000
    while True:
        assert time.monotonic() < deadline, f"nothing but refusals: {refusals[-3:]}"
        with page.expect_response("**/plan", timeout=SLOW):  # the last refusal still stands there until it comes
            page.get_by_role("button", name="Show the plan").click()
        expect(ended.or_(typed)).to_be_visible(timeout=SLOW)
        if typed.is_visible():
            typed.fill(site)
            page.get_by_role("button", name=f"{verb.capitalize()} {site}", exact=True).click()
            expect(ended).to_be_visible(timeout=SLOW)
        if f"{verb} {site} is done" in (said := ended.inner_text()):
            return
        refusals.append(said)


def test_a_cloud_dies_by_a_click_and_nothing_is_lost(page: Page, local: LocalSites) -> None:
    """A post by hand, people posting, aws ended, gcp takes over: the sentence changes, the post is there, 0 are lost."""
    sentence(page, "aws takes writes; gcp and azure could each take over now and lose nothing")
    app = page.frame_locator("iframe")
    sign_up(app, "lighthouse_keeper")
    post(app, TEXT)
    page.get_by_role("button", name="Let them post").click()
    expect(page.locator("#posting .count").first).not_to_have_text("0", timeout=SLOW)
    keep_picture(page, "room-steady")

    harm(page, "aws", "End it at once")
    sentence(page, "aws holds the lease and has said nothing")
    keep_picture(page, "room-dead")
    act(page, "failover", "gcp")
    sentence(page, "gcp takes writes")
    page.get_by_role("link", name="load it again").click()
    expect(app.locator("#feed")).to_contain_text(TEXT, timeout=SLOW)
    expect(app.locator(".site")).to_contain_text("gcp")
    expect(page.locator("#run svg")).to_be_visible()
    page.get_by_role("button", name="Stop, and read everything back").click()
    expect(page.locator("#lost")).to_have_text("0", timeout=SLOW)
    keep_picture(page, "room-moved")


def test_the_dead_cloud_comes_back_and_takes_over_again(page: Page, local: LocalSites) -> None:
    """Started again it is fenced; it rejoins and follows; switched back it takes writes, all from the page."""
    harm(page, "aws", "Start it again")
    act(page, "rejoin", "aws")
    sentence(page, "aws and azure could each take over now and lose nothing")
    act(page, "switchover", "aws")
    sentence(page, "aws takes writes; gcp and azure could each take over now and lose nothing")
    keep_picture(page, "room-back")


def test_a_rehearsal_from_the_page_keeps_its_report(page: Page, local: LocalSites) -> None:
    """Every standby's agent looks at all that a move would need; the report lies where the command would keep it."""
    page.get_by_label(re.compile("^Type local-")).fill(sites.load(local.layout.folder).cluster)
    page.get_by_role("button", name="Rehearse, and change nothing").click()
    expect(page.locator("#drilled p")).to_contain_text("2 moves, 0 writes acknowledged, 0 lost", timeout=SLOW)

    assert len(list((local.layout.folder / "drills").glob("rehearsal-*.html"))) == 1


def test_a_standby_that_is_cut_off_is_told_and_comes_back(page: Page, local: LocalSites) -> None:
    """Nobody reaches azure any more: its control store is named as silent; mended, it could take over again."""
    harm(page, "azure", "Cut it off from the others")
    row = page.locator("#sources tr", has_text="the control store of azure")
    expect(row).to_contain_text("no answer within", timeout=SLOW)
    sentence(page, "aws takes writes")
    harm(page, "azure", "Mend its links")
    sentence(page, "aws takes writes; gcp and azure could each take over now and lose nothing")


def test_everybody_can_use_it(page: Page) -> None:
    """axe finds nothing, in light and in dark; at phone width nothing runs out of the page; keys reach every act."""
    light = faults(page)
    page.emulate_media(color_scheme="dark")
    dark = faults(page)
    keep_picture(page, "room-dark")
    page.set_viewport_size({"width": 390, "height": 844})
    narrow = fits(page)
    keep_picture(page, "room-phone")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 1200})
    page.locator("select[name=verb]").focus()
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name"))

    assert (light, dark) == ([], [])
    assert narrow
    assert "Show the plan" in reached
