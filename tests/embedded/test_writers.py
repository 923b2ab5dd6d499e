"""People who post: they remember exactly what they were told, ask again as they should, and find what is missing."""

import asyncio
import hashlib
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from scripts.embedded import writers
from scripts.embedded.writers import Ledger, ReadBack, SavedPost, Writers, make_picture, read_back

# What a handler does instead of answering.
HANG_UP = 0


@dataclass
class Server:
    """A small app behind a real socket: `mood` says, for each request, with which status to misbehave (None: not)."""

    mood: Callable[[str, str, int], int | None] = lambda path, key, times: None
    posts: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    asked: dict[tuple[str, str], int] = field(default_factory=dict)
    url: str = ""

    def post(self, path: str, key: str, body: bytes) -> dict[str, Any]:
        """Answer like the app; the same key again gives the same thing."""
        if path == "/api/v2/media":
            picture = body[body.index(b"\x89PNG") : body.rindex(b"\r\n--")]
            digest = hashlib.sha256(picture).hexdigest()
            self.pictures[f"/media/{digest}.png"] = picture
            return {"id": digest, "url": f"http://elsewhere.example/media/{digest}.png"}
        if path == "/api/v1/statuses":
            self.posts[key] = json.loads(body)["status"]
            return {"id": key}
        return {"client_id": "a", "client_secret": "b", "access_token": "c"}

    def get(self, path: str) -> tuple[int, bytes]:
        """Answer a reader."""
        if path.startswith("/media/"):
            return (200, self.pictures[path]) if path in self.pictures else (404, b"")
        text = self.posts.get(path.rpartition("/")[2])
        return (200, json.dumps({"content": f"<p>{text}</p>"}).encode()) if text else (404, b"{}")


