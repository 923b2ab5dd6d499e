"""People who post: concurrent writers that remember what they were told is saved, and read all of it back.

A write that got no clear answer is tried again with the same idempotency key, as the app asks its clients to do. What
never got an answer counts as unknown, never as saved.
"""

import asyncio
import contextlib
import hashlib
import io
import os
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx
from PIL import Image

REQUEST_SECONDS = 8.0
# After the last write began, how long a writer goes on asking for the answer it is owed.
PATIENCE_SECONDS = 20.0
PICTURE_PIXELS = 96


@dataclass(frozen=True)
class SavedPost:
    """A post that the app said is saved: its id, its text, its picture's address, when the answer came (monotonic seconds).

    `took`: seconds from the first try to the answer.
    """

    id: str
    text: str
    picture: str
    at: float
    took: float = 0.0


@dataclass
class Ledger:
    """What all writers were told."""

    posts: list[SavedPost] = field(default_factory=list)
    pictures: set[str] = field(default_factory=set)
    unknown: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def silence_after(self, moment: float) -> float | None:
        """Return the seconds from a moment to the end of the longest silence that ended after it; None without one.

        Answers that were under way at the moment still arrive just after it, so the first one is not the end.
        """
        times = sorted([moment, *(post.at for post in self.posts)])
        silences = [(later - earlier, later) for earlier, later in pairwise(times) if later > moment]
        return round(max(silences)[1] - moment, 3) if silences else None


@dataclass(frozen=True)
class ReadBack:
    """What a site gave back of what was acknowledged."""

    lost_posts: tuple[str, ...]
    lost_pictures: tuple[str, ...]


