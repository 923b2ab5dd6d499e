"""Pulumi's own command, for one stack: preview with a saved plan, up with that plan, and the state in between."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.runbook.errors import PlanRefused

POLICY_PACK = Path("infra") / "policy" / "pack"
SECONDS = 3600


@dataclass(frozen=True)
class Pulumi:
    """The engine on one project; credentials come from the environment, as the providers' own tools find them."""

    root: Path
    environment: Mapping[str, str] | None = None

    def preview(self, stack: str, plan: Path) -> str:
        """Ask the providers what would change, save the plan, and return what Pulumi said. Raises PlanRefused."""
        return self._run("preview", "--stack", stack, "--diff", "--save-plan", str(plan), *self._pack())

    def up(self, stack: str, plan: Path) -> str:
        """Apply a saved plan and nothing else. Raises PlanRefused where Pulumi refuses or something fails."""
        return self._run("up", "--stack", stack, "--yes", "--skip-preview", "--plan", str(plan), *self._pack())

    def drift(self, stack: str) -> str:
        """Ask the providers whether what stands there is what the state says; raises PlanRefused where it is not."""
        return self._run("preview", "--stack", stack, "--diff", "--refresh", "--expect-no-changes", *self._pack())

    def state_digest(self, stack: str) -> str:
        """Return the digest of a stack's state; the same digest means that nobody has deployed in between."""
        exported = json.loads(self._run("stack", "export", "--stack", stack))
        return hashlib.sha256(json.dumps(exported["deployment"], sort_keys=True).encode()).hexdigest()

    def version(self) -> str:
        return self._run("version").strip()

    def _pack(self) -> tuple[str, ...]:
        pack = self.root / POLICY_PACK
        return ("--policy-pack", str(pack)) if pack.is_dir() else ()

    def _run(self, *arguments: str) -> str:
        program = shutil.which("pulumi")
        if program is None:
            raise PlanRefused("pulumi is not on PATH: install it from pulumi.com/docs/install, then try again.")
        command = [program, *arguments, "--non-interactive", "--color=never", "-C", str(self.root)]
        environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", **(self.environment or {})}
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS
        )
        if done.returncode:
            said = "\n".join(line for line in (done.stdout + done.stderr).splitlines() if line.strip())
            raise PlanRefused(f"pulumi {arguments[0]} ended with {done.returncode}:\n{said}")
        return done.stdout
