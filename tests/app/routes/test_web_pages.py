"""Everything a member does beyond posting, with forms alone: no JavaScript, one statement of what each page is for."""

import re
from collections.abc import Callable
from typing import Any

from tests.app.browser import Browser, act, found
from tests.app.conftest import FenceControl, Member, RunningApp


def test_four_pictures_are_described_and_a_fifth_is_not_taken(browser: Browser, name: str, picture: bytes) -> None:
    """It keeps each with its own words, in their order."""
    files = {f"pictures[{number}][file]": (f"{number}.png", picture, "image/png") for number in range(4)}
    words = {f"pictures[{number}][description]": f"picture {number}" for number in range(4)}

    page = browser.send("/post", status="four", files=files, **words)
    more = browser.send("/post", status="five", files=files | {"pictures[4][file]": ("4.png", picture, "image/png")})

    assert re.findall(r'alt="(picture \d)"', page.text) == [f"picture {number}" for number in range(4)]
    assert more.status_code == 422
    assert "Cannot attach more than 4 files" in more.text


def test_a_poll_is_asked_and_answered(browser: Browser, name: str, member: Member) -> None:
    """It offers the answers to others once, and then shows how many chose what."""
    poll = {"options": ["yes", "no"], "expires_in": 3600}
    asked = member.post("Shall we?", poll=poll)
    address = f"/@{member.username}/{asked['id']}"
    own = act(browser, "/post", "/", status="Mine?", **{"poll[options][]": ["a", "b", ""], "poll[expires_in]": "3600"})

    offered = browser.read(address).text
    voted = act(browser, f"/polls/{asked['poll']['id']}/vote", address, **{"choices[]": "1"})

    assert 'type="radio" name="choices[]" value="1"' in offered
    assert "(your vote)" in voted
    assert 'value="1" aria-label="no"' in voted
    assert '<progress max="1" value="0" aria-label="a">' in own


def test_a_post_is_kept_edited_pinned_and_its_versions_are_shown(browser: Browser, name: str) -> None:
    """It stands under Bookmarks, says that it was edited, keeps both texts, and is on top of the profile."""
    page = act(browser, "/post", "/", status="first words", spoiler_text="")
    key = found(r'id="p(\d+)"', page)

    act(browser, f"/posts/{key}/bookmark", "/")
    edited = act(browser, f"/posts/{key}/edit", f"/posts/{key}/edit", status="second words")
    act(browser, f"/posts/{key}/pin", "/")

    assert f'id="p{key}"' in browser.read("/bookmarks").text
    assert f'href="/posts/{key}/history">edited' in edited
    history = browser.read(f"/posts/{key}/history").text
    assert history.index("second words") < history.index("first words")
    assert "Kept on top" in browser.read(f"/@{name}").text
    assert browser.read("/posts/1/edit").status_code == 404


def test_a_post_waits_for_its_time(browser: Browser, name: str) -> None:
    """It stands under Scheduled posts with its time, is moved, and is dropped."""
    page = act(browser, "/post", "/", status="later", scheduled_at="2099-01-01T08:00")
    path = found(r'action="(/scheduled/\d+)/move"', page)

    moved = act(browser, f"{path}/move", "/scheduled", scheduled_at="2099-02-03T09:30")
    soon = browser.send(f"{path}/move", page=browser.read("/scheduled"), scheduled_at="2001-01-01T00:00")
    dropped = act(browser, f"{path}/cancel", "/scheduled")

    assert "1 January 2099, 08:00</time> (<span data-zone>UTC</span>)" in page
    assert "3 February 2099, 09:30</time> (<span data-zone>UTC</span>)" in moved
    assert (soon.status_code, "at least 5 minutes" in soon.text) == (422, True)
    assert "No post is waiting" in dropped


def test_a_locked_person_is_asked(browser: Browser, name: str, member: Member) -> None:
    """It shows who asks, and accepting makes a follower."""
    act(browser, "/settings/profile", "/settings/profile", locked="true")
    mine = member.read("/api/v1/accounts/lookup", acct=name)["id"]
    member.act(f"/api/v1/accounts/{mine}/follow")
    asked = browser.read("/follow-requests").text

    act(browser, f"/people/{member.id}/accept", "/follow-requests")

    assert f"@{member.username}" in asked
    assert f"@{member.username}" in browser.read(f"/@{name}/followers").text
    act(browser, f"/people/{member.id}/part", f"/@{name}/followers")
    assert f"@{member.username}" not in browser.read(f"/@{name}/followers").text


def test_a_muted_and_a_blocked_person_are_listed_and_let_go(browser: Browser, name: str, member: Member) -> None:
    """It lists each on its page, with the button that takes it back."""
    for do, page in (("mute", "/mutes"), ("block", "/blocks")):
        act(browser, f"/people/{member.id}/{do}", f"/@{member.username}")
        assert f"@{member.username}" in browser.read(page).text
        act(browser, f"/people/{member.id}/un{do}", page)
        assert f"@{member.username}" not in browser.read(page).text