class Writers:
    """A fixed number of people posting through one address until told to stop, each pausing after a post."""

    def __init__(self, url: str, count: int, pause_seconds: float = 0.0) -> None:
        self.url, self.count, self.pause_seconds = url, count, pause_seconds
        self.ledger = Ledger()
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Sign everybody up, then let them post."""
        self._stop.clear()
        application = await self._sign_up_application()
        self._tasks = [asyncio.create_task(self._write(number, application)) for number in range(self.count)]

    async def stop(self) -> Ledger:
        """Let everybody finish what they began; what stays without an answer is counted as unknown."""
        self._stop.set()
        await asyncio.gather(*self._tasks)
        return self.ledger

    async def _sign_up_application(self) -> str:
        async with _client(self.url) as client:
            wanted = {
                "client_name": "lifeboat demo",
                "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
                "scopes": "read write",
            }
            made = (
                await _until_answered(lambda: client.post("/api/v1/apps", data=wanted), time.monotonic() + 60)
            ).json()
            grant = {
                "grant_type": "client_credentials",
                "client_id": made["client_id"],
                "client_secret": made["client_secret"],
                "scope": "read write",
            }
            return (
                await _until_answered(lambda: client.post("/oauth/token", data=grant), time.monotonic() + 60)
            ).json()["access_token"]

    async def _write(self, number: int, application: str) -> None:
        async with _client(self.url) as client:
            client.headers["Authorization"] = f"Bearer {await self._sign_up(client, number, application)}"
            made = 0
            while not self._stop.is_set():
                made += 1
                await self._post(client, f"post {made} of writer {number}")
                await asyncio.sleep(self.pause_seconds)

    async def _sign_up(self, client: httpx.AsyncClient, number: int, application: str) -> str:
        name = f"writer{number}_{uuid.uuid4().hex[:8]}"
        person = {
            "username": name,
            "email": f"{name}@social.example",
            "password": uuid.uuid4().hex,
            "agreement": True,
            "locale": "en",
        }
        headers = {"Authorization": f"Bearer {application}", "Idempotency-Key": uuid.uuid4().hex}
        answer = await _until_answered(
            lambda: client.post("/api/v1/accounts", json=person, headers=headers), time.monotonic() + 60
        )
        return answer.json()["access_token"]

    async def _post(self, client: httpx.AsyncClient, text: str) -> None:
        picture, key = make_picture(), uuid.uuid4().hex
        try:
            upload = {"file": ("picture.png", picture, "image/png")}
            media = await self._ask(
                lambda: client.post("/api/v2/media", files=upload, headers={"Idempotency-Key": key + "m"})
            )
            self.ledger.pictures.add(_path(media["url"]))
            body, began = {"status": text, "media_ids": [media["id"]]}, time.monotonic()
            post = await self._ask(lambda: client.post("/api/v1/statuses", json=body, headers={"Idempotency-Key": key}))
        except TimeoutError:
            self.ledger.unknown += 1
            return
        now = time.monotonic()
        self.ledger.posts.append(SavedPost(post["id"], text, _path(media["url"]), now, now - began))

    async def _ask(self, send: Callable[[], Awaitable[httpx.Response]]) -> dict[str, Any]:
        """Send until there is a clear answer. Raises TimeoutError when there is none long after everybody was told to stop."""
        deadline = None
        while True:
            if self._stop.is_set() and deadline is None:
                deadline = time.monotonic() + PATIENCE_SECONDS
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError
            try:
                answer = await send()
            except httpx.TransportError as broken:
                self._note(type(broken).__name__)
            else:
                if answer.is_success:
                    return answer.json()
                self._note(str(answer.status_code))
            await asyncio.sleep(0.05)

    def _note(self, what: str) -> None:
        self.ledger.refused[what] = self.ledger.refused.get(what, 0) + 1


@contextlib.contextmanager
def people_posting(url: str, count: int, pause_seconds: float = 0.0) -> Generator[Writers]:
    """Let writers post in a thread of their own; leaving waits until each has its last answer."""
    people, ready, stop = Writers(url, count, pause_seconds), threading.Event(), threading.Event()

    async def post() -> None:
        await people.start()
        ready.set()
        await asyncio.to_thread(stop.wait)
        await people.stop()

    thread = threading.Thread(target=asyncio.run, args=(post(),), name="people posting")
    thread.start()
    try:
        while thread.is_alive() and not ready.wait(0.1):
            pass
        yield people
    finally:
        stop.set()
        thread.join()


async def read_back(url: str, ledger: Ledger, readers: int = 8) -> ReadBack:
    """Ask one site for every acknowledged post and picture; a picture must have the bytes that its name is the hash of."""
    lost_posts, lost_pictures = [], []
    turns = asyncio.Semaphore(readers)

    async with _client(url) as client:

        async def check_post(post: SavedPost) -> None:
            async with turns:
                answer = await _until_answered(lambda: client.get(f"/api/v1/statuses/{post.id}"), time.monotonic() + 60)
            if answer.status_code != 200 or post.text not in answer.json()["content"]:
                lost_posts.append(post.id)

        async def check_picture(path: str) -> None:
            async with turns:
                answer = await _until_answered(lambda: client.get(path), time.monotonic() + 60)
            if answer.status_code != 200 or hashlib.sha256(answer.content).hexdigest() not in path:
                lost_pictures.append(path)

        await asyncio.gather(
            *(check_post(post) for post in ledger.posts), *(check_picture(path) for path in sorted(ledger.pictures))
        )
    return ReadBack(tuple(lost_posts), tuple(lost_pictures))


def make_picture() -> bytes:
    """Return a small PNG that nobody has posted before."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (PICTURE_PIXELS, PICTURE_PIXELS), os.urandom(3 * PICTURE_PIXELS**2)).save(
        buffer, "PNG", compress_level=1
    )
    return buffer.getvalue()


def _client(url: str) -> httpx.AsyncClient:
    # The edge sees the address that a browser would ask for: programs do not resolve *.localhost everywhere.
    return httpx.AsyncClient(base_url=url, timeout=REQUEST_SECONDS, trust_env=False)


def _path(url: str) -> str:
    return httpx.URL(url).path


async def _until_answered(send: Callable[[], Awaitable[httpx.Response]], deadline: float) -> httpx.Response:
    """Send again while the site cannot be reached or says 503."""
    while True:
        try:
            answer = await send()
            if answer.status_code != 503:
                return answer
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
        if time.monotonic() > deadline:
            raise TimeoutError("a site did not answer in time")
        await asyncio.sleep(0.1)
