"""The page's threads, follows, favourites, boosts, notifications and search, without JavaScript."""

import re
from collections.abc import Callable

import pytest

from tests.app.browser import INLINE, Browser
from tests.app.conftest import Member

Join = Callable[[], Member]


def test_home_shows_whom_one_follows_and_local_everybody(browser: Browser, join: Join) -> None:
    """It shows a stranger's post under Local, and under Home after pressing Follow on their page."""
    author = join()
    text = author.post(f"only by {author.username}")["content"]
    browser.sign_up()
    before, local = browser.read().text, browser.read("/local").text
    page = browser.read(f"/@{author.username}")

    followed = browser.send(f"/people/{author.id}/follow", page=page)

    assert text in local
    assert text not in before
    assert followed.url.path == f"/@{author.username}"
    assert ">Following</button>" in followed.text
    assert "<strong>1</strong> follower<" in followed.text
    assert text in browser.read().text
    browser.send(f"/people/{author.id}/unfollow", page=followed)
    assert text not in browser.read().text


@pytest.mark.parametrize(
    ("do", "undo", "count"), [("favourite", "unfavourite", "favourites_count"), ("boost", "unboost", "reblogs_count")]
)
def test_a_button_is_pressed_and_released(browser: Browser, member: Member, do: str, undo: str, count: str) -> None:
    """It counts, shows itself pressed, comes back to the page it was on, and takes it back."""
    browser.sign_up()
    post = member.post("press me")["id"]
    address = f"/@{member.username}/{post}"

    pressed = browser.send(f"/posts/{post}/{do}", page=browser.read(address))
    after = member.read(f"/api/v1/statuses/{post}")[count]
    released = browser.send(f"/posts/{post}/{undo}", page=pressed)

    assert (pressed.url.path, pressed.url.fragment) == (address, f"p{post}")
    assert f'action="/posts/{post}/{undo}"' in pressed.text
    assert 'aria-pressed="true"' in pressed.text
    assert after == 1
    assert f'action="/posts/{post}/{do}"' in released.text
    assert member.read(f"/api/v1/statuses/{post}")[count] == 0


def test_a_thread_is_read_and_answered_on_its_page(browser: Browser, member: Member) -> None:
    """It shows what is above and below a post, and a reply written there names the author and stays in the thread."""
    name = browser.sign_up()
    root = member.post("the root")["id"]
    middle = member.post("the middle", in_reply_to_id=root)["id"]
    member.post("the end", in_reply_to_id=middle)
    page = browser.read(f"/@{member.username}/{middle}")

    answered = browser.send("/post", page=page, status=f"@{member.username} my reply")

    order = [page.text.index(f"<p>{text}</p>") for text in ("the root", "the middle", "the end")]
    assert order == sorted(order)
    assert f">@{member.username} </textarea>" in page.text
    assert answered.url.path == f"/@{member.username}/{middle}"
    assert "my reply" in answered.text
    reply = member.read(f"/api/v1/statuses/{middle}/context")["descendants"][-1]
    assert (reply["account"]["username"], reply["in_reply_to_id"]) == (name, middle)


def test_notifications_have_a_page(browser: Browser, join: Join) -> None:
    """It says who did what, newest first, and asks a guest to log in."""
    guest = browser.read("/notifications")
    name = browser.sign_up()
    browser.send("/post", status="mine")
    other = join()
    post = other.read("/api/v1/accounts/lookup", acct=name)["id"]
    mine = other.read(f"/api/v1/accounts/{post}/statuses")[0]["id"]
    other.act(f"/api/v1/statuses/{mine}/favourite")
    other.post(f"@{name} <b>hello</b>")

    text = browser.read("/notifications").text

    assert (guest.status_code, "Log in to see this page." in guest.text) == (403, True)
    assert text.index("mentioned you") < text.index("likes your post")
    assert "&lt;b&gt;hello&lt;/b&gt;" in text


def test_a_tag_and_a_search_have_pages(browser: Browser, member: Member) -> None:
    """It leads from a tag in a post to its page, and finds people and posts by words."""
    tag = f"t{member.username}"
    member.post(f"about #{tag}")
    browser.sign_up()
    local = browser.read("/local").text

    tagged = browser.read(f"/tags/{tag}").text
    found = browser.read(f"/search?q={tag}").text
    people = browser.read(f"/search?q={member.username}").text

    assert f'href="/tags/{tag}"' in local
    assert f'<h1 class="heading">#{tag}</h1>' in tagged
    assert tagged.count("about <a") == found.count("about <a") == 1
    assert f'class="author" href="/@{member.username}"' in people


def test_a_block_on_the_page_hides_each_from_the_other(browser: Browser, member: Member) -> None:
    """It offers Unblock afterwards, and the blocked one's posts are gone from Local."""
    browser.sign_up()
    text = member.post(f"seen by all but one, {member.username}")["content"]

    blocked = browser.send(f"/people/{member.id}/block", page=browser.read(f"/@{member.username}"))

    assert ">Unblock</button>" in blocked.text
    assert text not in browser.read("/local").text
    browser.send(f"/people/{member.id}/unblock", page=blocked)
    assert text in browser.read("/local").text


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "/@a\n/b", "javascript:1"]
)
def test_a_form_leads_to_no_other_site(browser: Browser, member: Member, back: str) -> None:
    """It goes home when the address to go back to is not one of its own pages."""
    browser.sign_up()
    post = member.post()["id"]
    browser.client.follow_redirects = False

    answer = browser.send(f"/posts/{post}/favourite", back=back)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"/#p{post}"


def test_a_post_says_who_may_read_it(browser: Browser, member: Member) -> None:
    """It posts for followers alone, and offers no boost of it."""
    name = browser.sign_up()

    page = browser.send("/post", status="quietly", visibility="private")

    assert "followers only" in page.text
    assert not re.search(r'action="/posts/\d+/boost"', page.text.split("<p>quietly</p>")[1].split("</article>")[0])
    assert member.read(f"/api/v1/accounts/{member.read('/api/v1/accounts/lookup', acct=name)['id']}/statuses") == []


def test_every_page_is_free_of_inline_script(browser: Browser, member: Member) -> None:
    """It has no script, style or handler on any page, whatever people write."""
    name = browser.sign_up()
    evil = "<script>alert(1)</script> @x\" onload=\"1 #y'onclick='1 <img src=x onerror=alert(1)>"
    post = member.post(f"{evil} @{name}")["id"]
    browser.send("/post", status=evil)

    for path in (
        "/",
        "/local",
        "/notifications",
        f"/@{member.username}",
        f"/@{member.username}/{post}",
        "/search?q=%3Cscript",
    ):
        page = browser.read(path)
        assert page.status_code == 200
        assert not INLINE.search(page.text)
        assert "script-src 'self';" in page.headers["content-security-policy"]
