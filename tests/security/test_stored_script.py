"""Nothing that a person writes runs on a page: `vectors.txt`, posted through every text field and read in a real browser.

The browser ignores the pages' policy here. What holds is the escaping; the policy is a second wall behind it.
"""

from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from playwright.sync_api import Page

from app.text import find_names, find_tags, to_html
from tests.acceptance.chromium import launched, needs_chromium
from tests.app.conftest import PASSWORD, Api, Member, RunningApp, noise, sign_up
from tests.app.samples import Samples
from tests.security.test_pages import PAGES, filled, token_of

VECTORS = Path(__file__).with_name("vectors.txt").read_text().splitlines()
SHORT = [vector for vector in VECTORS if len(vector) <= 30]
NAMES = [vector for vector in VECTORS if 30 < len(vector) <= 50]
WATCH = "window.ran = []; window.canary = window.alert = () => window.ran.push(location.href);"
# Handlers, foreign scripts and addresses that run: none of our templates has one.
PLANTED = """() => [...document.querySelectorAll("*")].filter((one) =>
    [...one.attributes].some((has) => has.name.startsWith("on") || /(^|:)on/.test(has.name) || has.value.startsWith("js:")
        || (/^(src|href|action|data|xlink:href)$/.test(has.name) && /^\\s*(javascript|data):/i.test(has.value)))
    || (one.matches("script") && !one.getAttribute("src")?.startsWith("/"))
    || (one.matches("link") && !one.getAttribute("href")?.startsWith("/"))
    || one.matches("iframe, object, embed, base, style, marquee, math, foreignObject, meta[http-equiv=refresh]")
).map((one) => one.outerHTML.slice(0, 200))"""


def packed(size: int) -> list[str]:
    """Give texts of at most `size` characters that hold all vectors, one a line."""
    texts = [""]
    for vector in VECTORS:
        if len(texts[-1]) + len(vector) + 1 > size:
            texts.append("")
        texts[-1] += f"{vector}\n"
    return texts


