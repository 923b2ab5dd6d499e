"""What a post has beside its text, with forms alone: the point of a picture, a language; and all of it edited."""

from typing import Any

from tests.app.browser import Browser, act, found
from tests.app.conftest import RunningApp, noise

POST, EDIT = r'id="p(\d+)"', "/posts/{}/edit"
FILE = {"pictures[0][file]": ("a.png", noise(), "image/png")}


def of(app_server: RunningApp, name: str) -> list[dict[str, Any]]:
    """Give a person's posts as the API shows them."""
    with app_server.client() as client:
        account = client.get("/api/v1/accounts/lookup", params={"acct": name}).json()["id"]
        return client.get(f"/api/v1/accounts/{account}/statuses").json()


def test_the_point_of_a_picture_is_chosen(browser: Browser, name: str, app_server: RunningApp) -> None:
    """It offers nine, keeps the one that was chosen, and keeps it in view where the picture is cut."""
    choice = {"pictures[0][focus]": "-0.8,0.8"}
    offered = browser.read().text

    page = act(browser, "/post", "/", status="look", files=FILE, **choice)

    assert offered.count('<option value="-0.8,0.8">the top left</option>') == 4
    assert of(app_server, name)[0]["media_attachments"][0]["meta"]["focus"] == {"x": -0.8, "y": 0.8}
    assert 'class="at-x-0 at-y-0"' in page


def test_a_post_says_its_language(browser: Browser, name: str, app_server: RunningApp) -> None:
    """It is what was chosen, else what its author usually writes in; the page tells it to who reads aloud."""
    act(browser, "/settings/profile", "/settings/profile", **{"source[language]": "de"})
    chosen = act(browser, "/post", "/", status="bonjour", language="fr")
    usual = act(browser, "/post", "/", status="hallo", language="")
    profile = browser.read("/settings/profile").text
    act(browser, "/settings/profile", "/settings/profile", **{"source[language]": ""})
    act(browser, "/post", "/", status="unsaid")

    assert '<div class="text" lang="fr"><p>bonjour</p>' in chosen
    assert '<div class="text" lang="de"><p>hallo</p>' in usual
    assert '<option value="de" lang="de" selected>Deutsch</option>' in profile
    assert [post["language"] for post in of(app_server, name)] == [None, "de", "fr"]


def test_the_pictures_of_a_post_are_edited(browser: Browser, name: str, app_server: RunningApp) -> None:
    """It says anew what one shows and where it is looked at, takes one off, and puts one on: all in one form."""
    two = FILE | {"pictures[1][file]": ("b.png", noise(), "image/png")}
    page = act(browser, "/post", "/", status="two", files=two)
    path = EDIT.format(found(POST, page))
    first, second = (one["id"] for one in of(app_server, name)[0]["media_attachments"])
    changes = {
        f"kept[{first}][description]": "a boat",
        f"kept[{first}][focus]": "0.25,-0.50",
        f"kept[{second}][dropped]": "true",
        "pictures[2][description]": "a pier",
    }
    third = {"pictures[2][file]": ("c.png", noise(), "image/png")}

    act(browser, path, path, status="two", files=third, **changes)

    pictures = of(app_server, name)[0]["media_attachments"]
    assert [one["description"] for one in pictures] == ["a boat", "a pier"]
    assert pictures[0]["id"] == first
    assert pictures[0]["meta"]["focus"] == {"x": 0.25, "y": -0.5}
    assert '<option value="0.25,-0.5" data-own selected>the point you chose</option>' in browser.read(path).text


def test_a_poll_is_edited(browser: Browser, name: str, app_server: RunningApp) -> None:
    """It shows what was asked, keeps the poll when only the text changes, and begins another with other answers."""
    asked = {"poll[options][]": ["yes", "no"], "poll[expires_in]": "3600"}
    page = act(browser, "/post", "/", status="Shall we?", **asked)
    path = EDIT.format(found(POST, page))
    before = of(app_server, name)[0]["poll"]["id"]
    form = browser.read(path).text

    act(browser, path, path, status="Shall we not?", **asked)
    same = of(app_server, name)[0]["poll"]["id"]
    act(browser, path, path, status="Shall we not?", **asked | {"poll[options][]": ["never", "always", "maybe", ""]})

    assert 'value="yes"' in form
    assert ">not said</option>" in form
    assert same == before
    assert [option["title"] for option in of(app_server, name)[0]["poll"]["options"]] == ["never", "always", "maybe"]


def test_a_refused_form_keeps_what_was_typed(browser: Browser, name: str) -> None:
    """It gives back the answers, the time and the language of a post, and all of an edit, to be sent again."""
    fields = {"poll[options][]": ["only one"], "poll[expires_in]": "3600"}
    later = {"scheduled_at": "2099-01-01T08:00", "language": "fr"}
    page = act(browser, "/post", "/", status="x")
    path = EDIT.format(found(POST, page))

    refused = browser.send("/post", status="ask", **later, **fields)
    edit = browser.send(path, page=browser.read(path), status="y" * 501, language="fr")

    assert (refused.status_code, edit.status_code) == (422, 422)
    assert 'value="only one"' in refused.text
    assert 'name="scheduled_at" value="2099-01-01T08:00" data-utc' in refused.text
    assert '<option value="fr" lang="fr" selected>' in refused.text
    assert f"{'y' * 501}</textarea>" in edit.text
    assert '<input type="hidden" name="language" value="fr">' in edit.text
