"""A database whose disk is full, really: people are told so, nothing acknowledged is lost, and it goes on once there is room."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from scripts.embedded.postgres import PostgresServer
from scripts.embedded.postgres_binaries import NAMESPACE
from scripts.runbook import continuity, fence
from tests.app.conftest import Member, RunningApp, register, sign_up
from tests.conftest import RunningPostgres, migrated

ROOM_BYTES = 8 * 2**20
# A namespace of its own, in which an ordinary user may mount: nothing of it is seen outside, and it ends with the server.
OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")
ON_SMALL_DISK = (
    'cp -a "$1" "$1.copy" && mount -t tmpfs -o size="$2",mode=700 none "$1" && cp -a "$1.copy/." "$1"'
    ' && shift 2 && exec "$@"'
)


@dataclass(frozen=True)
class OnSmallDisk(PostgresServer):
    """A server whose tables lie on a disk of their own that has room for a little more; its log lies elsewhere."""

    def argv(self) -> list[str]:
        tables = self.data / "base"
        size = sum(path.stat().st_blocks * 512 for path in tables.rglob("*")) + ROOM_BYTES
        server = [*NAMESPACE, self.binaries["postgres"], "-D", str(self.data)]
        return [*OWN_MOUNTS, "sh", "-c", ON_SMALL_DISK, "sh", str(tables), str(size), *server]


def _why_no_mounts(folder: Path) -> str:
    trial = ["sh", "-c", 'mount -t tmpfs none "$1" && shift && exec "$@" true', "sh", str(folder), *NAMESPACE]
    try:
        done = subprocess.run([*OWN_MOUNTS, *trial], capture_output=True, text=True, timeout=10)
    except OSError as reason:
        return str(reason)
    return done.stderr.strip() if done.returncode else ""


@pytest.fixture
def small(make_postgres: Callable[[str], RunningPostgres], tmp_path: Path) -> RunningPostgres:
    """Give a migrated database on a small disk."""
    if why := _why_no_mounts(tmp_path):
        pytest.skip(f"this machine lets nobody mount a small disk in a namespace of their own: {why}")
    running = migrated(make_postgres("small_disk"))
    running.stop()
    running.server = OnSmallDisk(*(getattr(running.server, field.name) for field in fields(PostgresServer)))
    running.start()
    return running


def test_a_full_disk_is_told_and_loses_nothing(small: RunningPostgres, run_app: Callable[..., RunningApp]) -> None:
    """What finds no room is a 503 that says so; what was acknowledged is there; the agent speaks; with room it goes on."""
    app = run_app(small.url)
    member = sign_up(app, register(app))
    with (
        psycopg.connect(small.owner_url, autocommit=True) as owner,
        psycopg.connect(small.agent_url, autocommit=True) as agent,
    ):
        continuity.look(agent, 0)
        _fill(owner)
        saved, refused = _post_until_refused(member)
        _stand_by(agent)
        owner.execute("DROP TABLE public.filler")

    assert refused.status_code == 503
    assert refused.json()["error"].startswith("The database of this site has no room left, so nothing was saved")
    assert [member.read(f"/api/v1/statuses/{one}")["id"] for one in saved] == saved
    assert member.post("there is room again")["id"]
    member.client.close()


def _fill(owner: psycopg.Connection[Any]) -> None:
    """Take every page of the disk."""
    owner.execute("CREATE TABLE public.filler (data text)")
    owner.execute("ALTER TABLE public.filler ALTER data SET STORAGE PLAIN")
    for rows in (100, 10, 1):
        with pytest.raises(psycopg.errors.DiskFull):
            _insert_for_ever(owner, rows)


def _insert_for_ever(owner: psycopg.Connection[Any], rows: int) -> None:
    while True:
        owner.execute("INSERT INTO public.filler SELECT repeat('x', 4000) FROM generate_series(1, %s)", (rows,))


def _post_until_refused(member: Member) -> tuple[list[str], httpx.Response]:
    """Post until there is no room; return the posts that were acknowledged, and the refusal."""
    saved: list[str] = []
    for _ in range(1000):
        answer = member.client.post("/api/v1/statuses", json={"status": "x" * 490})
        if answer.status_code != 200:
            return saved, answer
        saved.append(answer.json()["id"])
    raise AssertionError("a thousand posts found room on a full disk")


def _stand_by(agent: psycopg.Connection[Any]) -> None:
    """Do what an agent writes with each status and each renewal: none of it needs a new page."""
    for number in range(300):
        continuity.look(agent, number)
        fence.extend(agent, 1, fence.clock(agent) + 3600)
