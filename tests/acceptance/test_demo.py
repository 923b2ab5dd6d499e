"""The demo as a stranger runs it, unattended: one command, one JSON line, nothing lost, nothing left behind."""

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from tests.conftest import free_port

pytestmark = pytest.mark.acceptance

KEYS = {
    "killed", "primary", "epoch", "acked", "lost", "unknown", "images_acked", "images_lost", "rto_seconds",
    "cold_start_seconds", "steps",
}  # fmt: skip


def processes_in(folder: Path) -> list[int]:
    """Return the processes whose command line names a folder."""
    return [one.pid for one in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(one.info["cmdline"] or [])]


def until_it_speaks(argv: list[str]) -> str:
    """Repeat a command while the sites have not said anything of themselves yet, and return how it refuses then."""
    deadline = time.monotonic() + 30
    while True:
        said = subprocess.run(argv, capture_output=True, text=True, timeout=60).stderr.strip()
        if "does not answer" not in said or time.monotonic() > deadline:
            return said


def test_local_up_says_where_everything_is(tmp_path: Path) -> None:
    """`local up --json` prints one object, and each address in it works; a second one refuses and says what to do."""
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    lifeboat = [sys.executable, "-m", "scripts.cli", "--dir", str(tmp_path / "local")]

    started = subprocess.run(
        [*lifeboat, "local", "up", "--json", "--port", str(free_port())], capture_output=True, text=True, timeout=120
    )
    again = subprocess.run([*lifeboat, "local", "up"], capture_output=True, text=True, timeout=60)
    try:
        joined = until_it_speaks([*lifeboat, "join", "gcp", "--yes"])
        shown = json.loads(started.stdout.splitlines()[-1])
        for site in shown["sites"].values():
            psycopg.connect(site["database_url"], connect_timeout=5).close()
            assert httpx.get(f"{site['app_url']}/healthz", timeout=5, trust_env=False).status_code == 200
    finally:
        ended = subprocess.run([*lifeboat, "local", "down"], capture_output=True, text=True, timeout=60)

    assert shown["primary"] == "aws"
    assert set(shown["sites"]) == {"aws", "gcp", "azure"}
    assert all(set(site) == {"app_url", "database_url", "media_url", "control_url"} for site in shown["sites"].values())
    assert again.returncode == 1
    assert "processes of local sites are running: use them, or clear them with `lifeboat local down`." in again.stderr
    assert joined == "gcp follows aws already; there is nothing to do."
    assert ended.returncode == 0
    assert processes_in(tmp_path) == []


def test_a_cloud_dies_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """It exits 0, its last line has the promised keys, no post and no picture is lost, and no process stays."""
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    folder = tmp_path / "local"
    argv = [
        sys.executable,
        "-m",
        "scripts.cli",
        "--dir",
        str(folder),
        "demo",
        "--once",
        "--json",
        "--port",
        str(free_port()),
    ]

    done = subprocess.run(argv, capture_output=True, text=True, timeout=300)

    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout.splitlines()[-1])
    assert set(shown) >= KEYS
    assert (shown["killed"], shown["primary"], shown["epoch"]) == ("aws", "gcp", 2)
    assert shown["acked"] > 20
    assert shown["images_acked"] >= shown["acked"]
    assert (shown["lost"], shown["images_lost"]) == (0, 0)
    assert set(shown["steps"]) >= {"win_epoch", "promote", "be_followed", "open_writes"}
    assert not folder.exists()
    assert processes_in(folder) == []
