"""Small git checkouts whose programs print a graph at once, for everything that lies around the real programs."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.preview.graphs import TABLE, recorded, resource

PROGRAM = """
import json, pathlib, sys
root = pathlib.Path(__file__).parent.parent
print((root / "infra" / "graphs" / f"{sys.argv[1]}.json").read_text())
"""
TABLE_PROGRAM = f"import json\nprint(json.dumps({dict(TABLE)!r}))\n"
POLICY_PROGRAM = """
import json, sys
quiet = {"broken": [], "excepted": [], "idle": []}
print(json.dumps({cloud: quiet for cloud in json.load(sys.stdin)}))
"""

CLOUDS = ("aws", "gcp", "azure")
AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Lifeboat"), ("EMAIL", "lifeboat@example.org"), ("DATE", "2026-01-01T00:00:00Z"))
}


def git(root: Path, *arguments: str) -> str:
    """Run git in a checkout that belongs to one test."""
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        env={**os.environ, **AUTHOR, "GIT_CONFIG_GLOBAL": os.devnull},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def graph_of(cloud: str, value: str = "a") -> dict[str, Any]:
    return recorded(resource("aws:s3/bucket:Bucket", "store", {"bucket": value}), cloud=cloud)


def checkout(root: Path, values: Mapping[str, str] | None = None) -> Path:
    """Make a checkout with one commit that describes some clouds; `values` is the name of each one's bucket."""
    write(root, "infra/__init__.py", "")
    write(root, "infra/record.py", PROGRAM)
    write(root, "infra/replacements.py", TABLE_PROGRAM)
    write(root, "infra/policy/__init__.py", "")
    write(root, "infra/policy/__main__.py", POLICY_PROGRAM)
    write(root, "Pulumi.yaml", "name: lifeboat\n")
    write(root, ".gitignore", ".lifeboat/\n__pycache__/\n")
    for cloud, value in (values or dict.fromkeys(CLOUDS, "a")).items():
        write(root, f"infra/clouds/{cloud}/__init__.py", "")
        write(root, f"stacks/Pulumi.{cloud}.yaml", "config: {}\n")
        write(root, f"infra/graphs/{cloud}.json", json.dumps(graph_of(cloud, value)))
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    return root


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "A state")
