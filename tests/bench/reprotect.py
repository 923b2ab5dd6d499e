"""`python -m tests.bench.reprotect [--large] [--write]`: following a new primary from a slot, against PostgreSQL's own copy.

Three servers for each size, 0.1 and 1 GiB (and 4 with --large). In one run: the third site's first copy, made by
PostgreSQL itself; the primary's death; the third site's change to the new primary until it has that one's first write;
and the old primary's return, with a tail of 100 rows of its own, until it has the newest write. Then all rows are compared.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from scripts.runbook import bootstrap, fence, replication, rewind, salvage, takeovers, understudies
from scripts.runbook.replication import Following, slot_name
from scripts.runbook.return_talk import Ask
from scripts.runbook.rule import Rule
from scripts.runbook.tail import asked_tables, own_rows, read_tail
from scripts.runbook.welcome import welcome
from tests.bench.records import EVIDENCE, RunFile, machine, markdown
from tests.conftest import RunningPostgres, create_postgres

SIZES_GIB, LARGE_GIB = (0.1, 1.0), 4.0
GOAL_RATIO = 50.0
TAIL_ROWS = 100
ROW_BYTES = 1024
RULE = Rule.of("gcp", "azure")
RUNS = RunFile.of("reprotect")
HEAD = ("at", "commit", "GiB", "copy", "re-protect", "times as fast", "return of the old primary",
        "rows of all three")  # fmt: skip


class Site:
    """One server with a table of posts."""

    def __init__(self, name: str, folder: Path, stack: ExitStack) -> None:
        self.name = name
        self.running: RunningPostgres = create_postgres(folder / name)
        stack.callback(self.running.stop)
        bootstrap.create_machinery(self.running.owner_url, name, 1, RULE)
        with psycopg.connect(self.running.owner_url) as owner:
            owner.execute("CREATE TABLE post (id bigint PRIMARY KEY, body text)")
            owner.execute("SELECT lifeboat.guard('post')")
            bootstrap.publish(owner, ["public.post", "lifeboat.heartbeat"])
        self.connect()

    def connect(self) -> None:
        self.agent = psycopg.connect(self.running.agent_url, autocommit=True)

    def starts_again(self) -> None:
        self.running.start()
        self.connect()

    @property
    def conninfo(self) -> str:
        return self.running.server.url("lifeboat_replication", self.running.passwords.replication, verify=False)

    def open(self, epoch: int) -> None:
        fence.open_for(self.agent, epoch, RULE, fence.clock(self.agent) + 36_000)

    def write(self, first: int, count: int) -> None:
        body = "repeat(md5(n::text), 32)"
        with psycopg.connect(self.running.url) as app:
            app.execute(f"INSERT INTO post SELECT n, {body} FROM generate_series({first}, {first + count - 1}) n")

    def waits_for(self, number: int) -> None:
        query = "SELECT 1 FROM post WHERE id = %s"
        replication.wait_until(lambda: self.agent.execute(query, (number,)).fetchone() is not None, "it lags", 600)

    def follows(self, primary: "Site", epoch: int, *, copy: bool) -> None:
        replication.follow(self.agent, self.name, Following(primary.name, epoch), primary.conninfo, copy=copy)
        replication.wait_until_copied(self.agent, 3600)

    def digest(self) -> Any:
        return self.agent.execute("SELECT count(*), sum(id), sum(hashtext(body)::bigint) FROM post").fetchone()


def timed(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return round(time.monotonic() - began, 3)


def one_size(gib: float, folder: Path) -> dict[str, Any]:
    """Measure one size on three fresh servers."""
    rows = int(gib * 2**30 / ROW_BYTES)
    with ExitStack() as stack:
        aws, gcp, azure = (Site(name, folder, stack) for name in ("aws", "gcp", "azure"))
        aws.open(1)
        aws.write(1, rows)
        gcp.follows(aws, 1, copy=True)
        copied = timed(lambda: azure.follows(aws, 1, copy=True))
        prepare(aws, gcp, azure, rows)
        take_over(aws, gcp, rows)
        reprotected = timed(lambda: reprotect(gcp, azure, rows))
        aws.starts_again()
        rejoined = timed(lambda: rejoin(aws, gcp, rows))
        for site in (azure, aws):
            site.waits_for(rows + 3)
        same = aws.digest() == gcp.digest() == azure.digest()
    return {"gib": gib, "copy_seconds": copied, "reprotect_seconds": reprotected, "rejoin_seconds": rejoined,
            "ratio": round(copied / reprotected, 1), "identical": same}  # fmt: skip


def prepare(aws: Site, gcp: Site, azure: Site, rows: int) -> None:
    """Keep the way back open, as the agents do, and let the old primary have a tail that nobody hears of."""
    for site, other in ((gcp, azure), (azure, gcp)):
        understudies.ensure_slot(site.agent, other.name)
    aws.write(rows + 1, 1)
    for site, other in ((gcp, azure), (azure, gcp)):
        site.waits_for(rows + 1)
        position = understudies.applied_position(site.agent, "aws")
        understudies.keep_understudies(site.agent, "aws", {other.name: position})
    for site in (gcp, azure):
        replication.stop_applying(site.agent, "aws")
    aws.write(rows + 1000, TAIL_ROWS)


def take_over(aws: Site, gcp: Site, rows: int) -> None:
    """End the old primary; the new one stands alone and takes its first write."""
    process = aws.running.process
    if process is None:
        raise RuntimeError("the old primary's server does not run")
    process.kill()
    process.wait()
    position = understudies.applied_position(gcp.agent, "aws")
    understudies.ensure_slot(gcp.agent, "aws")
    understudies.prepare_slot(gcp.agent, "azure", "aws", position, 2)
    takeovers.note_taking_over(gcp.agent, "aws", position, 2)
    replication.stop_following(gcp.agent)
    gcp.open(2)
    gcp.write(rows + 2, 1)


def reprotect(gcp: Site, azure: Site, rows: int) -> None:
    """The third site follows the new primary from its understudy slot."""
    replication.forget(azure.agent, "aws")
    azure.follows(gcp, 2, copy=False)
    azure.waits_for(rows + 2)


def rejoin(aws: Site, gcp: Site, rows: int) -> None:
    """The old primary gives up its tail and follows."""
    fence.close(aws.agent)
    took = takeovers.taken_over(gcp.agent, 2)
    if took is None:
        raise RuntimeError("the new primary does not know how it took over")
    tail = read_tail(aws.agent, slot_name("gcp"), took.position, None)
    answer = welcome(gcp.agent, Ask.of("aws", "gcp", 2, None, tables=asked_tables(aws.agent, tail)))
    if answer.refusal or tail.row_count < TAIL_ROWS:
        raise RuntimeError(f"the tail has {tail.row_count} rows: {answer.refusal}")
    rewind.rewind(aws.agent, salvage.replacements(tail, own_rows(aws.agent, tail), answer), 2)
    aws.follows(gcp, 2, copy=False)
    gcp.write(rows + 3, 1)
    aws.waits_for(rows + 3)


def main() -> None:
    """Run every size, print a line for each, and keep the runs."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.reprotect", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--large", action="store_true", help=f"{LARGE_GIB:g} GiB as well")
    parser.add_argument("--write", action="store_true", help="write the report of all runs so far")
    options = parser.parse_args()
    for gib in (*SIZES_GIB, *([LARGE_GIB] if options.large else [])):
        with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder:
            Path(folder).chmod(0o755)
            run = RUNS.add(one_size(gib, Path(folder)))
        print(
            f"{gib:g} GiB: copy {run['copy_seconds']} s, re-protect {run['reprotect_seconds']} s ({run['ratio']} x), "
            f"rejoin {run['rejoin_seconds']} s, data {'identical' if run['identical'] else 'DIFFERENT'}", flush=True
        )  # fmt: skip
    if options.write:
        (EVIDENCE / "reprotect.md").write_text(_report(RUNS.keep()))


def _report(runs: list[dict[str, Any]]) -> str:
    rows = [
        (run["at"], run["commit"], f"{run['gib']:g}", run["copy_seconds"], run["reprotect_seconds"], run["ratio"],
         run["rejoin_seconds"], "identical" if run["identical"] else "DIFFERENT")
        for run in sorted(runs, key=lambda run: (run["gib"], run["at"]))
    ]  # fmt: skip
    return (
        "# Two copies again after a move\n\n"
        "Written by `python -m tests.bench.reprotect --large --write`. In each run: the third site's first copy, made by\n"
        "PostgreSQL itself; the primary's death; the third site's change to the new primary until it has that one's first\n"
        f"write; the old primary's return with {TAIL_ROWS} rows of its own, until it has the newest write. Seconds.\n"
        f"Goals: the same time for every size, and {GOAL_RATIO:g} times as fast as the copy at 1 GiB.\n\n"
        f"{markdown(HEAD, rows)}\n{machine()}\n"
    )


if __name__ == "__main__":
    main()