def write(client: httpx.Client, other: Member) -> None:
    """Put the vectors into every text field that the API takes from a person."""

    def act(method: str, path: str, **fields: Any) -> Any:
        answer = client.request(method, path, json=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    lines = [{"name": vector, "value": vector} for vector in islice(VECTORS, 4)]
    act(
        "PATCH",
        "/api/v1/accounts/update_credentials",
        display_name=SHORT[-1],
        note=packed(500)[0],
        fields_attributes=lines,
    )
    for text in packed(240):
        act("POST", "/api/v1/statuses", status=text, spoiler_text=text[:200])
    for options in zip(*[iter(NAMES)] * 4, strict=False):
        act("POST", "/api/v1/statuses", status=options[0], poll={"options": list(options), "expires_in": 3600})
    for text in packed(1500):
        upload = client.post("/api/v2/media", files={"file": noise()}, data={"description": text}).json()
        act("POST", "/api/v1/statuses", status="", media_ids=[upload["id"]])
    edited = act("POST", "/api/v1/statuses", status=VECTORS[0])
    act("PUT", f"/api/v1/statuses/{edited['id']}", status=VECTORS[11], spoiler_text=VECTORS[17])
    act("POST", "/api/v1/statuses", status=f"@{other.username} {VECTORS[0]}", visibility="direct")
    act("POST", "/api/v1/statuses", status=VECTORS[0], spoiler_text=VECTORS[45], scheduled_at="2099-01-01T00:00:00Z")
    act("POST", "/api/v1/lists", title=VECTORS[45])
    words = [{"keyword": vector} for vector in islice(VECTORS, 40)]
    act("POST", "/api/v2/filters", title=VECTORS[45], context=["home"], keywords_attributes=words)
    act("POST", "/api/v1/reports", account_id=other.id, comment=packed(900)[0])
    act("POST", f"/api/v1/accounts/{other.id}/follow")


@pytest.fixture(scope="module")
def pages(app_server: RunningApp, api: Api, samples: Samples) -> Iterator[Page]:
    """Give a page of a browser whose person, and whom they follow, wrote the vectors everywhere."""
    me, others = samples.member, [sign_up(app_server, api) for _ in range(4)]
    write(me.client, others[0])
    write(others[0].client, me)
    for number, other in enumerate(others):
        other.act(f"/api/v1/accounts/{me.id}/follow")
        other.client.patch("/api/v1/accounts/update_credentials", json={"display_name": SHORT[number]})
        me.follow(other)
    with app_server.client() as client:
        named = client.post("/api/v1/apps", json={"client_name": VECTORS[45], "scopes": "read"}).json()
        secrets = {"client_id": named["client_id"], "client_secret": named["client_secret"]}
        grant = {"grant_type": "password", "username": me.username, "password": PASSWORD, "scope": "read"}
        client.post("/oauth/token", data=secrets | grant, headers={"user-agent": VECTORS[11]})
        fields = {"form_token": token_of(client.get("/").text), "login": me.username, "password": PASSWORD}
        client.post("/log-in", data=fields, headers={"user-agent": VECTORS[45]})
        cookies = [
            {"name": one.name, "value": one.value or "", "url": app_server.address} for one in client.cookies.jar
        ]
    with launched() as chromium:
        context = chromium.new_context(base_url=app_server.address, bypass_csp=True)
        context.add_cookies(cookies)  # ty: ignore[invalid-argument-type]
        context.add_init_script(WATCH)
        yield context.new_page()
        context.close()
    for other in others:
        other.client.close()


def read(page: Page, path: str) -> str:
    """Open a page, open everything on it that opens, and give what is there; nothing may have run or been planted."""
    page.goto(path)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("window.ran") == []
    assert page.evaluate(PLANTED) == []
    return page.content()


@needs_chromium
@pytest.mark.browser
@pytest.mark.parametrize("path", [path for path in PAGES if not path.endswith((".js", ".webmanifest", "/archive"))])
def test_nothing_runs_on_a_page(path: str, pages: Page, samples: Samples) -> None:
    """It runs no vector and holds no element, handler or address of one."""
    query = f"?response_type=code&client_id={samples.api.client_id}&redirect_uri=urn:ietf:wg:oauth:2.0:oob"
    read(pages, filled(path, samples) + (query if path == "/oauth/authorize" else ""))


@needs_chromium
@pytest.mark.browser
def test_every_post_with_a_vector_is_read(pages: Page, samples: Samples) -> None:
    """It walks home page by page and each post's own page; all vectors are seen there, as the text that they are."""
    seen, path = "", "/"
    while path:
        read(pages, path)
        seen += pages.inner_text("main")
        older = pages.query_selector(".older a")
        path = older.get_attribute("href") or "" if older else ""
    missing = [vector for vector in VECTORS if " ".join(vector.split()) not in " ".join(seen.split())]
    assert missing == []
    for post in samples.member.read(f"/api/v1/accounts/{samples.member.id}/statuses", limit=6):
        read(pages, urlsplit(post["url"]).path)


@needs_chromium
@pytest.mark.browser
@pytest.mark.parametrize("vector", VECTORS[:46:5])
def test_nothing_runs_that_an_address_holds(vector: str, pages: Page) -> None:
    """It shows what was searched for, a tag's name and a page that is not there as text."""
    for path in ("/search?q=", "/tags/", "/@", "/reset-password?token="):
        read(pages, path + quote(vector, safe=""))


class Content(HTMLParser):
    """Collects what the HTML of a post may not hold."""

    ALLOWED = {"p": set(), "br": set(), "a": {"href", "rel", "target", "class"}}  # noqa: RUF012

    def __init__(self, html: str) -> None:
        super().__init__()
        self.foreign: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag not in self.ALLOWED or not names <= self.ALLOWED[tag]:
            self.foreign.append(self.get_starttag_text() or tag)
        address = dict(attrs).get("href", "/") or ""
        if not address.startswith(("/", "http://", "https://")):
            self.foreign.append(address)

    handle_startendtag = handle_starttag


@pytest.mark.parametrize("vector", VECTORS)
def test_the_html_that_clients_get_is_paragraphs_and_links(vector: str) -> None:
    """It holds three kinds of elements with four kinds of attributes, and addresses of http alone."""
    html = str(to_html(vector, find_names(vector), find_tags(vector), "https://social.example"))

    assert Content(html).foreign == []


def test_no_answer_with_a_vector_is_taken_for_a_page(samples: Samples) -> None:
    """It is JSON or a picture, says so, and lets nobody guess; a picture may run nothing either."""
    samples.member.post(VECTORS[0])
    url = samples.as_member.post("/api/v2/media", files={"file": noise()}).json()["url"]

    answers = [
        samples.as_member.get(path)
        for path in ("/api/v1/timelines/home", "/api/v2/search?q=<script>", "/api/v1/<script>")
    ]
    picture = samples.as_member.get(url)

    assert {answer.headers["content-type"] for answer in answers} == {"application/json"}
    assert picture.headers["content-type"] == "image/webp"
    assert picture.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert {answer.headers["x-content-type-options"] for answer in (*answers, picture)} == {"nosniff"}
