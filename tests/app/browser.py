"""A browser without JavaScript."""

import html
import re
from typing import Any

import httpx

from tests.app.conftest import PASSWORD, numbers

# A script, style or handler in a page itself; a script of our own files alone is none.
INLINE = re.compile(
    r"""<script(?! src="/[\w./?=]+" (?:defer|type="module")></script>)|<style|\sstyle=|<[^>]+\son\w+="""
)


class Browser:
    """Reads the page, fills in its forms, keeps its cookies."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.client.follow_redirects = True

    def read(self, path: str = "/") -> httpx.Response:
        """Open a page."""
        return self.client.get(path)

    def send(self, path: str, page: Any = None, files: Any = None, **fields: str) -> httpx.Response:
        """Send a form with the hidden fields of a page."""
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', (page or self.read()).text))
        return self.client.post(path, data=hidden | fields, files=files)

    def sign_up(self) -> str:
        """Make an account and give its name."""
        name = f"u{next(numbers)}"
        fields = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "agreement": "true"}
        answer = self.send("/sign-up", **fields)
        assert answer.status_code == 200, answer.text
        return name


def act(browser: Browser, path: str, start: str, **fields: Any) -> str:
    """Send the form of one page and give the page that follows, as text without escapes."""
    answer = browser.send(path, page=browser.read(start), **fields)
    assert answer.status_code == 200, answer.text
    assert not INLINE.search(answer.text)
    return html.unescape(answer.text)


def found(pattern: str, page: str) -> str:
    """Give what a pattern finds in a page."""
    match = re.search(pattern, page)
    assert match is not None, f"no {pattern} in the page"
    return match[1]
