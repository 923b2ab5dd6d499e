"""`python -m tests.bench.simulation [--seeds 200] [--write]`: how much simulated time a second of one core gives.

Seeds that an earlier run did are not done again: 10,000 of them add up over as many runs as it takes. --write makes
docs/evidence/simulation.md of all runs so far. The goal is one simulated hour a second and core.
"""

import argparse
import os
import time
from typing import Any

from tests.bench.records import EVIDENCE, RunFile, machine, markdown
from tests.simulation.mutants import MUTANTS
from tests.simulation.world import simulate

CHUNK = 50
SIMULATED_SECONDS = 1500.0
GOAL = 3600.0


def run_chunk(first: int) -> dict[str, Any]:
    """Simulate the seeds of one chunk; times in seconds, of this core alone and on the clock."""
    core, clock = time.process_time(), time.perf_counter()
    reports = {seed: simulate(seed, seconds=SIMULATED_SECONDS) for seed in range(first, first + CHUNK)}
    return {
        "first": first,
        "seeds": CHUNK,
        "simulated": sum(report.simulated_seconds for report in reports.values()),
        "core": round(time.process_time() - core, 2),
        "clock": round(time.perf_counter() - clock, 2),
        "takeovers": sum(report.takeovers for report in reports.values()),
        "acknowledged": sum(report.acknowledged for report in reports.values()),
        "violations": {seed: report.violations for seed, report in reports.items() if report.violations},
    }


def totals(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up all chunks."""
    added = {
        name: sum(run[name] for run in runs)
        for name in ("seeds", "simulated", "core", "clock", "takeovers", "acknowledged")
    }
    added["violations"] = {seed: found for run in runs for seed, found in run["violations"].items()}
    added["speed"] = round(added["simulated"] / added["core"])
    return added


def report(runs: list[dict[str, Any]]) -> str:
    """Return the record as Markdown."""
    added = totals(runs)
    rows = [
        ("seeds", f"{added['seeds']:,}"),
        ("simulated time", f"{added['simulated'] / 3600:,.0f} hours"),
        ("takeovers", f"{added['takeovers']:,}"),
        ("acknowledged writes", f"{added['acknowledged']:,}"),
        ("seeds in which an invariant broke", f"{len(added['violations'])}"),
        ("simulated seconds for each second of one core", f"{added['speed']:,} (goal {GOAL:,.0f})"),
    ]
    return (
        "# Simulation of register, lease, fence and acknowledgement\n\n"
        "Written by `python -m tests.bench.simulation --write`. The register, the lease and the rules are the product's own\n"
        "code; stores, network, clocks and databases are simulated (`tests/simulation/`). Checked: one holder an epoch,\n"
        "no two sites writable at once in mode auto, growing epochs, every acknowledged write in every later primary.\n\n"
        + markdown(("what", "figure"), rows)
        + f"\nFrom {runs[0]['at']} to {runs[-1]['at']}, commits {', '.join(sorted({run['commit'] for run in runs}))}.\n"
        f"{machine()}. The machine did other work beside it, so speed is counted in seconds of the core.\n"
        "\n## Broken on purpose\n\nEach wrong variant must be caught, or the simulation proves nothing about it.\n\n"
        + markdown(("variant", "caught by"), sorted(MUTANTS.items()))
    )


def main() -> None:
    """Simulate what is missing of the seeds asked for, and print the speed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.simulation", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--write", action="store_true", help="write docs/evidence/simulation.md")
    options = parser.parse_args()
    file = RunFile.of("simulation")
    done = {run["first"] for run in file.read()}
    for first in range(0, options.seeds, CHUNK):
        if first not in done:
            file.add(run_chunk(first))
    added = totals(file.read())
    print(
        f"{added['seeds']} seeds, {added['takeovers']} takeovers, {added['acknowledged']} acknowledged writes, "
        f"{len(added['violations'])} seeds with a violation, {added['speed']} simulated seconds a second of one core "
        f"(load of the machine {os.getloadavg()[0]:.1f})"
    )
    if options.write:
        (EVIDENCE / "simulation.md").write_text(report(file.keep()))


if __name__ == "__main__":
    main()
