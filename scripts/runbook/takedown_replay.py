"""Carries the takedown ledger out in the database that takes over, before it takes writes; and in the primary's, always."""

from collections.abc import Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg

from app import takedowns as rows
from scripts.runbook import event_loop, fence, takedowns
from scripts.runbook.failover import FailoverRun
from scripts.runbook.join import agent_connection
from scripts.runbook.sites import Platform
from scripts.runbook.takedowns import Entry, Ledger, Trust

Connection = psycopg.Connection[Any]
Evidence = dict[str, Any]


def replay_takedowns(run: FailoverRun) -> Evidence:
    """What was taken down is taken down here too, before anybody reads or writes."""
    ledger = (run.takedowns or begin_to_read(run)).result()
    with fence.passing(run.database):
        carry_out(run.database, ledger.entries)
    return {
        "carried_out": len(ledger.entries),
        "read_from": list(ledger.answered),
        "silent": sorted(ledger.silent),
        "not_trusted": list(ledger.faults),
    }


def begin_to_read(run: FailoverRun) -> Future[Ledger]:
    """Begin to read what this site's database has not carried out, beside the steps that follow.

    For a run that has won its epoch: the new primary's agent sees to whatever comes into the ledger from now on.
    """
    known = known_entries(run.database)
    beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="takedown ledger")
    reading = beside.submit(lambda: event_loop.run(_beyond(run.platform, known)))
    beside.shutdown(wait=False)
    return reading


async def unapplied(platform: Platform, database: Connection) -> Ledger:
    """Read the entries that a database has not carried out. Raises LedgerUnheard."""
    return await _beyond(platform, known_entries(database))


async def _beyond(platform: Platform, known: Collection[str]) -> Ledger:
    return await takedowns.read(platform.ledger_stores(), Trust(platform.operators()), known=known)


async def whole_ledger(platform: Platform, database: Connection | None) -> Ledger:
    """Read every entry, with a database's word for those that it has carried out. Raises LedgerUnheard."""
    carried_out = known_entries(database) if database else frozenset[str]()
    return await takedowns.read(platform.ledger_stores(), Trust(platform.operators(), carried_out))


def known_entries(database: Connection) -> frozenset[str]:
    """Return the digests of the entries that a database has carried out."""
    return frozenset(entry for (entry,) in database.execute("SELECT entry FROM public.takedown").fetchall())


def cleanse(platform: Platform, site: str) -> int:
    """Remove from the database of a site that comes back what was taken down meanwhile, before it serves anything.

    Only removals: whatever else the primary wrote about them comes with its stream, which finds nothing in its way.
    Returns how many entries the site did not know. Raises LedgerUnheard.
    """
    with agent_connection(platform, site) as database:
        ledger = event_loop.run(unapplied(platform, database))
        with fence.passing(database):
            carry_out(database, ledger.entries)
            database.execute("DELETE FROM public.takedown WHERE created_at = now()")
            database.execute("DELETE FROM public.media_outbox WHERE created_at = now()")
        return len(ledger.entries)


def carry_out(database: Connection, entries: Iterable[Entry]) -> None:
    """Carry entries out in one transaction; raises psycopg's error LB001 where the fence is closed."""
    with database.transaction():
        for entry in entries:
            rows.carry_out(database, entry.takedown.kind, entry.takedown.target, entry.digest)
