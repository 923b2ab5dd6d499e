"""Where graphs come from: processes that run the programs without account or network, and a cache of the base's."""

import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.previewing import repository
from scripts.previewing.graph import Graph, read_graph
from scripts.previewing.repository import Base
from scripts.runbook.errors import PreviewRefused

CLOUDS = ("aws", "gcp", "azure")
AT_ONCE = 3
TIMEOUT_SECONDS = 120.0
SDKS = ("pulumi", "pulumi-aws", "pulumi-gcp", "pulumi-azure-native", "pulumi-random")
FORMAT = 1

PASSED_ON = re.compile(r"PATH|HOME|LANG|LC_\w+|TMPDIR|TEMP|TMP|SYSTEMROOT|VIRTUAL_ENV|PYTHONPYCACHEPREFIX")
"""A program under preview sees these and no credential; nor PYTHONDONTWRITEBYTECODE, which would cost seconds a run."""

Warn = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """One program to run: whose checkout, which cloud, and how a refusal names it."""

    root: Path
    cloud: str
    label: str = ""

    @property
    def name(self) -> str:
        return f"the program for {self.cloud}{self.label}"


@dataclass(frozen=True)
class Recorded:
    """The graphs of now and of the base; a cloud that the base does not describe has no graph there."""

    now: Mapping[str, Graph]
    before: Mapping[str, Graph | None]
    replacements: Mapping[str, Any]


def record(root: Path, clouds: Sequence[str], base: Base | None, cache: Path, warn: Warn) -> Recorded:
    """Record every program that has to run, three at once; the base's graphs come from the cache where they can.

    Raises PreviewRefused with every program that does not run.
    """
    described = [cloud for cloud in clouds if base and repository.describes(root, base, cloud)]
    kept = {cloud: found for cloud in described if base and (found := _cached(cache, base, cloud, warn))}
    missing = [cloud for cloud in described if cloud not in kept]
    with tempfile.TemporaryDirectory(prefix="lifeboat-preview-") as folder:
        if base and missing:
            repository.unpack(root, base, Path(folder))
        here = [Job(root, cloud) for cloud in clouds]
        there = [Job(Path(folder).resolve(), cloud, f" at {base}") for cloud in missing]
        made = _run_all([*here, *there])
    fresh = {job.cloud: read_graph(made[job], f"of {job.name}") for job in there}
    if base:
        for job in there:
            _keep(cache, base, job.cloud, made[job])
    return Recorded(
        now={job.cloud: read_graph(made[job], f"of {job.name}") for job in here},
        before={cloud: kept.get(cloud) or fresh.get(cloud) for cloud in clouds} if base else {},
        replacements=_replacements(root),
    )


def _run_all(jobs: Sequence[Job]) -> dict[Job, Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(_attempt, jobs))
    failures = [answer for answer in answers if isinstance(answer, PreviewRefused)]
    if failures:
        raise PreviewRefused("\n".join(map(str, failures)))
    return dict(zip(jobs, answers, strict=True))


def _attempt(job: Job) -> Any:
    try:
        return _run_json(job.root, ["infra.record", job.cloud], job.name)
    except PreviewRefused as refusal:
        return refusal


def _replacements(root: Path) -> Mapping[str, Any]:
    found = _run_json(root, ["infra.replacements"], "the table infra/replacements.py")
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise PreviewRefused("The table infra/replacements.py does not print what the preview reads.")
    return found


def _run_json(root: Path, module: list[str], name: str) -> Any:
    command = [sys.executable, "-m", *module]
    try:
        finished = subprocess.run(
            command, cwd=root, env=_environment(root), capture_output=True, text=True, timeout=TIMEOUT_SECONDS
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


def _cached(cache: Path, base: Base, cloud: str, warn: Warn) -> Graph | None:
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


def _keep(cache: Path, base: Base, cloud: str, graph: Any) -> None:
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
