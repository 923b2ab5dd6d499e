"""A member's settings, with forms alone: profile, devices, password, second factor, invitations, archive, leaving."""

import base64
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.app.browser import Browser, act, found
from tests.app.conftest import PASSWORD, RunningApp


def test_a_profile_is_filled_in(browser: Browser, name: str, picture: bytes) -> None:
    """It shows name, text, table, picture and lock on the person's page, and the picture can be taken away."""
    fields = {"display_name": "A Name", "note": "Hello <b>", "locked": "true"}
    table = {"fields_attributes[0][name]": "Boat", "fields_attributes[0][value]": "Ferry 7"}

    page = browser.send("/settings/profile", files={"avatar": ("a.png", picture, "image/png")}, **fields, **table)
    again = act(browser, "/settings/profile/avatar/delete", "/settings/profile")

    assert page.url.path == f"/@{name}"
    for shown in ("A Name", "Hello &lt;b&gt;", "<dt>Boat</dt>", "Ferry 7", "asks before somebody follows"):
        assert shown in page.text
    assert '<img class="avatar" src="/media/' in page.text
    assert "Remove the picture" not in again


def test_another_device_is_logged_out(browser: Browser, name: str, app_server: RunningApp) -> None:
    """It lists both, ends the other, and the other is a guest at once."""
    with app_server.client() as client:
        other = Browser(client)
        other.send("/log-in", login=name, password=PASSWORD)
        path = found(r'action="(/settings/devices/\d+/end)"', browser.read("/settings/devices").text)

        after = act(browser, path, "/settings/devices")

        assert '/end"' not in after
        assert "Log out" not in other.read().text
    assert "Log out" in act(browser, "/settings/devices/end-others", "/settings/devices")


def test_a_second_factor_is_set_up_and_asked_for(browser: Browser, name: str) -> None:
    """It gives a secret, recovery codes after the first code, and a log-in without a code is refused."""
    page = act(browser, "/settings/two-factor", "/settings/security", password=PASSWORD)
    secret = base64.b32decode(found(r'<code class="code">([A-Z2-7=]+)</code>', page))
    code = TOTP(secret, 6, SHA1(), 30, enforce_key_length=False).generate(int(time.time())).decode()

    done = act(browser, "/settings/two-factor/confirm", "/settings/security", code=code)
    browser.send("/log-out")
    refused = browser.send("/log-in", login=name, password=PASSWORD)
    codes = re.findall(r"<li><code>([^<]+)</code>", done)
    passed = browser.send("/log-in", login=name, password=PASSWORD, code=codes[0])

    assert len(codes) == 10
    assert (refused.status_code, "authenticator app" in refused.text) == (422, True)
    assert "Log out" in passed.text


def test_a_password_is_changed(browser: Browser, name: str) -> None:
    """It asks for the old one, and the new one logs in."""
    new = "another long passphrase"
    wrong = browser.send("/settings/password", page=browser.read("/settings/security"), password="x", new_password=new)
    act(browser, "/settings/password", "/settings/security", password=PASSWORD, new_password=new)
    browser.send("/log-out")

    assert (wrong.status_code, "is not your password" in wrong.text) == (422, True)
    assert PASSWORD not in wrong.text
    assert "Log out" in browser.send("/log-in", login=name, password=new).text


def test_an_archive_is_downloaded_and_an_account_left(browser: Browser, name: str) -> None:
    """It gives a zip file; leaving asks for the password and leaves nothing."""
    act(browser, "/post", "/", status="take me along")
    archive = browser.read("/settings/archive")

    left = act(browser, "/settings/leave", "/settings/data", password=PASSWORD)

    assert archive.headers["content-type"] == "application/zip"
    assert archive.content.startswith(b"PK")
    assert "Create account" in left
    assert browser.read(f"/@{name}").status_code == 404


@pytest.fixture(scope="module")
def invited_only(run_app: Callable[..., RunningApp], app_database: Any) -> RunningApp:
    """Give an app that takes the invited."""
    return run_app(app_database.url, sign_up="invitation")


@pytest.fixture
def guest(invited_only: RunningApp) -> Iterator[Browser]:
    """Give a browser of an app that takes the invited."""
    with invited_only.client() as client:
        yield Browser(client)


def test_an_invitation_lets_somebody_in(browser: Browser, name: str, guest: Browser) -> None:
    """It stands in the sign-up form when its link is followed, and without one nobody gets in."""
    page = act(browser, "/settings/invitations", "/settings/invitations", expires_in="3600", max_uses="1")
    code = found(r"invite_code=([\w-]+)", page)
    form = guest.read(f"/?invite_code={code}")
    fields = {"username": f"i{name}"[:30], "email": f"i{name}@example.org", "password": PASSWORD, "agreement": "true"}

    without = guest.send("/sign-up", **fields)
    let_in = guest.send("/sign-up", page=form, invite_code=code, **fields)

    assert f'name="invite_code" value="{code}"' in form.text
    assert (without.status_code, "ask for a new invitation" in without.text) == (422, True)
    assert "Log out" in let_in.text
    assert act(browser, found(r'action="(/settings/invitations/\d+/delete)"', page), "/settings/invitations")
