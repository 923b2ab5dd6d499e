"""`python -m tests.bench.preview [--runs 3] [--base REF] [--json] [--write]`: how long a preview of all three clouds takes.

cold: the base's graphs are recorded too; cached: they come from the cache; without bytecode: every module is compiled
first, as in a container that keeps none. Processor time and memory (largest resident set, MiB) are each cloud's own process's.
Peers, in the same run: `terraform plan` of as many AWS resources, where Terraform and its provider are installed
(LIFEBOAT_TERRAFORM_PLUGINS names the provider's folder), and `pulumi preview` of the same AWS stack on a double. The
ratio is ours, for AWS alone, to theirs; both start a provider or an engine, which ours does not.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from scripts.previewing.recordings import CLOUDS
from tests.bench.preview_peers import pulumi_seconds, terraform_seconds
from tests.bench.records import EVIDENCE, commit, machine, markdown, utc

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".lifeboat" / "preview"
LIMITS = {"cached_seconds": 5.0, "without_bytecode_seconds": 14.0}
"""What is promised on two cores, with the base's graphs cached."""


def preview_seconds(base: str, bytecode: Path | None = None, *more: str) -> float:
    """Run the command once, as a person would, and return its wall time."""
    extra = {"PYTHONPYCACHEPREFIX": str(bytecode), "PYTHONDONTWRITEBYTECODE": ""} if bytecode else {}
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "scripts.cli", "preview", "--base", base, "--offline", "--format", "markdown", *more],
        cwd=ROOT,
        env={**os.environ, **extra},
        capture_output=True,
        text=True,
    )
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return time.perf_counter() - begin


def cpu_seconds(base: str) -> float:
    """Return the processor time of one cached preview with all its processes: what a busy machine does not blur."""
    before = os.times()
    preview_seconds(base)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def cold_seconds(base: str) -> float:
    """Run the command with an empty cache."""
    shutil.rmtree(CACHE, ignore_errors=True)
    return preview_seconds(base)


def one_cloud(cloud: str) -> dict[str, float]:
    """Record one cloud alone and return its process's largest resident set and processor time."""
    with tempfile.TemporaryFile() as nowhere:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "infra.record", cloud], cwd=ROOT, stdout=nowhere
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"the program for {cloud} does not run")
    # Linux counts in KiB, macOS in bytes.
    mib = used.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
    return {"memory_mib": round(mib, 1), "cpu_seconds": round(used.ru_utime + used.ru_stime, 2)}


def aws_types() -> list[str]:
    """Return the type of every AWS resource of our own stack."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "infra.record", "aws"], cwd=ROOT, capture_output=True, check=True
    )
    return [one["type"] for one in json.loads(done.stdout)["resources"] if one["type"].startswith("aws:")]


def peers(base: str) -> dict[str, Any]:
    """Return our time for AWS alone and each peer's; a peer that does not run has no ratio, and says why."""
    ours = preview_seconds(base, None, "--cloud", "aws")
    found = {"terraform plan": terraform_seconds(aws_types()), "pulumi preview": pulumi_seconds("aws")}
    return {"ours_aws_seconds": round(ours, 2)} | {
        name: {
            "seconds": seconds and round(seconds, 2),
            "ratio": seconds and round(ours / seconds, 2),
            "why_not": why,
        }
        for name, (seconds, why) in found.items()
    }


def measure(runs: int, base: str) -> dict[str, Any]:
    """Return every figure of the bench."""
    times = {
        "cold_seconds": [cold_seconds(base) for _ in range(runs)],
        "cached_seconds": [preview_seconds(base) for _ in range(runs)],
    }
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder:
        times["without_bytecode_seconds"] = [preview_seconds(base, Path(folder))]
    spread = {
        name: {"min": round(min(found), 2), "median": round(statistics.median(found), 2), "max": round(max(found), 2)}
        for name, found in times.items()
    }
    return {
        "runs": runs,
        **spread,
        "cached_cpu_seconds": round(cpu_seconds(base), 2),
        "peers": peers(base),
        "clouds": {cloud: one_cloud(cloud) for cloud in CLOUDS},
        "within_limits": {name: spread[name]["median"] <= limit for name, limit in LIMITS.items()},
        "machine": {"cores": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()},
    }


def rows(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the table: what was measured, the figure, and what is promised of it or why there is none."""
    found = []
    for name in ("cold_seconds", "cached_seconds", "without_bytecode_seconds"):
        told, limit = result[name], LIMITS.get(name)
        shown = f"{told['median']:.2f} s ({told['min']:.2f} to {told['max']:.2f})"
        found.append((NAMES[name], shown, f"at most {limit:g} s" if limit else ""))
    found.append(("the same, processor time", f"{result['cached_cpu_seconds']:.2f} s", ""))
    for cloud, told in result["clouds"].items():
        found.append((f"{cloud} alone", f"{told['cpu_seconds']:.2f} s of processor, {told['memory_mib']:.0f} MiB", ""))
    found.append(("AWS alone, as a person runs it", f"{result['peers']['ours_aws_seconds']:.2f} s", ""))
    for name in ("terraform plan", "pulumi preview"):
        told = result["peers"][name]
        shown = f"{told['seconds']:.2f} s, ours is {told['ratio']} of it" if told["seconds"] else "not measured"
        found.append((f"{name}, AWS", shown, told["why_not"]))
    return found


NAMES = {
    "cold_seconds": "three clouds, the base recorded too",
    "cached_seconds": "three clouds, the base cached",
    "without_bytecode_seconds": "three clouds, no bytecode",
}


def report(result: dict[str, Any]) -> str:
    """Return the record that docs/evidence keeps."""
    head = (
        "# How long a preview takes\n\n"
        f"Written by `python -m tests.bench.preview --write` at {utc()}, commit {commit()}; {machine()}, "
        f"load {result['machine']['load']:.1f} at the end. Medians, with the least and the most, of {result['runs']} runs; "
        "each runs the whole command. `pulumi preview` runs the same stack on a provider double, so no network is in it.\n\n"
    )
    return head + markdown(("what", "measured", "promised, or why not"), rows(result)) + "\n"


def main() -> None:
    """Run the bench and print its table, and its JSON object as the last line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.preview", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--base", default="HEAD")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="write docs/evidence/preview.md")
    options = parser.parse_args()
    result = measure(options.runs, options.base)
    for what, shown, more in rows(result):
        print(f"{what:36} {shown:36} {more}".rstrip())
    told = result["machine"]
    print(f"{'machine':36} {told['cores']} cores, load {told['load']:.1f}, Python {told['python']}")
    if options.write:
        (EVIDENCE / "preview.md").write_text(report(result))
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
