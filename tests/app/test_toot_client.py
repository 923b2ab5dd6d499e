"""toot, unmodified: a command-line client that nobody here wrote logs in and posts."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.conftest import PASSWORD, Member, RunningApp

Toot = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def toot(tmp_path: Path) -> Toot:
    """Give the client with a configuration of its own."""
    program = Path(sys.executable).with_name("toot")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}

    def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        argv = [program, "--no-color", *arguments]
        return subprocess.run(argv, env=environment, input=typed, capture_output=True, text=True, timeout=60)

    return run


def test_it_logs_in_posts_and_reads(toot: Toot, member: Member, app_server: RunningApp) -> None:
    """It logs in with name and password, posts, and shows the post and its author."""
    where = ("--instance", app_server.address, "--email", f"{member.username}@example.org")
    login = toot("login_cli", *where, typed=f"{PASSWORD}\n")
    posted = toot("post", "Hello from toot", "--visibility", "unlisted")
    shown = toot("timelines", "home", "--no-pager", "--no-clear")
    who = toot("whoami")

    assert login.returncode == 0, login.stderr
    assert posted.returncode == 0, posted.stderr
    posts = member.read("/api/v1/timelines/home")
    assert [(post["content"], post["visibility"]) for post in posts] == [("<p>Hello from toot</p>", "unlisted")]
    assert posts[0]["application"]["name"] == "toot - a Mastodon CLI client"
    assert "Hello from toot" in shown.stdout, shown.stderr
    assert member.username in who.stdout
