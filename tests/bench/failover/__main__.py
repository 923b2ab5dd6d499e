"""`python -m tests.bench.failover [--runs 3] [--only KIND ...] [--write]`: a whole node dies; how long can nobody write?

Lifeboat, Patroni with etcd at two ttls, and pg_auto_failover, by the same client with the same load. Runs add up over
days; --write makes docs/evidence/failover.md of all of them. A peer that is not installed is skipped
with its reason: python -m tests.bench.peers installs it. --demo is the whole path through DNS and the edge instead.
"""

import argparse
import logging
import sys
from typing import Any

from tests.bench.failover import demo
from tests.bench.failover.clusters import KINDS, measure
from tests.bench.failover.report import write
from tests.bench.records import RunFile, spread

RUNS = RunFile.of("failover")


def main() -> None:
    """Run what was asked for, and print min, median and max of all runs so far."""
    if "--demo" in sys.argv:
        sys.argv.remove("--demo")
        demo.main()
        return
    parser = argparse.ArgumentParser(prog="python -m tests.bench.failover", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="of each kind, beside what earlier runs did")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--write", action="store_true", help="write the report of all runs so far")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # a client that tries every address has a lot to say about dead ones
    for kind in options.only:
        if reason := KINDS[kind][0]():
            print(f"{kind}: skipped: {reason}")
        elif options.runs:
            measure(kind, options.runs, _note)
    if options.write:
        write(RUNS.keep())


def _note(run: dict[str, Any]) -> None:
    RUNS.add(run)
    found = spread(one["failover"] for one in RUNS.read() if one["cluster"] == run["cluster"])
    print(
        f"{run['cluster']}: died {run['failover']} s, handed over {run['switchover']} s; deaths so far {found}",
        flush=True,
    )


if __name__ == "__main__":
    main()
