"""Carries the takedown ledger out in the database that takes over, before it takes writes; and in the primary's, always."""

from collections.abc import Iterable
from typing import Any

import psycopg

from app import takedowns as rows
from scripts.runbook import fence, takedowns
from scripts.runbook.failover import FailoverRun
from scripts.runbook.sites import Platform
from scripts.runbook.takedowns import Entry, Ledger

Connection = psycopg.Connection[Any]
Evidence = dict[str, Any]


def replay_takedowns(run: FailoverRun) -> Evidence:
    """What was taken down is taken down here too, before anybody reads or writes."""
    ledger = run.wait_for(unapplied(run.platform, run.database))
    with fence.passing(run.database):
        carry_out(run.database, ledger.entries)
    return {
        "carried_out": len(ledger.entries),
        "read_from": list(ledger.answered),
        "silent": sorted(ledger.silent),
        "not_trusted": list(ledger.faults),
    }


async def unapplied(platform: Platform, database: Connection) -> Ledger:
    """Read the entries that a database has not carried out. Raises LedgerUnheard."""
    return await takedowns.read(platform.ledger_stores(), platform.public_keys, known=known_entries(database))


def known_entries(database: Connection) -> frozenset[str]:
    """Return the digests of the entries that a database has carried out."""
    return frozenset(entry for (entry,) in database.execute("SELECT entry FROM public.takedown").fetchall())


def carry_out(database: Connection, entries: Iterable[Entry]) -> None:
    """Carry entries out in one transaction; raises psycopg's error LB001 where the fence is closed."""
    with database.transaction():
        for entry in entries:
            rows.carry_out(database, entry.takedown.kind, entry.takedown.target, entry.digest)
