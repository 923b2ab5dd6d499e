"""People who post, read and delete through one address, and write down every operation with its start, end and outcome."""

import asyncio
import random
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from scripts.embedded.writers import Writers, make_picture
from tests.history.operations import Add, Ending, History, Read, Remove

# Of a person's acts, how many are a look at somebody else's posts, and a deletion of an own one.
LOOKS, DELETIONS, PICTURES = 0.3, 0.03, 0.3
PAGE = 40
# How long a person tries to add a picture before the post goes out without it: a picture needs the primary's own bucket.
PICTURE_PATIENCE = 2.0
# Of a person's newest posts, how many must be on the first page, whatever else is there that nobody was told of.
RECENT = 25


@dataclass
class Account:
    """One person: the account's id, its client, and what of its posts is thought to be there (text to id)."""

    name: str
    id: str
    client: httpx.AsyncClient
    posts: dict[str, str] = field(default_factory=dict)


class RecordedWriters(Writers):
    """Writers whose every operation goes into a history. A write without a clear answer is sent again with its key."""

    def __init__(self, url: str, count: int, history: History, patience: float = 8.0, pause: float = 0.0) -> None:
        super().__init__(url, count)
        self.history, self.patience, self.pause = history, patience, pause
        self.accounts: list[Account] = []
        self.pictures: dict[str, str] = {}
        self.waits: list[tuple[float, float]] = []

    async def _write(self, number: int, application: str) -> None:
        timeout = httpx.Timeout(3.0)
        async with httpx.AsyncClient(base_url=self.url, timeout=timeout, trust_env=False) as client:
            client.headers["Authorization"] = f"Bearer {await self._sign_up(client, number, application)}"
            answer = await _until_ok(lambda: client.get("/api/v1/accounts/verify_credentials"))
            me = Account(f"writer{number}", answer.json()["id"], client)
            self.accounts.append(me)
            while not self._stop.is_set():
                await self._act(me)
                await asyncio.sleep(self.pause)

    async def _act(self, me: Account) -> None:
        drawn = random.random()
        if drawn < LOOKS:
            await self.look(me, random.choice(self.accounts))
        elif drawn < LOOKS + DELETIONS and me.posts:
            await self._delete(me, random.choice(list(me.posts)))
        else:
            await self._add(me, with_picture=random.random() < PICTURES)

    async def _add(self, me: Account, *, with_picture: bool) -> None:
        text, key = f"{me.name} says {uuid.uuid4().hex}", uuid.uuid4().hex
        body: dict[str, Any] = {"status": text}
        if with_picture and (media := await self._upload(me, key)):
            body["media_ids"] = [media["id"]]
            self.pictures[text] = httpx.URL(media["url"]).path
        start = time.monotonic()
        ending, answer = await self._send(me.client, "POST", "/api/v1/statuses", key, json=body)
        end = time.monotonic()
        made, site = (answer["id"], answer["site"]) if ending == "ok" else ("", "")
        self.history.note(Add(me.name, key, text, start, end, ending, made, site))
        if ending == "ok":
            me.posts[text] = made
            self.waits.append((start, end))

    async def _upload(self, me: Account, key: str) -> dict[str, Any] | None:
        upload = {"file": ("picture.png", make_picture(), "image/png")}
        ending, answer = await self._send(
            me.client, "POST", "/api/v2/media", f"{key}m", patience=PICTURE_PATIENCE, files=upload
        )
        return answer if ending == "ok" else None

    async def _delete(self, me: Account, text: str) -> None:
        start, post = time.monotonic(), me.posts.pop(text)
        ending, _ = await self._send(me.client, "DELETE", f"/api/v1/statuses/{post}", uuid.uuid4().hex)
        self.history.note(Remove(me.name, text, start, time.monotonic(), ending))

    async def _send(
        self, client: httpx.AsyncClient, method: str, path: str, key: str, *, patience: float | None = None, **body: Any
    ) -> tuple[Ending, dict[str, Any]]:
        """Send until there is a clear answer, or until patience ends; `refused` only if nothing sent can have taken effect."""
        deadline = time.monotonic() + (self.patience if patience is None else patience)
        certain = True
        while True:
            try:
                answer = await client.request(method, path, headers={"Idempotency-Key": key}, **body)
            except httpx.ConnectError:
                pass  # it was never sent
            except httpx.TransportError:
                certain = False
            else:
                if answer.is_success:
                    return "ok", {**answer.json(), "site": answer.headers.get("x-site", "")}
                if answer.status_code < 500:
                    return "refused" if certain else "unknown", answer.json()
                certain = certain and "nothing was saved" in answer.text
            if time.monotonic() > deadline:
                return "refused" if certain else "unknown", {}
            await asyncio.sleep(0.05)

    async def look(self, me: Account, whom: Account) -> None:
        """Read an account's newest posts, and note what was there; a reading without an answer is none."""
        asked, start = frozenset(list(whom.posts)[-RECENT:]), time.monotonic()
        try:
            page = await _page(me.client, whom.id, {"limit": PAGE})
        except (httpx.HTTPError, ValueError):
            return
        found = tuple(_text(post["content"]) for post in page)
        self.history.note(Read(me.name, asked, found, start, time.monotonic()))


async def posts_of(client: httpx.AsyncClient, account: str) -> list[str]:
    """Return the text of every post of an account that a site shows, page by page."""
    found: list[str] = []
    query: dict[str, Any] = {"limit": PAGE}
    while True:
        page = await _page(client, account, query)
        found += [_text(post["content"]) for post in page]
        if len(page) < PAGE:
            return found
        query["max_id"] = page[-1]["id"]


async def _page(client: httpx.AsyncClient, account: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/v1/accounts/{account}/statuses", params=query)
    answer.raise_for_status()
    return answer.json()


async def read_everything(url: str, people: RecordedWriters) -> None:
    """Read every account's posts at one site, as the last readings of the history; each must be answered."""
    everything: dict[str, set[str]] = {account.name: set() for account in people.accounts}
    for add in people.history.adds:
        everything[add.session].add(add.element)
    async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client:
        for account in people.accounts:
            start = time.monotonic()
            found = await posts_of(client, account.id)
            asked = frozenset(everything[account.name])
            people.history.note(Read("reader", asked, tuple(found), start, time.monotonic()))


async def _until_ok(send: Any) -> httpx.Response:
    """Send until the answer is a success, for half a minute."""
    deadline = time.monotonic() + 30
    while True:
        try:
            answer = await send()
            if answer.is_success:
                return answer
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError("an account was made, but nobody answers for it")
        await asyncio.sleep(0.1)


def _text(content: str) -> str:
    return content.removeprefix("<p>").removesuffix("</p>")


@contextmanager
def posting(people: RecordedWriters) -> Generator[None]:
    """Let people post in a thread of their own; leaving waits until each has its last answer."""
    ready, stop = threading.Event(), threading.Event()

    async def post() -> None:
        await people.start()
        while len(people.accounts) < people.count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        ready.set()
        await asyncio.to_thread(stop.wait)
        await people.stop()

    thread = threading.Thread(target=asyncio.run, args=(post(),), name="people")
    thread.start()
    try:
        while thread.is_alive() and not ready.wait(0.1):
            pass
        yield
    finally:
        stop.set()
        thread.join()
