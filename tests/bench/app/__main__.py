"""`python -m tests.bench.app [--seconds 3] [--turns 3] [--only home ...] [--write]`: what the app costs, beside a bare one.

Home and public timeline, a post, a picture; 1, 8 and 64 clients; the app and a bare FastAPI and psycopg program in
turns, which send the same SQL and answer the same bytes. --write makes docs/evidence/app.md of all runs.
"""

import argparse
from typing import Any

from tests.bench.app import compare, growth, memory, profile, report
from tests.bench.app.report import NAMES
from tests.bench.records import RunFile

RUNS = RunFile.of("app")


def main() -> None:
    """Measure what was asked for, print it, and write the report if asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.app", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each turn takes")
    parser.add_argument("--turns", type=int, default=3, help="of each program; 0 measures nothing")
    parser.add_argument("--posts", type=int, default=compare.POSTS, help="in the database")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--memory", type=int, default=0, help="so many requests, to see whether the process grows")
    parser.add_argument("--profile", action="store_true", help="write docs/evidence/app-profile.md")
    parser.add_argument("--grow", type=int, nargs="+", default=[], help="home timelines at these numbers of posts")
    parser.add_argument("--write", action="store_true", help="write docs/evidence/app.md of all runs")
    options = parser.parse_args()
    if options.turns or options.memory or options.profile:
        with compare.running(options.posts) as bench:
            for run in compare.compare(bench, options.only, options.seconds, options.turns) if options.turns else ():
                _note(run)
            if options.memory:
                RUNS.add({"memory": memory.held(bench, options.memory)})
            if options.profile:
                profile.write(bench)
    for run in growth.grown(options.grow) if options.grow else ():
        print(RUNS.add(run), flush=True)
    if options.write:
        report.write(RUNS.keep())


def _note(run: dict[str, Any]) -> None:
    RUNS.add(run)
    rate, per_core = run["requests"] / run["took"], run["requests"] / run["cpu"]
    print(
        f"{run['scenario']:8} {run['clients']:3} {run['program']:5} {rate:8.1f}/s {per_core:8.1f}/core-s"
        f" p50 {run['p50']:8.2f} p99 {run['p99']:8.2f} client {run['busy']:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
