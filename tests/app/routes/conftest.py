"""What the tests of the page share."""

from collections.abc import Iterator

import pytest

from tests.app.browser import Browser
from tests.app.conftest import RunningApp


@pytest.fixture
def browser(app_server: RunningApp) -> Iterator[Browser]:
    """Give a fresh browser."""
    with app_server.client() as client:
        yield Browser(client)


@pytest.fixture
def name(browser: Browser) -> str:
    """Give the name of the browser's person."""
    return browser.sign_up()