def handler_of(app: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            key = self.headers.get("Idempotency-Key", "")
            times = app.asked[self.path, key] = app.asked.get((self.path, key), 0) + 1
            mood = app.mood(self.path, key, times)
            if mood is None:
                self.answer(200, json.dumps(app.post(self.path, key, body)).encode())
            elif mood == HANG_UP:
                app.post(self.path, key, body)
                self.close_connection = True
            else:
                self.answer(mood, b'{"error": "no"}')

        def do_GET(self) -> None:
            self.answer(*app.get(self.path))

        def answer(self, code: int, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet."""

    return Handler


@pytest.fixture
def app() -> Iterator[Server]:
    served = Server()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(served)) as server:
        served.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield served
        server.shutdown()
        thread.join()


def told_by(app: Server, enough: Callable[[Ledger], bool], people: int = 1) -> Ledger:
    """Let people post until it is enough, and return what they were told."""

    async def post() -> Ledger:
        crowd = Writers(app.url, people)
        await crowd.start()
        deadline = time.monotonic() + 20
        while not enough(crowd.ledger):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        return await crowd.stop()

    return asyncio.run(post())


def lost_of(app: Server, ledger: Ledger) -> ReadBack:
    return asyncio.run(read_back(app.url, ledger))


def test_every_answer_is_remembered_and_read_back(app: Server) -> None:
    """What was said to be saved is exactly what the app has, and nothing of it is lost."""
    ledger = told_by(app, lambda told: len(told.posts) >= 6, people=3)

    assert {post.id: post.text for post in ledger.posts} == app.posts
    assert ledger.pictures == set(app.pictures)
    assert (ledger.unknown, ledger.refused) == (0, {})
    assert lost_of(app, ledger) == ReadBack((), ())


@pytest.mark.parametrize("mood", [503, 500, HANG_UP])
def test_without_a_clear_answer_the_same_key_asks_again(app: Server, mood: int) -> None:
    """A 503, an error and a connection that ends after the work was done: one post each, under one key."""
    app.mood = lambda path, key, times: mood if key and times <= 2 and path != "/api/v1/accounts" else None

    ledger = told_by(app, lambda told: len(told.posts) >= 2)

    assert len(ledger.posts) == len(app.posts) == len({post.id for post in ledger.posts})
    assert set(ledger.pictures) == set(app.pictures)
    assert {times for (path, _), times in app.asked.items() if path == "/api/v1/statuses"} == {3}
    assert ledger.refused == {"RemoteProtocolError" if mood == HANG_UP else str(mood): 4 * len(ledger.posts)}


def test_signing_up_waits_out_a_503(app: Server) -> None:
    """At the start a site may not yet take writes."""
    app.mood = lambda path, key, times: 503 if path in ("/api/v1/accounts", "/api/v1/apps") and times == 1 else None

    ledger = told_by(app, lambda told: len(told.posts) >= 1)

    assert ledger.posts


def test_what_never_got_an_answer_is_unknown_and_not_saved(app: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture was acknowledged, the post never: it counts as unknown, also though the app kept it."""
    monkeypatch.setattr(writers, "PATIENCE_SECONDS", 0.3)
    app.mood = lambda path, key, times: HANG_UP if path == "/api/v1/statuses" else None

    ledger = told_by(app, lambda told: bool(told.pictures))

    assert (len(ledger.posts), ledger.unknown, len(ledger.pictures)) == (0, 1, 1)
    assert lost_of(app, ledger) == ReadBack((), ())


def lose_post(app: Server, ledger: Ledger) -> ReadBack:
    del app.posts[ledger.posts[0].id]
    return ReadBack((ledger.posts[0].id,), ())


def change_post(app: Server, ledger: Ledger) -> ReadBack:
    app.posts[ledger.posts[0].id] = "something else"
    return ReadBack((ledger.posts[0].id,), ())


def lose_picture(app: Server, ledger: Ledger) -> ReadBack:
    del app.pictures[ledger.posts[0].picture]
    return ReadBack((), (ledger.posts[0].picture,))


def change_picture(app: Server, ledger: Ledger) -> ReadBack:
    app.pictures[ledger.posts[0].picture] = make_picture()
    return ReadBack((), (ledger.posts[0].picture,))


def cut_picture(app: Server, ledger: Ledger) -> ReadBack:
    app.pictures[ledger.posts[0].picture] = app.pictures[ledger.posts[0].picture][:-1]
    return ReadBack((), (ledger.posts[0].picture,))


@pytest.mark.parametrize("harm", [lose_post, change_post, lose_picture, change_picture, cut_picture])
def test_what_is_missing_or_changed_is_found(app: Server, harm: Callable[[Server, Ledger], ReadBack]) -> None:
    """A reader who finds nothing lost where something is would make the whole demonstration worthless."""
    ledger = told_by(app, lambda told: len(told.posts) >= 3)

    wanted = harm(app, ledger)

    assert lost_of(app, ledger) == wanted


def ledger_at(*moments: float) -> Ledger:
    return Ledger(posts=[SavedPost(str(at), "", "", at) for at in moments])


@pytest.mark.parametrize(
    ("ledger", "seconds"),
    [
        (ledger_at(1.0, 9.5, 12.0, 12.25), 2.0),
        (ledger_at(9.9, 10.1, 10.2, 13.5, 13.6, 14.0), 3.5),
        (ledger_at(14.0, 13.5, 10.2, 9.9), 3.5),
        (ledger_at(1.0, 9.0, 10.5), 0.5),
        (ledger_at(12.0), 2.0),
        (ledger_at(1.0, 9.0), None),
        (ledger_at(), None),
    ],
    ids=["plain", "answers under way", "any order", "a longer one before", "none before", "none after", "none at all"],
)
def test_the_silence_runs_from_the_moment_to_the_first_answer_after_it(ledger: Ledger, seconds: float | None) -> None:
    """Answers just after the moment (10) were under way; None when nothing was acknowledged ever again."""
    assert ledger.silence_after(10.0) == seconds


def test_no_two_pictures_are_the_same() -> None:
    """Else a picture that is lost could be found under another one's name."""
    pictures = {make_picture() for _ in range(5)}

    assert len(pictures) == 5
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
