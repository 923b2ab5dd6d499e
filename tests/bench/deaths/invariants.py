"""The invariants that are asked for after each death, beside those that the history of the people is checked for.

I1 (one holder for each epoch), I3 (epochs only grow) and I4 (what is acknowledged is there) are the checker's. I2 is the
overlaps that `death.py` counts: in mode `confirm` no two sites acknowledge at the same time. I5 is I4 here: no command of
these deaths accepts a loss, so the reported bound is 0. I9 is the pictures. I11 follows from the deaths of a whole site:
nothing listens at its addresses any more, and no other command is given than those that succeed. The rest is here.
"""

import itertools
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from scripts.embedded.layout import SITES
from scripts.runbook import replication
from scripts.runbook.journal import Record, read_journal
from scripts.runbook.salvage import OWN_TABLES
from tests.bench.deaths.platform_under_test import PlatformUnderTest
from tests.bench.deaths.watching import Published
from tests.history.operations import TakeOver

# How long the standbys may take to have what the primary has, once nobody posts any more.
IN_STEP_SECONDS = 30.0


def journal_faults(platform: PlatformUnderTest) -> Iterable[str]:
    """I3, I6: every journal verifies, names one epoch, and no step that was done is followed by an earlier one's first."""
    known = platform.reach.platform
    for path in sorted(known.journals.glob("*.jsonl")):
        records = list(read_journal(path, known.public_keys))
        epochs = {record.epoch for record in records}
        if len(epochs) > 1 or min(epochs, default=1) < 1:
            yield f"I3: the journal {path.name} names the epochs {sorted(epochs)}"
        yield from _not_the_same_end(path.name, records)


def _not_the_same_end(name: str, records: list[Record]) -> Iterable[str]:
    """Say where a run that was done again took its steps in another order than before: each start goes through all."""
    done = [record.step for record in records if record.outcome == "done"]
    order = list(dict.fromkeys(done))
    places = [order.index(step) for step in done]
    for before, after in itertools.pairwise(places):
        if after not in (before + 1, 0):
            yield f"I6: in the journal {name}, {order[after]} was done right after {order[before]}"


def dns_faults(published: list[Published], takeover: TakeOver | None, target: str, targets: set[str]) -> Iterable[str]:
    """I7: a vendor that answers never has an empty answer, and after the move names the new primary alone."""
    for one in published:
        if one.target not in targets:
            yield f"I7: {one.vendor} published {one.target or 'nothing'}"
        elif takeover is not None and one.start > takeover.end and one.target != target:
            yield f"I7: {one.vendor} published {one.target} {one.start - takeover.end:.1f} s after the move to {target}"


def posts_of(platform: PlatformUnderTest, site: str) -> set[str]:
    """Return the texts of all posts in a site's database."""
    with platform.database(site) as connection:
        return {text for (text,) in connection.execute("SELECT text FROM status")}


def salvage_faults(platform: PlatformUnderTest, site: str, diverged: set[str]) -> Iterable[str]:
    """I8: whatever a site alone had before it rejoined is listed in a salvage report."""
    listed: set[str] = set()
    for path in (platform.folder / "salvage").glob("*.json"):
        rows = json.loads(path.read_text())["rows"]
        listed |= {row["old"]["text"] for row in rows if row["table"].endswith("status") and row["old"]}
    if missing := diverged - listed:
        yield f"I8: {len(missing)} posts that {site} alone had are in no salvage report: {sorted(missing)[:3]}"


def sequence_faults(platform: PlatformUnderTest, site: str) -> Iterable[str]:
    """I10: no published table takes a value from a sequence, so none can be behind its rows."""
    with platform.database(site) as connection:
        owned = connection.execute(
            """SELECT c.relname, d.refobjid::regclass::text FROM pg_class c JOIN pg_depend d ON d.objid = c.oid
               JOIN pg_publication_rel p ON p.prrelid = d.refobjid WHERE c.relkind = 'S'"""
        ).fetchall()
    for sequence, table in owned:
        yield f"I10: {table} takes its values from the sequence {sequence}"


def unequal_sites(platform: PlatformUnderTest, sites: Iterable[str] = SITES) -> Iterable[str]:
    """Every site comes to hold the same rows in every replicated table."""
    deadline = time.monotonic() + IN_STEP_SECONDS
    while unequal := _unequal(platform, list(sites)):
        if time.monotonic() > deadline:
            yield f"the sites differ in {', '.join(unequal)}"
            return
        time.sleep(0.5)


def _unequal(platform: PlatformUnderTest, chosen: list[str]) -> list[str]:
    rows = {site: _digests(platform, site) for site in chosen}
    first = rows[chosen[0]]
    return sorted(table for table in first if any(digests.get(table) != first[table] for digests in rows.values()))


def _digests(platform: PlatformUnderTest, site: str) -> dict[str, tuple[int, int]]:
    """Return of each replicated table how many rows it has, and a sum over what is in them."""
    asked: LiteralString = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {} t"
    with platform.database(site) as connection:
        tables = [name for name in replication.published_tables(connection) if name not in OWN_TABLES]
        return {name: _row(connection, sql.SQL(asked).format(sql.Identifier(*name.split(".")))) for name in tables}


def _row(connection: psycopg.Connection[tuple[int, int]], query: sql.Composed) -> tuple[int, int]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


class Whispers:
    """I12: which log, journal, state file or process list shows a secret; what was read once is not read again."""

    def __init__(self, platform: PlatformUnderTest) -> None:
        self.platform = platform
        self.secrets = [secret.encode() for secret in platform.secrets()]
        self.read: dict[Path, int] = {}

    def faults(self) -> Iterable[str]:
        folder = self.platform.folder
        files = [*(folder / "logs").glob("*"), *(folder / "journal").glob("*"), folder / "processes.json"]
        supervisor = self.platform.supervisor
        files += [Path(f"/proc/{one.pid}/cmdline") for site in SITES for one in supervisor.alive(site)]
        for path in files:
            if any(secret in self._new_text(path) for secret in self.secrets):
                yield f"I12: {path.name} shows a secret"

    def _new_text(self, path: Path) -> bytes:
        if not path.exists():
            return b""
        with path.open("rb") as file:
            if path.parent.name == "logs":
                file.seek(max(0, self.read.get(path, 0) - 100))
            text = file.read()
            self.read[path] = file.tell()
        return text
