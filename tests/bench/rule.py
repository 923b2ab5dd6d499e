"""`python -m tests.bench.rule [--writers 8] [--json] [--write]`: what people wait for while a standby is killed, then hangs, under load.

Three local sites; people post text through the app's address. The peer is the same run before the fault: the extra is the
longest wait of an acknowledged post during the fault less the longest before it. Then both standbys hang.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg

from scripts.embedded import coming_back, harm, local_sites
from scripts.embedded.layout import LocalSettings
from scripts.embedded.local_sites import LocalSites
from scripts.runbook import fence, sites
from scripts.runbook.rule import Rule
from tests.bench.records import EVIDENCE, RunFile, machine, markdown
from tests.timed_writers import Timed, TimedWriters

GOAL_SECONDS = 0.5
BEFORE_SECONDS, AFTER_SECONDS = 10.0, 3.0
BOTH = Rule.of("gcp", "azure")
RUNS = RunFile.of("rule")
HEAD = ("at", "commit", "writers", "fault", "posts", "longest before", "during", "extra", "left after", "back after",
        "unknown", "load")  # fmt: skip


class Bench:
    """One run: its sites, its writers, and what was measured."""

    def __init__(self, local: LocalSites, writers: TimedWriters) -> None:
        self.local, self.writers = local, writers
        self.agent_url = sites.load(local.layout.folder).agent_url("aws")

    def wait_for(self, wanted: Rule, patience_seconds: float = 60) -> float:
        """Wait until the primary obeys a rule, and return the seconds; raises TimeoutError."""
        began = time.monotonic()
        with psycopg.connect(self.agent_url, autocommit=True) as connection:
            while fence.read(connection).rule != wanted:
                if time.monotonic() - began > patience_seconds:
                    raise TimeoutError(f"the rule is {fence.read(connection).rule}, not {wanted}")
                time.sleep(0.05)
        return round(time.monotonic() - began, 2)

    def fault(self, begin: Callable[[], object], end: Callable[[], object]) -> dict[str, Any]:
        """Measure before a fault of gcp, during it, and how soon it left the rule and came back."""
        before = time.monotonic()
        time.sleep(BEFORE_SECONDS)
        fault = time.monotonic()
        begin()
        left = self.wait_for(Rule.of("azure"))
        time.sleep(AFTER_SECONDS)
        over = time.monotonic()
        end()
        returned = self.wait_for(BOTH)
        time.sleep(AFTER_SECONDS)
        normal, during = self._longest(before, fault), self._longest(fault, over)
        return {
            "normal": normal, "during": during, "extra_seconds": round(during["max"] - normal["max"], 3),
            "left_after_seconds": left, "returned_after_seconds": returned, "goal_seconds": GOAL_SECONDS,
        }  # fmt: skip

    def _longest(self, start: float, end: float) -> dict[str, Any]:
        waited = sorted(one.seconds for one in self._inside(start, end))
        return {
            "posts": len(waited),
            "median": round(statistics.median(waited), 3),
            "p99": round(waited[int(0.99 * (len(waited) - 1))], 3),
            "max": round(waited[-1], 3),
        }

    def _inside(self, start: float, end: float) -> list[Timed]:
        return [one for one in self.writers.between(start, end) if one.began >= start]

    def nobody(self) -> dict[str, Any]:
        """Let both standbys hang, and return what one post is answered and after how many seconds."""
        token = asyncio.run(_token(self.writers.url))
        for site in BOTH.sites:
            harm.pause(self.local.layout.folder, site)
        time.sleep(7)
        asked = time.monotonic()
        answer = httpx.post(f"{self.writers.url}/api/v1/statuses", json={"status": "to nobody"}, timeout=60,
                            headers={"Authorization": f"Bearer {token}"}, trust_env=False)  # fmt: skip
        waited = round(time.monotonic() - asked, 2)
        with psycopg.connect(self.agent_url, autocommit=True) as connection:
            rule = fence.read(connection).rule.to_json()
        for site in BOTH.sites:
            harm.resume(self.local.layout.folder, site)
        said = answer.json().get("error")
        return {"status": answer.status_code, "says": said, "after_seconds": waited, "rule": rule,
                "whole_again_after_seconds": self.wait_for(BOTH)}  # fmt: skip


async def _token(url: str) -> str:
    writers = TimedWriters(url, 0)
    application = await writers._sign_up_application()
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        return await writers._sign_up(client, 0, application)


async def measure(local: LocalSites, url: str, count: int) -> dict[str, Any]:
    """Run both faults under load and the last one without it."""
    writers = TimedWriters(url, count)
    bench = Bench(local, writers)
    await writers.start()
    folder = local.layout.folder
    killed = await asyncio.to_thread(
        bench.fault, lambda: local.supervisor.kill("gcp"), lambda: coming_back.start(folder, "gcp", lambda _: None)
    )
    hung = await asyncio.to_thread(
        bench.fault,
        lambda: harm.pause(folder, "gcp"),
        lambda: harm.resume(folder, "gcp"),
    )
    await writers.stop()
    nobody = await asyncio.to_thread(bench.nobody)
    return {"writers": count, "acked": len(writers.ledger.posts), "unknown": writers.ledger.unknown,
            "refused": writers.ledger.refused, "killed": killed, "hung": hung, "nobody": nobody,
            "load_after": round(os.getloadavg()[0], 1)}  # fmt: skip


def report(runs: list[dict[str, Any]]) -> str:
    """Return the page that stands in docs/evidence."""
    return (
        "# A standby dies or hangs under load\n\n"
        "Written by `python -m tests.bench.rule --write`. People post text through the app's address while one standby is killed,\n"
        f"then stopped. The extra is the longest wait during the fault less the longest in the {BEFORE_SECONDS:g} s before it (goal:\n"
        f"at most {GOAL_SECONDS:g}). Seconds throughout; back: from the start or the waking to the rule naming it again.\n\n"
        + markdown(HEAD, [_row(run, fault) for run in runs for fault in ("killed", "hung")])
        + f"\nBoth standbys hang: {runs[-1]['nobody']['status']} after {runs[-1]['nobody']['after_seconds']} s, "
        f'"{runs[-1]["nobody"]["says"]}"; the rule stays {runs[-1]["nobody"]["rule"]}.\n\n{machine()}. '
        "Other work ran beside it: see the load.\n"
    )


def _row(run: dict[str, Any], fault: str) -> tuple[object, ...]:
    one = run[fault]
    waits = (one["normal"]["max"], one["during"]["max"], one["extra_seconds"])
    return (run["at"], run["commit"], run["writers"], fault, one["during"]["posts"], *waits, one["left_after_seconds"],
            one["returned_after_seconds"], run["unknown"], run["load_after"])  # fmt: skip


def main() -> None:
    """Run the bench and print its lines or its JSON object."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rule", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="add the run to docs/evidence/rule.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder:
        Path(folder).chmod(0o755)
        settings = LocalSettings(Path(folder) / "local", edge_port=options.port)
        local = local_sites.up(settings, lambda sentence: None)
        try:
            result = asyncio.run(measure(local, f"http://127.0.0.1:{options.port}", options.writers))
        finally:
            local_sites.down(settings)
    for fault in ("killed", "hung"):
        one = result[fault]
        print(f"one standby {fault}: longest wait {one['during']['max']} s, before {one['normal']['max']} s, extra "
              f"{one['extra_seconds']} s (goal {GOAL_SECONDS}); left after {one['left_after_seconds']} s, back "
              f"{one['returned_after_seconds']} s after its return")  # fmt: skip
    print(
        f"both hang: {result['nobody']['status']} after {result['nobody']['after_seconds']} s: {result['nobody']['says']}"
    )
    if options.write:
        RUNS.add(result)
        (EVIDENCE / "rule.md").write_text(report(RUNS.keep()))
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
