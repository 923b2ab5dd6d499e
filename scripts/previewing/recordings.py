"""Where graphs come from: processes that run the programs of now and of the base, and what was kept of the base."""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.previewing import repository
from scripts.previewing.graph import Graph, read_graph
from scripts.previewing.kept_graphs import Warn, find_kept, keep
from scripts.previewing.policy import Policy, read_policy
from scripts.previewing.processes import run_json
from scripts.previewing.repository import Base
from scripts.runbook.errors import PreviewRefused

CLOUDS = ("aws", "gcp", "azure")
LONGEST_FIRST = ("azure", "gcp", "aws")
"""The order in which programs start, so that the last one to end is a short one."""
AT_ONCE = max(2, min(3, os.cpu_count() or 2))


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
class Recording:
    """What a program printed, and the graph that was read from it."""

    raw: Any
    graph: Graph


@dataclass(frozen=True)
class Recorded:
    """The graphs of now and of the base; a cloud that the base does not describe has no graph there.

    `missing_secrets`: by cloud, what its stack needs and does not have yet; the recording stood in for it.
    """

    now: Mapping[str, Graph]
    before: Mapping[str, Graph | None]
    replacements: Mapping[str, Any]
    policy: Mapping[str, Policy]
    missing_secrets: Mapping[str, tuple[str, ...]]


def record(root: Path, clouds: Sequence[str], base: Base | None, cache: Path, warn: Warn) -> Recorded:
    """Record every program that has to run, a few at once; the base's graphs come from the cache where they can.

    Raises PreviewRefused with every program that does not run and every recording that is corrupt.
    """
    described = [cloud for cloud in clouds if base and repository.describes(root, base, cloud)]
    kept = {cloud: found for cloud in described if base and (found := find_kept(cache, base, cloud, warn))}
    missing = [cloud for cloud in described if cloud not in kept]
    with tempfile.TemporaryDirectory(prefix="lifeboat-preview-") as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        if base and missing:
            repository.unpack(root, base, Path(folder))
        here = {cloud: Job(root, cloud) for cloud in clouds}
        there = {cloud: Job(Path(folder).resolve(), cloud, f" at {base}") for cloud in missing}
        table = pool.submit(_replacements, root)
        made = _run_all(pool, [*here.values(), *there.values()])
    for cloud, job in there.items():
        if base:
            keep(cache, base, cloud, made[job].raw)
    fresh = {cloud: made[job].graph for cloud, job in there.items()}
    return Recorded(
        now={cloud: made[job].graph for cloud, job in here.items()},
        before={cloud: kept.get(cloud) or fresh.get(cloud) for cloud in clouds} if base else {},
        replacements=table.result(),
        policy=_policy(root, {cloud: made[job].raw for cloud, job in here.items()}),
        missing_secrets={
            cloud: tuple(map(str, made[job].raw.get("missing_secrets", ()))) for cloud, job in here.items()
        },
    )


def record_all(root: Path, clouds: Sequence[str]) -> dict[str, Graph]:
    """Record the programs of now and nothing else. Raises PreviewRefused with every program that does not run."""
    jobs = {cloud: Job(root, cloud) for cloud in clouds}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = _run_all(pool, list(jobs.values()))
    return {cloud: made[job].graph for cloud, job in jobs.items()}


def _run_all(pool: ThreadPoolExecutor, jobs: Sequence[Job]) -> dict[Job, Recording]:
    started: dict[Job, Future[Recording]] = {}
    for job in sorted(jobs, key=lambda one: LONGEST_FIRST.index(one.cloud)):
        started[job] = pool.submit(_record, job)
    failures = [str(refusal) for job in jobs if (refusal := _refusal(started[job]))]
    if failures:
        raise PreviewRefused("\n".join(failures))
    return {job: started[job].result() for job in jobs}


def _refusal(future: Future[Recording]) -> PreviewRefused | None:
    error = future.exception()
    if error is not None and not isinstance(error, PreviewRefused):
        raise error
    return error


def _record(job: Job) -> Recording:
    raw = run_json(job.root, ["infra.record", job.cloud], job.name)
    return Recording(raw, read_graph(raw, f"of {job.name}"))


def _replacements(root: Path) -> Mapping[str, Any]:
    found = run_json(root, ["infra.replacements"], "the table infra/replacements.py")
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise PreviewRefused("The table infra/replacements.py does not print what the preview reads.")
    return found


def _policy(root: Path, recordings: Mapping[str, Any]) -> dict[str, Policy]:
    found = run_json(root, ["infra.policy"], "the policy pack infra/policy", json.dumps(recordings))
    return {cloud: read_policy(found, cloud) for cloud in recordings}
