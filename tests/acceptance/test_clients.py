"""Clients that nobody here wrote work on while the cloud of the primary ends: Mastodon.py all the way, toot after it."""

import datetime
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from mastodon import Mastodon, StreamListener
from mastodon.errors import MastodonError, MastodonUnauthorizedError

from scripts.runbook import sites
from tests.acceptance.conftest import Person

pytestmark = pytest.mark.acceptance

PASSWORD = "correct horse battery"
SCOPES = ["read", "write", "follow"]


def sign_up(url: str, name: str) -> Mastodon:
    """Register a client, sign up with it and log in."""
    client_id, secret = Mastodon.create_app("Mastodon.py", api_base_url=url, scopes=SCOPES)
    client = Mastodon(client_id=client_id, client_secret=secret, api_base_url=url)
    client.create_account(name, PASSWORD, f"{name}@example.org", agreement=True, scopes=SCOPES)
    return client


def again(act: Callable[[], Any], seconds: float = 60) -> Any:
    """Do something as a client does: with the same key again and again until it is answered."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return act()
        except MastodonError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Author:
    """Posts without a pause; what was acknowledged stays in its ledger."""

    def __init__(self, client: Mastodon) -> None:
        self.client = client
        self.acknowledged: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._post)
        self._thread.start()

    def _post(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            key = f"key {number}"
            post = again(lambda number=number, key=key: self.client.status_post(f"n{number}", idempotency_key=key))
            self.acknowledged.append(str(post.id))

    def stop(self) -> None:
        """Post no more."""
        self._stop.set()
        self._thread.join()


class Ear(StreamListener):
    """Collects the posts that a stream tells."""

    def __init__(self) -> None:
        self.heard: queue.Queue[str] = queue.Queue()

    def on_update(self, status: Any) -> None:
        self.heard.put(str(status.id))


def test_mastodon_py_works_through_a_failover(person: Person) -> None:
    """It loses no acknowledged post and doubles none, nothing deleted comes back, its stream goes on, promises are kept."""
    author, reader = sign_up(person.url, "author"), sign_up(person.url, "reader")
    reader.account_follow(author.me())
    rude = author.status_post("rude")
    author.status_delete(rude)
    token = author.access_token
    spare = Mastodon(client_id=author.client_id, client_secret=author.client_secret, api_base_url=person.url)
    spare.log_in("author@example.org", PASSWORD, scopes=SCOPES, allow_http=True)
    revoked = Mastodon(access_token=spare.access_token, api_base_url=person.url)
    assert revoked.me().username == "author"
    spare.revoke_access_token(allow_http=True)
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    author.status_post("promised", scheduled_at=later)
    ear = Ear()
    handle = reader.stream_user(ear, run_async=True, reconnect_async=True, reconnect_async_wait_sec=1)
    posting = Author(Mastodon(access_token=token, api_base_url=person.url))
    assert person.waits_until(lambda: len(posting.acknowledged) > 10)
    assert ear.heard.get(timeout=20)

    assert person.lifeboat("local", "kill", "aws").returncode == 0
    moved = person.lifeboat("failover", "--to", "gcp", "--yes")
    assert moved.returncode == 0, moved.stderr
    before = len(posting.acknowledged)
    assert person.waits_until(lambda: len(posting.acknowledged) > before + 10)
    posting.stop()

    kept = again(lambda: author.fetch_remaining(author.account_statuses(author.me(), limit=40)))
    ids = [str(post.id) for post in kept]
    texts = [post.content for post in kept]
    assert set(posting.acknowledged) <= set(ids)
    assert len(texts) == len(set(texts))
    assert str(rude.id) not in ids
    with pytest.raises(MastodonUnauthorizedError):
        revoked.me()
    last = author.status_post("heard after the failover")
    assert person.waits_until(lambda: str(last.id) in list(ear.heard.queue))
    handle.close()
    _come_due(person)
    assert person.waits_until(lambda: author.account_statuses(author.me())[0].content == "<p>promised</p>")
    _toot_posts(person.url, person.folder)


def _come_due(person: Person) -> None:
    """Let the time of everything promised come, on the new primary."""
    with psycopg.connect(sites.load(person.folder).agent_url("gcp")) as connection:
        connection.execute("SET ROLE lifeboat_owner")
        connection.execute("UPDATE promise SET due_at = now() WHERE done_at IS NULL")


def _toot_posts(url: str, folder: Path) -> None:
    home = folder / "toot"
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_CONFIG_HOME": str(home)}

    def toot(*words: str, typed: str = "") -> None:
        argv = [Path(sys.executable).with_name("toot"), "--no-color", *words]
        done = subprocess.run(argv, env=environment, input=typed, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    toot("login_cli", "--instance", url, "--email", "author@example.org", typed=f"{PASSWORD}\n")
    toot("post", "Hello from toot")
