"""What the preview asks git: which commit is meant, what it holds, and what is not committed. Changes nothing."""

import io
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from scripts.runbook.errors import PreviewRefused

DESCRIPTION = ("infra", "stacks", "Pulumi.yaml")
"""All that a program reads: two commits that agree in these make the same graphs."""


@dataclass(frozen=True)
class Base:
    """The commit that is compared with: how the user named it, and what it is."""

    ref: str
    commit: str
    trees: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.ref} ({self.commit[:12]})"


def find_base(root: Path, ref: str) -> Base:
    """Find the commit that a ref names. Raises PreviewRefused where there is no checkout, ref or description."""
    top = _git(root, "rev-parse", "--show-toplevel")
    if top.returncode or Path(_text(top)) != root.resolve():
        raise PreviewRefused(
            f"{root} is not a git checkout, so there is nothing to compare with {ref!r}: leave out --base. {_why(top)}".strip()
        )
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found.returncode:
        raise PreviewRefused(f"There is no commit {ref!r} here: fetch it, or give another with --base.")
    commit = _text(found)
    trees = [_git(root, "rev-parse", "--verify", "--quiet", f"{commit}:{name}") for name in DESCRIPTION]
    lacking = [name for name, tree in zip(DESCRIPTION, trees, strict=True) if tree.returncode]
    if lacking:
        raise PreviewRefused(
            f"{ref} describes no site: it has no {' and no '.join(lacking)}. Give another with --base."
        )
    return Base(ref, commit, tuple(map(_text, trees)))


def describes(root: Path, base: Base, cloud: str) -> bool:
    """Say whether a commit has a program and a stack for a cloud."""
    wanted = (f"infra/clouds/{cloud}/__init__.py", f"stacks/Pulumi.{cloud}.yaml")
    return all(_git(root, "cat-file", "-e", f"{base.commit}:{path}").returncode == 0 for path in wanted)


def unpack(root: Path, base: Base, folder: Path) -> None:
    """Write the files of a commit into a folder; an archive, since a worktree would leave its mark in .git."""
    made = _git(root, "archive", "--format=tar", base.commit)
    if made.returncode:
        raise PreviewRefused(f"git cannot read {base}: {_why(made)}")
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        archive.extractall(folder, filter="data")


def uncommitted(root: Path) -> tuple[str, ...]:
    """Return the files of the description that differ from the last commit; none where there is no git."""
    found = _git(root, "status", "--porcelain", "--untracked-files=all", "--", *DESCRIPTION)
    lines = found.stdout.decode(errors="replace").splitlines() if not found.returncode else []
    return tuple(sorted(line[3:] for line in lines if "__pycache__" not in line))


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, timeout=60)
    except FileNotFoundError as error:
        raise PreviewRefused("git is not on PATH: install it, or leave out --base.") from error
    except subprocess.TimeoutExpired as error:
        raise PreviewRefused(f"git does not answer in {root} (`git {arguments[0]}` took over 60 s).") from error


def _text(finished: subprocess.CompletedProcess[bytes]) -> str:
    return finished.stdout.decode(errors="replace").strip()


def _why(finished: subprocess.CompletedProcess[bytes]) -> str:
    lines = finished.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
