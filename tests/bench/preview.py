"""`python -m tests.bench.preview [--runs 3] [--base REF] [--json]`: how long a preview of all three clouds takes.

cold: the base's graphs are recorded too; cached: they come from the cache; without bytecode: every module is compiled
first, as in a container that keeps none. Memory is the largest resident set of each cloud's own process, in MiB.
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

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".lifeboat" / "preview"
LIMITS = {"cached_seconds": 5.0, "without_bytecode_seconds": 14.0}
"""What is promised on two cores, with the base's graphs cached."""


def preview_seconds(base: str, bytecode: Path | None = None, *more: str) -> float:
    """Run the command once, as a person would, and return its wall time."""
    extra = {"PYTHONPYCACHEPREFIX": str(bytecode), "PYTHONDONTWRITEBYTECODE": ""} if bytecode else {}
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "scripts.cli", "preview", "--base", base, "--format", "markdown", *more],
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


def memory_mib(cloud: str) -> float:
    """Record one cloud alone and return the largest resident set of its process."""
    with tempfile.TemporaryFile() as nowhere:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "infra.record", cloud], cwd=ROOT, stdout=nowhere
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"the program for {cloud} does not run")
    # Linux counts in KiB, macOS in bytes.
    return used.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)


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
    machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()}
    return {
        "runs": runs,
        **spread,
        "cached_cpu_seconds": round(cpu_seconds(base), 2),
        "peers": peers(base),
        "memory_mib": {cloud: round(memory_mib(cloud), 1) for cloud in CLOUDS},
        "within_limits": {name: spread[name]["median"] <= limit for name, limit in LIMITS.items()},
        "machine": machine,
    }


def main() -> None:
    """Run the bench and print its table, and its JSON object as the last line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.preview", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--base", default="HEAD")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    result = measure(options.runs, options.base)
    for name in ("cold_seconds", "cached_seconds", "without_bytecode_seconds"):
        found = result[name]
        print(f"{name:26} min {found['min']:6.2f}   median {found['median']:6.2f}   max {found['max']:6.2f}")
    print(f"{'cached, processor time':26} {result['cached_cpu_seconds']:.2f} s")
    for cloud, used in result["memory_mib"].items():
        print(f"{'memory ' + cloud:26} {used:.0f} MiB")
    print(f"{'ours, AWS alone':26} {result['peers']['ours_aws_seconds']:.2f} s")
    for name, told in [one for one in result["peers"].items() if one[0] != "ours_aws_seconds"]:
        shown = f"{told['seconds']:.2f} s   ratio {told['ratio']}" if told["seconds"] else f"-   ({told['why_not']})"
        print(f"{name + ', AWS':26} {shown}")
    machine = result["machine"]
    print(f"{'machine':26} {machine['cores']} cores, load {machine['load']:.1f}, Python {machine['python']}")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
