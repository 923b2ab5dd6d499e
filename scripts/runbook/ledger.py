"""The journals as they lie in the ledger stores: which there are, and whether every copy of every record can be trusted."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from scripts.runbook.control import ControlStores
from scripts.runbook.errors import BadSignature
from scripts.runbook.journal import BEGINNING, Record, read_record
from scripts.runbook.mirror import JOURNALS, place_of, record_key


@dataclass(frozen=True)
class Copy:
    """One store's copy of a journal: its records up to the first that cannot be trusted, and what is wrong with that one."""

    site: str
    records: tuple[Record, ...]
    fault: str = ""


@dataclass(frozen=True)
class Copies:
    """A journal's copies by site, and why a store gave none."""

    held: dict[str, Copy]
    silent: dict[str, str]

    @property
    def longest(self) -> tuple[Record, ...]:
        return max((copy.records for copy in self.held.values()), key=len, default=())

    def faults(self) -> list[str]:
        """Name every record that is torn, altered, missing, or another one than most of the copies hold."""
        found = [f"{site}: {copy.fault}" for site, copy in sorted(self.held.items()) if copy.fault]
        for number, record in enumerate(self.longest):
            odd = [site for site, copy in self.held.items()
                   if number < len(copy.records) and copy.records[number].hash != record.hash]  # fmt: skip
            if odd:
                found.append(f"{' and '.join(sorted(odd))}: record {number + 1} is another one than elsewhere")
        return found


async def runbooks(stores: ControlStores) -> dict[str, int]:
    """Return the names of all runbooks that any store has records of, with how many."""
    listed = await stores.list(JOURNALS)
    places = {place for keys in listed.values.values() for key in keys if (place := place_of(key))}
    return Counter(runbook for runbook, _ in places)


async def read_copies(stores: ControlStores, public_keys: Mapping[str, str], runbook: str, count: int) -> Copies:
    """Read `count` records of a runbook from every store, and verify each copy on its own."""
    answers = await asyncio.gather(*(stores.get(record_key(runbook, number + 1)) for number in range(count)))
    silent = {site: reason for one in answers for site, reason in one.failures.items()}
    held = {
        site: verified(site, [one.values.get(site) for one in answers], public_keys)
        for site in stores.stores
        if site not in silent
    }
    return Copies(held, silent)


async def longest(stores: ControlStores, public_keys: Mapping[str, str], runbook: str) -> tuple[Record, ...]:
    """Return the longest copy of a runbook's journal that can be trusted; empty where no store has any of it."""
    known = (await runbooks(stores)).get(runbook, 0)
    return (await read_copies(stores, public_keys, runbook, known)).longest


def verified(site: str, envelopes: list[bytes | None], public_keys: Mapping[str, str]) -> Copy:
    """Follow the chain from the first record; the end of a copy may be missing, its middle may not."""
    records: list[Record] = []
    for number, envelope in enumerate(envelopes, 1):
        if envelope is None:
            torn = any(later is not None for later in envelopes[number:])
            return Copy(site, tuple(records), f"record {number} is missing" if torn else "")
        try:
            record = read_record(envelope, public_keys)
        except (BadSignature, ValueError) as reason:
            return Copy(site, tuple(records), f"record {number} cannot be trusted: {reason}")
        if record.number != number or record.previous != (records[-1].hash if records else BEGINNING):
            return Copy(site, tuple(records), f"record {number} does not follow from the one before")
        records.append(record)
    return Copy(site, tuple(records))
