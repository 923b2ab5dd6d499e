"""A real Chromium for the tests, what a person does in the app's pages, and where pictures of them are kept."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture(scope="module")
def browser(local: LocalSites) -> Iterator[Browser]:
    """Give a Chromium; the sites are started before, since Playwright keeps an event loop running in this thread."""
    with sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *sandbox])
        yield chromium
        chromium.close()


def sign_up(page: Page | FrameLocator, name: str) -> None:
    form = page.locator("form[action='/sign-up']")
    form.locator("[name=username]").fill(name)
    form.locator("[name=email]").fill(f"{name}@social.example")
    form.locator("[name=password]").fill("a long enough passphrase")
    form.locator("[name=agreement]").check()
    form.get_by_role("button", name="Create account").click()
    expect(page.locator("textarea[name=status]")).to_be_visible()


def post(page: Page | FrameLocator, text: str, picture: bytes | None = None) -> None:
    page.locator("textarea[name=status]").fill(text)
    if picture:
        page.locator("input[name=picture]").set_input_files(
            {"name": "harbour.png", "mimeType": "image/png", "buffer": picture}
        )
        page.locator("input[name=description]").fill("A red boat with a white sail in the harbour at dusk")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("#feed")).to_contain_text(text)


def keep_picture(page: Page, name: str) -> None:
    if folder := os.environ.get("LIFEBOAT_PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.evaluate("window.scrollTo(0, 0)")
        page.screenshot(path=str(Path(folder) / f"{name}.png"))
