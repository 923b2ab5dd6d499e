"""`lifeboat secrets` on three real stacks, each with its own key."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra import clouds
from tests.engine.deployed import ROOT
from tests.engine.harness import Workspace, require_pulumi

require_pulumi()
pytestmark = pytest.mark.engine

SHARED = ("secret_key", "vapid_key", "replication_password")


def secrets(workspace: Workspace, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.cli", "secrets", "--project", str(workspace.root), *words]
    return subprocess.run(command, env=workspace.environment, cwd=ROOT, capture_output=True, text=True, timeout=180)


def held(workspace: Workspace, stack: str) -> dict[str, str]:
    found = json.loads(workspace.run("config", "--json", "--show-secrets", "--stack", stack).out)
    return {key.partition(":")[2]: entry.get("value", "") for key, entry in found.items() if entry["secret"]}


def test_three_stacks_come_to_share_their_secrets(make_workspace: Callable[[Path, str], Workspace]) -> None:
    """It sets nothing without a yes, then all of them, shows none, stores none in clear, and has nothing left to do."""
    workspace = make_workspace(ROOT, "")
    for stack in clouds.NAMES:
        workspace.init(stack)

    looked = secrets(workspace)
    before = {stack: held(workspace, stack) for stack in clouds.NAMES}
    done = secrets(workspace, "--yes")
    again = secrets(workspace)

    found = {stack: held(workspace, stack) for stack in clouds.NAMES}
    hidden = [found["aws"][key] for key in SHARED] + [*json.loads(found["aws"]["link_keys"]).values()]
    texts = [*workspace.written().values(), looked.stdout, done.stdout, done.stderr, again.stdout]
    public = json.loads((workspace.root / "stacks" / "public-keys.json").read_text())
    assert before == {stack: {} for stack in clouds.NAMES}, looked.stderr
    assert (done.returncode, "Nothing to set" in again.stdout) == (0, True), done.stderr
    assert all(len({found[stack][key] for stack in clouds.NAMES}) == 1 for key in SHARED)
    assert json.loads(found["aws"]["link_keys"])["gcp"] == json.loads(found["gcp"]["link_keys"])["aws"]
    assert len(set(public.values())) == 3
    assert not [secret[:4] for secret in hidden for text in texts if secret in text]


def test_a_stack_that_is_not_there_is_one_sentence(make_workspace: Callable[[Path, str], Workspace]) -> None:
    """It names the stack that cannot be read, and sets nothing anywhere."""
    refused = secrets(make_workspace(ROOT, ""), "--yes")

    assert refused.returncode == 1
    assert "for the stack aws failed" in refused.stderr
    assert "Traceback" not in refused.stderr
