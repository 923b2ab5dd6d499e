"""`python -m tests.matrix [--full] [--cells 13F 9P ...]`: runs the failure matrix and writes docs/failure-matrix.md.

Without anything it is the fixed spread of 25 cells; --full is every test of every cell. The newest result of each test is
kept as soon as it has ended, so runs add up: `--full --new --seconds 1800` goes on with what no run came to yet. It may be
ended and started again at any time. A cell without a test is shown as empty.
"""

import argparse
import os
import sys
import time
from typing import Any

import pytest

from tests.bench.records import ROOT, RunFile, machine, markdown
from tests.matrix.cells import APPLIES, CELLS, EMPTY, FAULTS, STEPS, Cell, cell_tests, daily

RESULTS = RunFile.of("matrix")
TABLE = ROOT / "docs" / "failure-matrix.md"


class Recorder:
    """Keeps how every test ended, and begins none after so many seconds."""

    def __init__(self, tests: tuple[str, ...], seconds: float) -> None:
        self.ended: dict[str, str] = {}
        self.kept: set[str] = set()
        self._tests, self._until = tests, time.monotonic() + seconds
        self._session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        if nodeid in self._tests:
            self.keep(nodeid)
        if self._session and time.monotonic() > self._until:
            self._session.shouldstop = "the time that was given is over"

    @property
    def is_cut_short(self) -> bool:
        return self._session is None or bool(self._session.shouldstop)

    def keep(self, test: str) -> None:
        """Write down how a test ended, if it ran."""
        if test not in self.kept and (outcome := self.outcome(test)) != "did not run":
            self.kept.add(test)
            RESULTS.add({"test": test, "outcome": outcome})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            worst = self.ended.get(report.nodeid)
            self.ended[report.nodeid] = worst if worst == "failed" else report.outcome

    def outcome(self, test: str) -> str:
        """Return how a test ended, the worst of all its cases where it has several."""
        ended = {outcome for name, outcome in self.ended.items() if name == test or name.startswith(f"{test}[")}
        return next((worst for worst in ("failed", "skipped", "passed") if worst in ended), "did not run")


def run(tests: tuple[str, ...], seconds: float) -> None:
    """Run tests by name, in this process, and keep how each ended; none is begun after so many seconds."""
    recorder = Recorder(tests, seconds)
    os.environ["LIFEBOAT_MATRIX"] = "1"
    pytest.main(["-q", "-p", "no:cacheprovider", "--no-header", *tests], plugins=[recorder])
    if not recorder.is_cut_short:  # then a test of several cases may have come to some of them only
        for test in tests:
            recorder.keep(test)


def newest() -> dict[str, dict[str, Any]]:
    """Return the newest result of each test."""
    return {result["test"]: result for result in RESULTS.read()}


def table(results: dict[str, dict[str, Any]]) -> str:
    """Return the matrix as Markdown."""
    rows = [
        (fault, FAULTS[fault], *(_cell((fault, step), results) if step in APPLIES[fault] else "·" for step in STEPS))
        for fault in FAULTS
    ]
    named = sorted({result["at"][:10] for result in results.values()})
    commits = sorted({result["commit"] for result in results.values()})
    failed = [f"- `{test}`" for test, result in sorted(results.items()) if result["outcome"] == "failed"]
    whole = sum(_is_whole(cell, results) for cell in CELLS)
    return "\n".join([
        "# Failure matrix\n",
        "Written by `python -m tests.matrix` (`--full`: every test). Each cell counts its tests: on three running sites the\n"
        "fault strikes at the entry of a step, in its middle, or when it has acted and its record is not yet written; then\n"
        "the runbook is killed with SIGKILL, goes on, and must reach the same end. The others test the parts.\n",
        f"Of {len(CELLS)} cells {whole} have every test passed, {len(CELLS) - whole - len(EMPTY)} have tests that failed or"
        f" were not run, and {len(EMPTY)} are empty: nothing tests them yet.\n",
        markdown(("", "fault", *(f"{step} {name}" for step, name in STEPS.items())), rows),
        "`3/3`: of three tests three passed when they last ran. `2/3, 1 failed`, `1/3, 2 not run`. Blank: empty. `·`: the fault"
        " does not apply there.\n",
        "## Failed\n", *(failed or ["None."]),
        f"\nRuns of {', '.join(named) or 'no day'}, commits {', '.join(commits) or 'none'}. {machine()}.\n",
    ])  # fmt: skip


def _cell(cell: Cell, results: dict[str, dict[str, Any]]) -> str:
    tests = cell_tests(cell)
    if not tests:
        return ""
    outcomes = [results[test]["outcome"] if test in results else "not run" for test in tests]
    counts = {
        "failed": outcomes.count("failed"),
        "skipped": outcomes.count("skipped"),
        "not run": len([outcome for outcome in outcomes if outcome in ("not run", "did not run")]),
    }
    return ", ".join(
        [f"{outcomes.count('passed')}/{len(tests)}", *(f"{count} {what}" for what, count in counts.items() if count)]
    )


def _is_whole(cell: Cell, results: dict[str, dict[str, Any]]) -> bool:
    tests = cell_tests(cell)
    return bool(tests) and all(test in results and results[test]["outcome"] == "passed" for test in tests)


def main() -> None:
    """Run what was asked for, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--full", action="store_true", help="every test of every cell")
    parser.add_argument(
        "--cells", nargs="*", metavar="CELL", help="only these, such as 13F 9P; none: only write the table"
    )
    parser.add_argument("--new", action="store_true", help="only tests that no run came to yet")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no test after so many seconds")
    options = parser.parse_args()
    tests = daily()
    if options.full or options.cells is not None:
        names = {f"{fault}{step}": (fault, step) for fault, step in CELLS}
        chosen = CELLS if options.cells is None else [names[name] for name in options.cells]
        tests = tuple(dict.fromkeys(test for cell in chosen for test in cell_tests(cell)))
    if options.new:
        known = newest()
        tests = tuple(test for test in tests if known.get(test, {}).get("outcome", "did not run") == "did not run")
    if tests:
        run(tests, options.seconds)
    RESULTS.keep()
    results = newest()
    TABLE.write_text(table(results))
    sys.exit(1 if any(results.get(test, {}).get("outcome") == "failed" for test in tests) else 0)


if __name__ == "__main__":
    main()
