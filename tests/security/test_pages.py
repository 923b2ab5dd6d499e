"""The pages: forms that only they can send, nothing inline, cookies that no script reads, no way out to elsewhere."""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from app.pages import BROWSER_COOKIE, SESSION_COOKIE
from tests.app.conftest import PASSWORD, RunningApp
from tests.app.samples import PAGE, Samples
from tests.app.test_every_route_is_durable import routes

OUR_PAGES = [route for route in routes() if "page" in route.tags or route.path == "/oauth/authorize"]
FORMS = sorted(route.path for route in OUR_PAGES if "POST" in (route.methods or ()))
PAGES = sorted(route.path for route in OUR_PAGES if "GET" in (route.methods or ()))
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/%09/evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "/@x/../..//evil.example/",
    "/.//evil.example/",
    "/@evil.example:80",
    "javascript:alert(1)",
    "https:evil.example",
    "@evil.example",
    "http:///evil.example",
)


def filled(path: str, samples: Samples) -> str:
    """Put known ids into the path of a route."""
    for name, value in {**samples.ids, "{username}": samples.member.username}.items():
        path = path.replace(name, value)
    return path


def token_of(page: str) -> str:
    """Give the form token of a page."""
    return page.split('name="form_token" value="')[1].split('"')[0]


@pytest.fixture(scope="module")
def stranger(app_server: RunningApp) -> Iterator[httpx.Client]:
    """Give a browser that nobody is logged in with."""
    with app_server.client() as client:
        client.get("/")
        yield client


@pytest.mark.parametrize("path", FORMS)
def test_a_form_is_taken_from_its_own_page_alone(path: str, samples: Samples, stranger: httpx.Client) -> None:
    """It answers 403 without a token, with a wrong one, and with the token of another browser."""
    client = {"response_type": "code", "client_id": samples.api.client_id, "redirect_uri": "urn:ietf:wg:oauth:2.0:oob"}
    fields = PAGE.get(path, {}) | (client if path == "/oauth/authorize" else {})
    tokens = ({}, {"form_token": "0" * 64}, {"form_token": token_of(stranger.get("/").text)})

    answers = [samples.browser.post(filled(path, samples), data=fields | token) for token in tokens]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert "set-cookie" not in answers[0].headers


def test_a_form_does_not_reach_across_a_log_out(app_server: RunningApp, samples: Samples) -> None:
    """It binds the token to the session: the one from before the log-in sends nothing after it."""
    with app_server.client() as client:
        before = token_of(client.get("/").text)
        fields = {"form_token": before, "login": samples.member.username, "password": PASSWORD}
        assert client.post("/log-in", data=fields).status_code == 303

        assert client.post("/post", data={"form_token": before, "status": "x"}).status_code == 403


class Inspected(HTMLParser):
    """Collects what a policy without inline code would refuse, every form, and every address."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.forms: list[dict[str, str | None]] = []
        self.addresses: list[str] = []
        self.tokens = 0
        self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.inline += [f"<{tag} {name}>" for name in found if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not found.get("src")) or tag in {"base", "iframe", "object", "embed"}:
            self.inline.append(f"<{tag}>")
        if tag == "form" and (found.get("method") or "get").lower() == "post":
            self.forms.append(found)
        self.tokens += tag == "input" and found.get("name") == "form_token"
        self.addresses += [value for name in ("src", "href", "action", "formaction") if (value := found.get(name))]
        self._in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._in_script = self._in_script and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.inline.append(data)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_holds_no_code_and_is_held_to_it(path: str, samples: Samples) -> None:
    """It forbids inline code, has none, gives every form its token, and points nowhere but into this site."""
    query = f"?response_type=code&client_id={samples.api.client_id}&redirect_uri=urn:ietf:wg:oauth:2.0:oob"
    answer = samples.browser.get(filled(path, samples) + (query if path == "/oauth/authorize" else ""))

    assert answer.headers["x-content-type-options"] == "nosniff"
    if not answer.headers["content-type"].startswith("text/html"):
        return
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    page = Inspected(answer.text)
    assert page.inline == []
    assert page.tokens == len(page.forms)
    own = urlsplit(str(answer.url))
    assert {urlsplit(urljoin(str(answer.url), address))[:2] for address in page.addresses} == {own[:2]}


@pytest.mark.parametrize("path", ["/", "/api/v1/instance", "/static/style.css", "/nowhere", "/api/v1/preferences"])
def test_every_answer_says_what_it_is(path: str, samples: Samples) -> None:
    """It lets no browser guess a type, and no other page frame it or read where a person came from."""
    headers = samples.as_api.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["content-type"]


@pytest.mark.parametrize("back", ELSEWHERE)
def test_a_form_leads_back_into_this_site(back: str, samples: Samples) -> None:
    """It goes home instead of to another address, however that is spelled."""
    answer = samples.form(filled("/posts/{status_id}/favourite", samples), back=back)

    assert answer.status_code == 303
    assert stays(answer)


@pytest.mark.parametrize(
    "path", sorted({*FORMS} - {"/log-out", "/oauth/authorize", "/settings/devices/end-others", "/settings/leave"})
)
def test_no_form_leads_elsewhere(path: str, samples: Samples) -> None:
    """It stays in this site, whatever the form says of where it stood."""
    answer = samples.form(filled(path, samples), **PAGE.get(path, {}) | {"back": "//evil.example/"})

    assert stays(answer)


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "//evil.example/%2f..", "/@x//evil.example/"])
def test_a_path_leads_nowhere(path: str, samples: Samples) -> None:
    """It redirects no address that looks like another site."""
    answer = samples.browser.get(samples.browser.base_url.copy_with(raw_path=path.encode()))

    assert answer.request.url.raw_path == path.encode()
    assert "location" not in answer.headers


def stays(answer: httpx.Response) -> bool:
    """Say whether an answer leads nowhere but into this site, as a browser reads its Location."""
    here = str(answer.url)
    location = answer.headers.get("location", "/").replace("\\", "/").replace("\t", "").replace("\n", "")
    return urlsplit(urljoin(here, location))[:2] == urlsplit(here)[:2]


@pytest.mark.parametrize("secure", [False, True])
def test_no_script_and_no_other_site_gets_a_cookie(
    secure: bool, run_app: Callable[..., RunningApp], app_database: Any, samples: Samples
) -> None:
    """It marks both cookies HttpOnly and SameSite, and Secure wherever the site's address is one of https."""
    app = run_app(app_database.url, **({"app_url": "https://social.example"} if secure else {}))
    with app.client() as client:
        page = client.get("/")
        # Sent by hand: over plain HTTP a client keeps a Secure cookie to itself.
        known = page.headers["set-cookie"].partition(";")[0]
        client.cookies.clear()
        fields = {"form_token": token_of(page.text), "login": samples.member.username, "password": PASSWORD}
        session = client.post("/log-in", data=fields, headers={"cookie": known})

    for name, answer in ((BROWSER_COOKIE, page), (SESSION_COOKIE, session)):
        flags = answer.headers["set-cookie"].lower().split("; ")
        assert answer.headers["set-cookie"].startswith(f"{name}=")
        assert {"httponly", "samesite=lax", "path=/"} <= set(flags)
        assert ("secure" in flags) is secure
        assert not any(flag.startswith("domain") for flag in flags)
        assert ("strict-transport-security" in answer.headers) is secure
