"""The page as a browser gets it: opened once by its link, told live, and acting only for whoever holds the key."""

import asyncio
import re
import threading
from collections.abc import Iterator

import httpx
import pytest

from scripts.room import Room
from scripts.runbook import operator_keys
from tests.control_room.conftest import Survivors

NAME = "room.social.localhost"


class OpenRoom:
    """A running room and a browser that opened it."""

    def __init__(self, survivors: Survivors, *, read_only: bool = False) -> None:
        self.room = Room.open(survivors.platform, 0, read_only=read_only)
        self.thread = threading.Thread(target=self.room.serve)
        self.thread.start()
        port = self.room.listener.getsockname()[1]
        self.token = self.room.link.partition("token=")[2]
        self.browser = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Host": f"{NAME}:{port}"}, timeout=30, trust_env=False
        )

    def open(self) -> httpx.Response:
        answer = self.browser.get("/open", params={"token": self.token})
        # httpx keeps the cookie for the address that it asked, which is not the name in the link.
        self.browser.headers["Cookie"] = answer.headers.get("set-cookie", "").partition(";")[0]
        return answer

    @property
    def proof(self) -> str:
        found = re.search(r'name="proof" value="(\w+)"', self.browser.get("/").text)
        return found[1] if found else ""

    def close(self) -> None:
        self.browser.close()
        self.room.server.should_exit = True
        self.thread.join(20)


@pytest.fixture
def room(survivors: Survivors) -> Iterator[OpenRoom]:
    opened = OpenRoom(survivors)
    yield opened
    opened.close()


def test_the_link_opens_one_browser_once(room: OpenRoom) -> None:
    """Without the link nothing is shown; with it everything is, once; under a foreign name nothing ever is."""
    before = room.browser.get("/")
    opened, page = room.open(), room.browser.get("/")
    again = room.browser.get("/open", params={"token": room.token})
    foreign = room.browser.get("/", headers={"Host": "evil.example"})

    assert (before.status_code, opened.status_code, page.status_code) == (403, 303, 200)
    assert "HttpOnly" in opened.headers["set-cookie"]
    assert "SameSite=strict" in opened.headers["set-cookie"]
    assert (again.status_code, foreign.status_code) == (403, 421)
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_the_page_tells_itself_live(room: OpenRoom, survivors: Survivors) -> None:
    """Its events carry the parts of the page as they change, and every file that the page names is there."""
    room.open()
    page = room.browser.get("/").text
    files = re.findall(r'(?:href|src)="(/(?:static|packages)/[^"]+)"', page)
    told: set[str] = set()
    with room.browser.stream("GET", "/events") as events:
        for line in events.iter_lines():
            told |= {line.removeprefix("event: ")} if line.startswith("event: ") else set()
            if told >= {"sentence", "sites", "lease", "sources", "run", "journal"}:
                break

    assert len(files) >= 5
    assert [room.browser.get(file).status_code for file in files] == [200] * len(files)
    assert room.browser.get("/static/../server.py").status_code == 404


def test_a_form_without_proof_does_nothing(room: OpenRoom) -> None:
    """It is refused before anything is looked at; with the proof an unknown site and verb are named in a sentence."""
    room.open()
    wish = {"verb": "failover", "site": "mars"}
    bare = room.browser.post("/plan", data=wish)
    proved = room.browser.post("/plan", data={**wish, "proof": room.proof})
    verb = room.browser.post("/plan", data={"verb": "explode", "site": "gcp", "proof": room.proof})

    assert bare.status_code == 403
    assert (proved.status_code, verb.status_code) == (409, 409)
    assert "no site mars" in proved.text
    assert "no verb explode" in verb.text


def test_a_plan_is_the_commands_plan_and_acting_needs_the_typed_name(room: OpenRoom, survivors: Survivors) -> None:
    """It shows evidence and steps; without the site's name typed, and with another plan's hash, nothing is asked for."""
    asyncio.run(survivors.say())
    room.open()
    operator_keys.add(survivors.platform, "night-shift")
    wish = {"verb": "failover", "site": "gcp", "proof": room.proof}
    plan = room.browser.post("/plan", data=wish)
    untyped = room.browser.post("/act", data={**wish, "plan": "0" * 64, "typed": "azure"})
    asyncio.run(survivors.say())
    other = room.browser.post("/act", data={**wish, "plan": "0" * 64, "typed": "gcp"})

    assert plan.status_code == 200, plan.text
    assert "nothing that was acknowledged" in plan.text
    assert "Win the epoch in the register" in plan.text
    assert (untyped.status_code, other.status_code) == (409, 409)
    assert "you typed azure" in untyped.text
    assert "another one by now" in other.text


def test_a_drill_needs_the_platforms_name(room: OpenRoom, survivors: Survivors) -> None:
    """Without it nothing is drilled; an unknown kind of drill is named."""
    room.open()
    named = {"typed": survivors.platform.cluster, "proof": room.proof}
    unnamed = room.browser.post("/drill", data={"kind": "in-place", "typed": "aws", "proof": room.proof})
    unknown = room.browser.post("/drill", data={**named, "kind": "fire"})

    assert (unnamed.status_code, unknown.status_code) == (409, 409)
    assert f"Type {survivors.platform.cluster} to drill it" in unnamed.text
    assert "no drill called fire" in unknown.text


def test_a_room_to_read_in_has_nothing_to_act_with(survivors: Survivors) -> None:
    """No form is on the page, and none is taken."""
    opened = OpenRoom(survivors, read_only=True)
    try:
        opened.open()
        page = opened.browser.get("/")
        act = opened.browser.post("/act", data={"verb": "failover", "site": "gcp", "plan": "", "typed": "gcp"})
    finally:
        opened.close()

    assert page.status_code == 200
    assert "<form" not in page.text
    assert "read-only" in page.text
    assert act.status_code == 404
