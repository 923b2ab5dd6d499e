"""Runs the real Pulumi CLI on a project, with everything that it writes in a folder of the test's own.

The project is linked, not copied; only the stack files are, since `pulumi stack init` and `pulumi config` write them.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

MISSING = "no Pulumi CLI with its Python language host on PATH; install Pulumi the official way to run the engine tests"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE")
SECONDS = 180


class PulumiError(AssertionError):
    """A Pulumi command ended otherwise than the test expected; the message holds all that it said."""


@dataclass(frozen=True)
class Outcome:
    """What one command said, and how it ended."""

    command: str
    code: int
    out: str
    errors: str

    @property
    def said(self) -> str:
        return f"{self.out}\n{self.errors}"


def find_pulumi() -> str | None:
    """Return the CLI on PATH, or None unless its Python language host stands beside it on PATH too."""
    return shutil.which("pulumi") if shutil.which("pulumi-language-python") else None


def require_pulumi() -> None:
    """Skip the module that calls this at its top where there is no Pulumi; all of them share one line of the report."""
    if find_pulumi() is None:
        pytest.skip(MISSING, allow_module_level=True)


class Workspace:
    """One project with its own state, home and passphrase; the stacks of a test live here."""

    def __init__(
        self, project: Path, folder: Path, attach: str, passphrase: str = "correct horse battery staple"
    ) -> None:
        self.folder, self.passphrase = folder, passphrase
        self.root, self.state, home = folder / "project", folder / "state", folder / "home"
        for path in (self.root, self.state, home):
            path.mkdir(parents=True)
        self.settings = yaml.safe_load((project / "Pulumi.yaml").read_text())
        self.environment = self._environment(home, attach)
        self._link(project)

    def run(self, *arguments: str, fails: bool = False, **environment: str) -> Outcome:
        """Run one command and return what it said; raises PulumiError when it ends otherwise than expected."""
        argv = [find_pulumi() or "pulumi", *arguments, "--non-interactive", "--color=never", "-C", str(self.root)]
        done = subprocess.run(
            argv,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
        )
        outcome = Outcome(" ".join(["pulumi", *arguments[:3]]), done.returncode, done.stdout, done.stderr)
        if fails is (done.returncode == 0):
            raise PulumiError(f"{outcome.command} ended with {done.returncode}:\n{outcome.said}")
        return outcome

    def init(self, stack: str, secrets: Mapping[str, str] | None = None) -> None:
        """Make an empty stack and set its secrets, which go encrypted into this workspace's copy of the stack file."""
        self.run("stack", "init", stack)
        if secrets:
            pairs = [part for key, value in secrets.items() for part in ("--secret", f"{key}={value}")]
            self.run("config", "set-all", "--stack", stack, *pairs)

    def preview(self, stack: str, *options: str, fails: bool = False) -> Outcome:
        return self.run("preview", "--stack", stack, "--diff", *options, fails=fails)

    def plan(self, stack: str) -> list[dict[str, Any]]:
        """Return the steps of a preview: `op`, `urn`, and the states before and after."""
        return json.loads(self.run("preview", "--stack", stack, "--json").out)["steps"]

    def up(self, stack: str, *options: str, fails: bool = False) -> Outcome:
        return self.run("up", "--stack", stack, "--yes", "--skip-preview", *options, fails=fails)

    def destroy(self, stack: str, *options: str, fails: bool = False) -> Outcome:
        """Destroy as a person would, preview first: what Pulumi protects then stops all of it."""
        return self.run("destroy", "--stack", stack, "--yes", *options, fails=fails)

    def outputs(self, stack: str) -> dict[str, Any]:
        """Return the stack's outputs; secret ones read `[secret]`."""
        return json.loads(self.run("stack", "output", "--stack", stack, "--json").out)

    def export(self, stack: str) -> str:
        """Return the stack's state as text, its secrets encrypted."""
        return self.run("stack", "export", "--stack", stack).out

    def resources(self, stack: str) -> list[dict[str, Any]]:
        return json.loads(self.export(stack))["deployment"].get("resources", [])

    def take(self, stack: str, state: str, source: "Workspace") -> None:
        """Make a stack out of the exported state of another workspace, whose stack file it needs for the secrets."""
        shutil.copy(source.stack_file(stack), self.stack_file(stack))
        self.run("stack", "init", stack)
        exported = self.folder / f"{stack}.json"
        exported.write_text(state)
        self.run("stack", "import", "--stack", stack, "--file", str(exported))

    def written(self) -> dict[Path, str]:
        """Return the content of every file that Pulumi left behind, unpacked where it is packed."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink()]
        return {path: unpacked(path.read_bytes()).decode(errors="replace") for path in files}

    def stack_file(self, stack: str) -> Path:
        return self.root / self.settings.get("stackConfigDir", ".") / f"Pulumi.{stack}.yaml"

    def _link(self, project: Path) -> None:
        """Lay out the project: its files by link, its stack files by copy, the running virtual environment."""
        stacks = self.settings.get("stackConfigDir", ".")
        (self.root / "Pulumi.yaml").symlink_to(project / "Pulumi.yaml")
        (self.root / self.settings["main"]).symlink_to(project / self.settings["main"])
        (self.root / stacks).mkdir(exist_ok=True)
        for path in (project / stacks).glob("Pulumi.*.yaml"):
            shutil.copy(path, self.root / stacks / path.name)
        if chosen := self._virtualenv():
            (self.root / chosen).parent.mkdir(parents=True, exist_ok=True)
            (self.root / chosen).symlink_to(sys.prefix)

    def _virtualenv(self) -> str:
        runtime = self.settings["runtime"]
        return runtime.get("options", {}).get("virtualenv", "") if isinstance(runtime, dict) else ""

    def _environment(self, home: Path, attach: str) -> dict[str, str]:
        """Return all that the CLI and the program see: no credential and no setting of whoever runs the tests."""
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return kept | {
            "HOME": str(home),
            "PULUMI_HOME": str(home / ".pulumi"),
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": self.passphrase,
            "PULUMI_DEBUG_PROVIDERS": attach,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }


def unpacked(content: bytes) -> bytes:
    """Return a file's content, decompressed when it is a gzip file."""
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
