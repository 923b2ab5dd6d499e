"""The page as a browser without JavaScript uses it."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.app.browser import INLINE, Browser
from tests.app.conftest import PASSWORD, FenceControl, Member, RunningApp


def test_a_person_signs_up_posts_a_picture_and_reads_it(browser: Browser, picture: bytes) -> None:
    """It does the whole round with forms alone."""
    name = browser.sign_up()

    page = browser.send(
        "/post",
        status="hello <world>",
        files={"pictures[0][file]": ("a.png", picture, "image/png")},
        **{"pictures[0][description]": "a colour"},
    )

    assert page.status_code == 200
    assert f"@{name}" in page.text
    assert "hello &lt;world&gt;" in page.text
    source = re.search(r'<img src="(/media/[^"]+)" alt="a colour" width="64" height="48"', page.text)
    assert source is not None
    assert browser.read(source[1]).headers["content-type"] == "image/webp"


def test_the_page_says_which_site_serves_it_and_whether_it_takes_writes(browser: Browser, fence: FenceControl) -> None:
    """It names the site, and says read-only when the fence is closed."""
    writable = browser.read().text
    fence.set(writable=False)
    closed = browser.read().text

    assert "<strong>aws</strong>" in writable
    assert "takes writes" in writable
    assert "read-only" in closed
    assert "takes writes</span>" not in closed


def test_a_session_is_hidden_from_scripts_and_ends(browser: Browser, member: Member) -> None:
    """It sets HttpOnly, SameSite cookies, and logging out ends the session in the database too."""
    answer = browser.send("/log-in", login=member.username, password=PASSWORD)
    cookies = [value for past in answer.history for value in past.headers.get_list("set-cookie")]
    session = browser.client.cookies["lifeboat_session"]
    assert "New post" in browser.read().text

    browser.send("/log-out")
    browser.client.cookies.set("lifeboat_session", session)

    assert cookies
    assert all("HttpOnly" in cookie and "SameSite=lax" in cookie for cookie in cookies)
    assert "New post" not in browser.read().text


def test_a_changed_session_is_nobody(browser: Browser) -> None:
    """It does not look up a cookie that was not signed here."""
    browser.sign_up()
    session = browser.client.cookies["lifeboat_session"]
    browser.client.cookies.clear()
    browser.client.cookies.set("lifeboat_session", f"x{session}")

    assert "New post" not in browser.read().text


@pytest.mark.parametrize("path", ["/sign-up", "/log-in", "/log-out", "/post", "/posts/1/delete"])
def test_a_form_from_elsewhere_is_refused(browser: Browser, path: str) -> None:
    """It answers 403 without the token of our own page, with a wrong one, and with another browser's."""
    browser.sign_up()
    fields = {"username": "x", "login": "x", "password": PASSWORD, "status": "forged"}

    without = browser.client.post(path, data=fields)
    wrong = browser.client.post(path, data=fields | {"form_token": "0" * 64})

    assert (without.status_code, wrong.status_code) == (403, 403)
    assert "came from another page" in without.text
    assert "forged</p>" not in browser.read().text


def test_the_token_of_one_browser_does_not_serve_another(app_server: RunningApp, browser: Browser) -> None:
    """It binds the token to the session, so nobody prepares a form for someone else."""
    browser.sign_up()
    with app_server.client() as client:
        foreign = Browser(client).read()

    assert browser.send("/post", page=foreign, status="forged").status_code == 403


def test_no_script_but_our_own_files_may_run(browser: Browser) -> None:
    """It sends a policy that takes scripts from this site's files alone, and has no style or handler in the page."""
    browser.sign_up()
    browser.send("/post", status="<script>alert(1)</script> <img src=x onerror=alert(1)>")

    page = browser.read()

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert not INLINE.search(page.text)
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "fields", "status", "sentence"),
    [
        ("/post", {"status": "x" * 501}, 422, "character limit of 500 exceeded"),
        ("/post", {"status": ""}, 422, "Text can&#39;t be blank"),
        ("/log-in", {"login": "nobody", "password": "wrong"}, 422, "This name and password do not belong together."),
        ("/sign-up", {"username": "a b"}, 422, "Username must contain only letters"),
    ],
)
def test_a_refusal_is_shown_on_the_page(
    browser: Browser, path: str, fields: dict[str, str], status: int, sentence: str
) -> None:
    """It shows the sentence and keeps what was typed."""
    if path == "/post":
        browser.sign_up()

    page = browser.send(path, **fields)

    assert page.status_code == status
    assert 'role="alert"' in page.text
    assert sentence in page.text
    typed = fields.get("status") or fields.get("login") or fields.get("username") or "<textarea"
    assert typed in page.text


def test_a_file_that_is_no_picture_is_refused_on_the_page(browser: Browser) -> None:
    """It posts nothing, and keeps the text."""
    browser.sign_up()

    page = browser.send("/post", status="with a file", files={"pictures[0][file]": ("a.txt", b"text", "text/plain")})

    assert page.status_code == 422
    assert "not a picture that can be read" in page.text
    assert "with a file</textarea>" in page.text


def test_an_uncertain_post_is_sent_again_without_doubling(
    run_app: Callable[..., RunningApp], app_database: Any, fence: FenceControl
) -> None:
    """It keeps text and key on the page that says 503, so pressing Post again gives one post."""
    hasty = run_app(app_database.url, acknowledge_timeout=0.25)
    with hasty.client() as client:
        browser = Browser(client)
        name = browser.sign_up()
        fence.set(rule=[{"sync": ["gcp"], "needed": 1}])
        uncertain = browser.send("/post", status="only once")
        fence.set(rule=[{"sync": [], "needed": 0}])

        page = browser.send("/post", page=uncertain, status="only once")
        profile = browser.read(f"/@{name}")

    assert uncertain.status_code == 503
    assert uncertain.headers["retry-after"] == "1"
    assert "not known whether this was saved" in uncertain.text
    assert "only once</textarea>" in uncertain.text
    assert page.status_code == 200
    assert profile.text.count("<p>only once</p>") == 1


def test_a_person_and_a_post_have_their_pages(browser: Browser) -> None:
    """It shows one person's posts, one post, and lets its author delete it."""
    name = browser.sign_up()
    browser.send("/post", status="mine")
    address = re.search(rf'href="(/@{name}/\d+)"', browser.read(f"/@{name}").text)
    assert address is not None

    single = browser.read(address[1])
    removed = browser.send(f"/posts/{address[1].rpartition('/')[2]}/delete")

    assert "<p>mine</p>" in single.text
    assert removed.status_code == 200
    assert browser.read(address[1]).status_code == 404
    assert browser.read("/@nobody").status_code == 404


def test_older_posts_are_a_link_away(browser: Browser, member: Member) -> None:
    """It shows a page of twenty and links to the next."""
    made = [member.post(f"post {number}")["id"] for number in range(21)]

    page = browser.read(f"/@{member.username}")

    older = re.search(r'href="(/@\w+\?max_id=\d+)"', page.text)
    assert older is not None
    assert made[0] not in page.text
    assert made[0] in browser.read(older[1]).text


def test_no_page_shows_the_app_in_a_frame_unless_it_is_named(
    browser: Browser, run_app: Callable[..., RunningApp], app_database: Any
) -> None:
    """It says 'none' by default, and the one origin that the settings name."""
    named = run_app(app_database.url, framed_by="http://room.social.localhost:*")
    with named.client() as client:
        policy = client.get("/").headers["content-security-policy"]

    assert browser.read().headers["content-security-policy"].endswith("frame-ancestors 'none'")
    assert policy.endswith("frame-ancestors http://room.social.localhost:*")
