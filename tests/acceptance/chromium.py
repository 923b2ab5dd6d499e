"""A real Chromium for the tests, what a person does in the app's pages, and where pictures of them are kept."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect, sync_playwright

from scripts.embedded.local_sites import LocalSites

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH (Debian: apt-get install chromium)")

# A closed network and an empty machine: no look-ups of its own, no sandbox for root.
ARGUMENTS = [
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


SLOW = 90_000  # milliseconds; a loaded machine is many times slower, and waiting costs nothing when it comes sooner
AXE = Path(__file__).parents[2] / ".lifeboat" / "browser" / "node_modules" / "axe-core" / "axe.min.js"


@contextmanager
def launched() -> Iterator[Browser]:
    """Run a Chromium; Playwright keeps an event loop running in this thread, so servers are started before."""
    with sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *sandbox])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def browser(local: LocalSites) -> Iterator[Browser]:
    """Give a Chromium."""
    with launched() as chromium:
        yield chromium


def faults(page: Page, rule: str = "") -> list[dict[str, Any]]:
    """Return what axe finds wrong with the page, WCAG 2 A and AA, or by one rule alone."""
    page.evaluate(AXE.read_text())
    wanted = ("rule", [rule]) if rule else ("tag", ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"])
    rules = {"runOnly": {"type": wanted[0], "values": wanted[1]}, "iframes": False}
    found = page.evaluate("rules => axe.run(document, rules)", rules)["violations"]
    return [{"rule": one["id"], "where": [node["target"] for node in one["nodes"]][:3]} for one in found]


def fits(page: Page) -> bool:
    """Say whether nothing runs out of the page sideways."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def sign_up(page: Page | FrameLocator, name: str) -> None:
    form = page.locator("form[action='/sign-up']")
    form.locator("[name=username]").fill(name)
    form.locator("[name=email]").fill(f"{name}@social.example")
    form.locator("[name=password]").fill("a long enough passphrase")
    form.locator("[name=agreement]").check()
    form.get_by_role("button", name="Create account").click()
    expect(page.locator("textarea[name=status]")).to_be_visible(timeout=SLOW)


def post(page: Page | FrameLocator, text: str, picture: bytes | None = None) -> None:
    page.locator("textarea[name=status]").fill(text)
    if picture:
        page.get_by_text("Pictures", exact=True).click()
        page.locator("input[type=file]").first.set_input_files(
            {"name": "harbour.png", "mimeType": "image/png", "buffer": picture}
        )
        page.get_by_label("What picture 1 shows").fill("A red boat with a white sail in the harbour at dusk")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("#feed")).to_contain_text(text, timeout=SLOW)


def keep_picture(page: Page, name: str) -> None:
    if folder := os.environ.get("LIFEBOAT_PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.evaluate("window.scrollTo(0, 0)")
        page.screenshot(path=str(Path(folder) / f"{name}.png"))
