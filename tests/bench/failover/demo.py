"""`python -m tests.bench.failover --demo [--runs 5] [--json]`: cold start, and kill to first acknowledged write.

Each run is one whole demo: three sites from nothing, eight people posting, the primary's site ended with SIGKILL, and
the runbook's failover, detection included. Prints min, median and max; with --json one object as the last line.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
from pathlib import Path
from typing import Any

from scripts import demo
from scripts.console import Console
from scripts.embedded import local_sites
from scripts.embedded.layout import LocalSettings

FIGURES = ("cold_start_seconds", "rto_seconds", "memory_mib")


def one_run(port: int) -> dict[str, Any]:
    """Run one demo in a folder of its own and return what it showed."""
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder:
        Path(folder).chmod(0o755)
        settings = LocalSettings(Path(folder) / "local", edge_port=port)
        console = Console(settings.folder)
        running = local_sites.up(settings, lambda sentence: None)
        try:
            return demo.show_a_death(running, console).to_json()
        finally:
            local_sites.down(settings)


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return min, median and max of each figure, and how much was lost in all runs together."""
    spread = {
        name: {"min": min(values), "median": round(statistics.median(values), 3), "max": max(values)}
        for name in FIGURES
        if (values := [run[name] for run in runs])
    }
    totals = {
        name: sum(run[name] for run in runs) for name in ("acked", "lost", "unknown", "images_acked", "images_lost")
    }
    machine = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0], "python": platform.python_version()}
    return {"runs": len(runs), **spread, **totals, "machine": machine}


def main() -> None:
    """Run the bench and print its table or its JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.failover --demo", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    runs = []
    for number in range(1, options.runs + 1):
        runs.append(one_run(options.port))
        cold, silent, lost = (runs[-1][name] for name in ("cold_start_seconds", "rto_seconds", "lost"))
        print(
            f"run {number}: cold start {cold} s, kill to first acknowledged write {silent} s, lost {lost}", flush=True
        )
    result = summary(runs)
    for name in FIGURES:
        print(
            f"{name:20} min {result[name]['min']:8.2f}   median {result[name]['median']:8.2f}   max {result[name]['max']:8.2f}"
        )
    print(
        f"{'acknowledged':20} {result['acked']} posts, {result['images_acked']} pictures; lost {result['lost']} and {result['images_lost']}"
    )
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