def test_a_list_shows_its_people(browser: Browser, name: str, member: Member) -> None:
    """It is made, filled from a person's page, read, renamed, emptied, deleted."""
    text = member.post(f"for the list, {member.username}")["content"]
    act(browser, f"/people/{member.id}/follow", f"/@{member.username}")
    page = act(browser, "/lists", "/lists", title="Boats")
    path = found(r'action="(/lists/\d+)/edit"', page)

    act(browser, f"/people/{member.id}/list", f"/@{member.username}", list_id=path.rpartition("/")[2])
    read = browser.read(path).text
    renamed = act(browser, f"{path}/edit", f"{path}/edit", title="Ships")
    act(browser, f"{path}/take-out", f"{path}/edit", account_id=member.id)

    assert text in read
    assert "Ships" in renamed
    assert f"@{member.username}" in renamed
    assert text not in browser.read(path).text
    assert "Ships" not in act(browser, f"{path}/delete", f"{path}/edit")


def test_a_filter_covers_a_post_or_leaves_it_out(browser: Browser, name: str, member: Member) -> None:
    """It warns by its name, hides when it is told to, only where it counts, and is deleted."""
    member.post(f"marmalade by {member.username}")
    act(browser, f"/people/{member.id}/follow", f"/@{member.username}")
    page = act(browser, "/filters", "/filters", title="Breakfast", words="marmalade\n\ntoast", **{"context[]": "home"})
    path = found(r'action="(/filters/\d+)/edit"', page)

    covered = browser.read("/").text
    act(browser, f"{path}/edit", "/filters", title="Breakfast", filter_action="hide", **{"context[]": "home"})
    hidden = browser.read("/").text
    elsewhere = browser.read(f"/@{member.username}").text
    act(browser, f"{path}/delete", "/filters")

    assert "Filtered: Breakfast" in covered
    assert "marmalade by" not in hidden
    assert "marmalade by" in elsewhere
    assert "Filtered" not in browser.read("/").text


def test_a_report_reaches_the_moderators(browser: Browser, name: str, member: Member) -> None:
    """It stores who, what and why, and says so; a person alone can be reported too."""
    post = member.post("cruel")["id"]
    start = f"/posts/{post}/report"

    thanks = act(browser, "/reports", start, category="violation", comment="see for yourself")
    about = browser.read(f"/people/{member.id}/report").text

    assert "cruel" in browser.read(start).text
    assert "The moderators have your report" in thanks
    assert f"Report @{member.username}" in about


def test_a_conversation_is_read_and_removed(browser: Browser, name: str, member: Member) -> None:
    """It is new, then read, then out of the list."""
    member.post(f"@{name} between us", visibility="direct")
    page = browser.read("/conversations").text
    path = found(r'action="(/conversations/\d+)/read"', page)

    read = act(browser, f"{path}/read", "/conversations")
    removed = act(browser, f"{path}/delete", "/conversations")

    assert 'class="chip">new<' in page
    assert 'class="chip">new<' not in read
    assert "between us" in read
    assert "between us" not in removed


def test_notifications_are_dismissed_one_and_all(browser: Browser, name: str, member: Member) -> None:
    """It drops the one, then the rest."""
    for text in ("one", "two"):
        member.post(f"@{name} {text}")
    page = browser.read("/notifications").text
    path = found(r'action="(/notifications/\d+/dismiss)"', page)

    one = act(browser, path, "/notifications")
    none = act(browser, "/notifications/clear", "/notifications")

    assert [text.count("mentioned you") for text in (page, one, none)] == [2, 1, 0]


def test_a_tag_is_followed(browser: Browser, name: str, member: Member) -> None:
    """It brings a stranger's posts home."""
    tag = f"t{member.username}"
    member.post(f"about #{tag}")

    page = act(browser, f"/tags/{tag}/follow", f"/tags/{tag}")

    assert ">Following</button>" in page
    assert "about <a" in browser.read("/").text
    act(browser, f"/tags/{tag}/unfollow", f"/tags/{tag}")
    assert "about <a" not in browser.read("/").text


def test_a_member_page_asks_a_guest_to_log_in(browser: Browser) -> None:
    """It shows the log-in form, and nothing of anybody."""
    for path in ("/settings", "/lists", "/bookmarks", "/settings/archive", "/posts/1/edit"):
        page = browser.read(path)
        assert (page.status_code, "Log in to see this page." in page.text) == (403, True)
        assert 'action="/log-in"' in page.text


def test_an_uncertain_button_can_be_pressed_again(
    run_app: Callable[..., RunningApp], app_database: Any, fence: FenceControl
) -> None:
    """It offers the same form with the same key on the page that says 503."""
    hasty = run_app(app_database.url, acknowledge_timeout=0.1)
    with hasty.client() as client:
        browser = Browser(client)
        browser.sign_up()
        fence.set(rule=[{"sync": ["gcp"], "needed": 1}])
        uncertain = browser.send("/lists", page=browser.read("/lists"), title="Once")
        fence.set(rule=[{"sync": [], "needed": 0}])

        browser.send("/lists", page=uncertain)

        assert uncertain.status_code == 503
        assert "it will not be done twice" in uncertain.text
        assert browser.read("/lists").text.count("<span>Once</span>") == 1


def test_a_page_that_exchanges_a_post_in_place_gets_that_post_alone(browser: Browser, name: str) -> None:
    """It answers htmx with the one card, pressed, and nothing around it."""
    key = found(r'id="p(\d+)"', act(browser, "/post", "/", status="press me"))
    token = found(r'name="form_token" value="([^"]+)"', browser.read().text)

    fields = {"form_token": token, "back": "/local"}
    card = browser.client.post(f"/posts/{key}/favourite", data=fields, headers={"hx-request": "true"})

    assert card.status_code == 200
    assert card.text.strip().startswith("<article")
    assert f'action="/posts/{key}/unfavourite"' in card.text
    assert 'name="back" value="/local"' in card.text
