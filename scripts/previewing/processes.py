"""The processes that a preview starts: each runs one program of a checkout, without account or network, and reads its JSON."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripts.runbook.errors import PreviewRefused

TIMEOUT_SECONDS = 120.0

PASSED_ON = re.compile(r"PATH|HOME|LANG|LC_\w+|TMPDIR|TEMP|TMP|SYSTEMROOT|VIRTUAL_ENV|PYTHONPYCACHEPREFIX")
"""A program under preview sees these and no credential; nor PYTHONDONTWRITEBYTECODE, which would cost seconds a run."""


def run_json(root: Path, module: list[str], name: str, text: str = "") -> Any:
    """Run a module of a checkout and return the JSON that it prints; `name` is how a refusal calls it.

    Raises PreviewRefused in the program's own words, or with the line of ours that failed and why.
    """
    command = [sys.executable, "-m", *module]
    try:
        finished = subprocess.run(
            command,
            cwd=root,
            env=_environment(root),
            input=text,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise PreviewRefused(f"{_capital(name)} did not end within {TIMEOUT_SECONDS:g} s.") from error
    if finished.returncode:
        raise PreviewRefused(f"{_capital(name)} does not run: {last_words(finished.stderr, root)}")
    try:
        return json.loads(finished.stdout)
    except ValueError as error:
        raise PreviewRefused(f"The recorded graph of {name} is corrupt: it is no JSON ({error}).") from error


def _environment(root: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    return {**kept, "PYTHONPATH": str(root), "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore", "PYTHONUTF8": "1"}


def last_words(stderr: str, root: Path) -> str:
    """Turn what a program said when it ended into sentences: its own, or the line of ours that failed and why."""
    lines = [line for line in stderr.strip().splitlines() if line.strip()]
    if not lines:
        return "it said nothing."
    if "No module named 'pulumi" in lines[-1]:
        return "Pulumi's Python packages are not installed: run `scripts/setup dev`."
    if not any(line.startswith("Traceback") for line in lines):
        return "\n".join(lines)
    frames = re.findall(r'File "([^"]+)", line (\d+)', stderr)
    ours = [(Path(file).relative_to(root), line) for file, line in frames if Path(file).is_relative_to(root)]
    program = [(file, line) for file, line in ours if not file.name.startswith("record")] or ours
    where = f"{program[-1][0]}, line {program[-1][1]}: " if program else ""
    return f"{where}{lines[-1].strip()}"


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
