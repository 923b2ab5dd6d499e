"""Whether what was taken down is known to every ledger store and gone from every bucket, database and edge in reach."""

from dataclasses import dataclass, field
from typing import Any

import psycopg

from app import copies
from app import takedowns as rows
from app.stores import Store
from scripts.runbook import event_loop, media, takedowns
from scripts.runbook.control import ControlStores
from scripts.runbook.errors import UsageError
from scripts.runbook.join import agent_connection
from scripts.runbook.sites import Platform
from scripts.runbook.takedown_edges import still_shown
from scripts.runbook.takedowns import Ledger


@dataclass
class Findings:
    """Each line names one thing that is not as it must be; the rest says what could be checked and what could not."""

    lines: list[str] = field(default_factory=list)
    buckets: list[str] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "in_order": not self.lines,
            "findings": self.lines,
            **{k: v for k, v in vars(self).items() if k != "lines"},
        }


def check(platform: Platform, ledger: Ledger) -> Findings:
    """Compare every store, bucket and database in reach with the ledger."""
    found = Findings(lines=[f"the ledger of {fault}" for fault in ledger.faults])
    for site, entries in ledger.lacking().items():
        found.lines += [
            f"the ledger of {site} lacks {entry.takedown.kind} {entry.takedown.target}" for entry in entries
        ]
    event_loop.run(_check_buckets(platform, ledger, found))
    shown = still_shown(platform, ledger)
    found.lines, found.edges, found.silent = found.lines + shown.lines, shown.asked, found.silent | shown.silent
    for site in platform.sites:
        try:
            with agent_connection(platform, site) as database:
                found.lines += _left_in_database(site, database, ledger)
                found.databases.append(site)
        except (UsageError, psycopg.Error) as reason:
            found.silent[f"the database of {site}"] = str(reason).strip().splitlines()[0]
    return found


async def complete(stores: ControlStores, ledger: Ledger) -> None:
    """Write every entry into every store that answers and lacks it."""
    lacking = {entry.digest: entry for entries in ledger.lacking().values() for entry in entries}
    for entry in lacking.values():
        await takedowns.complete(stores, entry)


async def _check_buckets(platform: Platform, ledger: Ledger, found: Findings) -> None:
    for site, store in media.open_buckets(platform).items():
        try:
            found.lines += [f"the bucket of {site} still holds {key}" for key in await _left_in_bucket(store, ledger)]
            found.buckets.append(site)
        except* copies.STORE_ERRORS as reasons:
            found.silent[f"the bucket of {site}"] = str(reasons.exceptions[0]).splitlines()[0][:200]


async def _left_in_bucket(store: Store, ledger: Ledger) -> list[str]:
    """Return what a bucket still holds of the pictures that were taken down."""
    left: list[str] = []

    async def one(key: str) -> None:
        if await copies.size_of(store, key) is not None:
            left.append(key)

    await media.each(media.taken_down_keys(ledger), one)
    return left


def _left_in_database(site: str, database: psycopg.Connection[Any], ledger: Ledger) -> list[str]:
    known = rows.carried_out(database)
    lines = []
    for entry in ledger.entries:
        what = f"{entry.takedown.kind} {entry.takedown.target}"
        if (entry.takedown.kind, entry.takedown.target) not in known:
            lines.append(f"the database of {site} has not carried out {what}")
        elif rows.remains(database, entry.takedown.kind, entry.takedown.target):
            lines.append(f"the database of {site} still shows {what}")
    return lines
