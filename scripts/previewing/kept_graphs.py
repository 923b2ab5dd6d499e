"""The graphs of a base that were recorded before, by what they depend on, each with a checksum."""

import hashlib
import importlib.metadata
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.previewing.graph import Graph, read_graph
from scripts.previewing.repository import Base
from scripts.runbook.errors import PreviewRefused

SDKS = ("pulumi", "pulumi-aws", "pulumi-gcp", "pulumi-azure-native", "pulumi-random")
FORMAT = 1

Warn = Callable[[str], None]


def find_kept(cache: Path, base: Base, cloud: str, warn: Warn) -> Graph | None:
    """Return the graph of a cloud at a base, or None where none was kept; a corrupt one is said and left out."""
    file = _cache_file(cache, base, cloud)
    if not file.exists():
        return None
    try:
        found = json.loads(file.read_bytes())
        if found["format"] != FORMAT or found["sha256"] != _digest(found["graph"]):
            raise PreviewRefused("its checksum does not fit")
        return read_graph(found["graph"], str(file))
    except (OSError, ValueError, KeyError, TypeError, PreviewRefused) as error:
        warn(f"The cached graph {file} is corrupt ({error}); {cloud} at {base} is recorded anew.")
        return None


def keep(cache: Path, base: Base, cloud: str, graph: Any) -> None:
    """Keep the recording of a cloud at a base. Raises PreviewRefused where that cannot be written."""
    file = _cache_file(cache, base, cloud)
    text = json.dumps({"format": FORMAT, "sha256": _digest(graph), "graph": graph}, sort_keys=True)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=cache, suffix=".new", delete=False) as made:
            made.write(text)
        Path(made.name).replace(file)
    except OSError as error:
        raise PreviewRefused(f"The graph of {cloud} at {base} cannot be kept in {cache}: {error}.") from error


def _digest(graph: Any) -> str:
    return hashlib.sha256(json.dumps(graph, sort_keys=True).encode()).hexdigest()


def _cache_file(cache: Path, base: Base, cloud: str) -> Path:
    """A graph depends on the description and on what runs it, and on nothing else."""
    versions = [f"{name} {_version(name)}" for name in SDKS]
    key = hashlib.sha256("\n".join([*base.trees, sys.version, *versions]).encode()).hexdigest()[:24]
    return cache / f"{key}-{cloud}.json"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
