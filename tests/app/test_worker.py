"""The worker as a process of its own: it brings a bucket in step, survives SIGKILL by its successor, and ends politely."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import obstore
import psycopg
import pytest

from scripts.embedded.object_stores import gcs_process
from tests.app.test_outbox import key_of
from tests.conftest import RunningPostgres
from tests.embedded.running_stores import MakeStore, RunningStore, make_store

__all__ = ["make_store"]

SECONDS = 30


@pytest.fixture(scope="module")
def stores(make_store: MakeStore) -> dict[str, RunningStore]:
    """Start two stores: the worker's own, and another site's."""
    return {"aws": make_store("aws"), "gcp": make_store("gcp", gcs_process, seconds_between_writes=0)}


@pytest.fixture
def start(
    stores: dict[str, RunningStore], app_database: RunningPostgres, tmp_path: Any
) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Give a function that starts a worker as a site does; none is left behind."""
    credentials = tmp_path / "credentials.json"
    known = {"s3": stores["aws"].credentials["s3"], "gs": stores["gcp"].credentials["gs"]}
    credentials.write_text(json.dumps(known))
    environment = {
        "PATH": os.environ["PATH"], "SITE": "aws", "DATABASE_URL": app_database.url, "SECRET_KEY": "x" * 16,
        "MEDIA_URL": stores["aws"].url(), "MEDIA_PEERS": json.dumps({"gcp": stores["gcp"].url()}),
        "STORE_CREDENTIALS": str(credentials),
    }  # fmt: skip
    running: list[subprocess.Popen[str]] = []

    def begin(**changes: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "app.worker"]
        running.append(subprocess.Popen(argv, env=environment | changes, stderr=subprocess.PIPE, text=True))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate(timeout=20)


def record(database: RunningPostgres, own: RunningStore, count: int) -> set[str]:
    """Write what uploads write that only the own cloud holds, and give their keys."""
    pictures = [uuid.uuid4().bytes for _ in range(count)]
    account = uuid.uuid4()
    with psycopg.connect(database.url) as connection:
        connection.execute(
            "INSERT INTO account (id, username, email, password_hash) VALUES (%s, %s, %s, '')", (account,) * 3
        )
        for data in pictures:
            obstore.put(own.open(), key_of(data), data)
            connection.execute(
                "INSERT INTO media_attachment (id, account_id, key, width, height, size) VALUES (%s, %s, %s, 1, 1, 16)",
                (uuid.uuid4(), account, key_of(data)),
            )
            connection.execute(
                "INSERT INTO media_outbox (key, site, wanted, size) VALUES (%s, 'gcp', true, 16)", (key_of(data),)
            )
    return {key_of(data) for data in pictures}


def waits_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_worker_that_is_killed_is_carried_on_by_the_next(
    start: Callable[..., subprocess.Popen[str]], stores: dict[str, RunningStore], app_database: RunningPostgres
) -> None:
    """It dies by SIGKILL with some copies made; the next process makes the others, and ends by SIGTERM within seconds."""
    keys = record(app_database, stores["aws"], 200)
    there = stores["gcp"].open()

    def held() -> set[str]:
        return {found["path"] for found in obstore.list(there, "media/").collect()} & keys

    first = start()
    assert waits_until(lambda: bool(held())), first.poll()
    first.kill()
    second = start()

    assert waits_until(lambda: held() == keys)
    with psycopg.connect(app_database.url, autocommit=True) as connection:
        left = "SELECT count(*) = 0 FROM media_outbox WHERE wanted AND key = ANY(%s)"
        assert waits_until(lambda: connection.execute(left, (list(keys),)).fetchone() == (True,))
    second.send_signal(signal.SIGTERM)
    assert second.wait(SECONDS) == 0


def test_an_odd_environment_is_one_sentence(start: Callable[..., subprocess.Popen[str]]) -> None:
    """It ends with 1 and says what is wrong, without a traceback."""
    process = start(SITE="mars")

    _, said = process.communicate(timeout=SECONDS)

    assert process.returncode == 1
    assert said.startswith("The app cannot start with this environment: SITE")
    assert said.count("\n") == 1
