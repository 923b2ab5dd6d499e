"""The stacks' settings through the Pulumi CLI, one backend a provider: read, set, and nothing else."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.runbook.errors import StackUnreachable, UsageError

SECONDS = 120


@dataclass(frozen=True)
class Stack:
    """One site's stack; `backend` is where its state lies, or empty for wherever Pulumi is logged in."""

    name: str
    project: Path
    backend: str = ""

    def settings(self) -> dict[str, str]:
        """Return every setting of the stack, secrets opened, by its short name.

        Raises StackUnreachable when the state's backend or key cannot be used from here.
        """
        found = json.loads(self._run("config", "--json", "--show-secrets").stdout)
        return {key.partition(":")[2]: str(entry.get("value", "")) for key, entry in found.items()}

    def set_secret(self, path: str, value: str) -> None:
        """Set one secret, which goes to Pulumi by standard input and never by an argument that others could see."""
        self._run("config", "set", "--secret", "--path", path, given=value)

    def _run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        pulumi = shutil.which("pulumi")
        if pulumi is None:
            raise UsageError("There is no pulumi on PATH; install it the official way.")
        done = subprocess.run(
            [pulumi, *arguments, "--stack", self.name, "-C", str(self.project), "--non-interactive", "--color=never"],
            env=self._environment(),
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["it said nothing"]
            raise StackUnreachable(f"pulumi {' '.join(arguments[:2])} for the stack {self.name} failed: {said[-1]}")
        return done

    def _environment(self) -> Mapping[str, str]:
        quiet = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
        return {**os.environ, **quiet, **({"PULUMI_BACKEND_URL": self.backend} if self.backend else {})}
