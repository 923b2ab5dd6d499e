"""The journals as one ledger store holds them: each record is read once, and a chain is verified whenever it has grown."""

import asyncio
from dataclasses import dataclass

import obstore

from app.stores import list_all, open_store
from scripts.runbook.journal import Record
from scripts.runbook.ledger import verified
from scripts.runbook.mirror import JOURNALS, place_of, record_key
from scripts.runbook.sites import Platform

# What the page shows; a store may hold years of them.
RUNBOOKS_KEPT, READS_AT_ONCE = 50, 16


@dataclass(frozen=True)
class RunbookCopy:
    """One runbook's records as one store holds them; `trouble` names the first record that cannot be trusted."""

    runbook: str
    records: tuple[Record, ...]
    trouble: str = ""

    @property
    def began(self) -> float:
        return self.records[0].start if self.records else 0.0


class LedgerReader:
    """Reads what is new in one ledger store under `JOURNALS`."""

    def __init__(self, platform: Platform, site: str, timeout_seconds: float) -> None:
        self._site, self._public_keys = site, platform.public_keys
        self._store = open_store(
            platform.outputs[site].ledger_url, platform.credentials(), timeout_seconds=timeout_seconds, retries=0
        )
        self._read: dict[str, dict[int, bytes]] = {}
        self._copies: dict[str, RunbookCopy] = {}

    async def read(self) -> dict[str, RunbookCopy]:
        """Return every runbook's copy by name, the newest `RUNBOOKS_KEPT` of them. Raises what the store raises."""
        names = [found["path"] for found in await list_all(self._store, JOURNALS)]
        new = [place for name in names if (place := place_of(name)) and place[1] not in self._read.get(place[0], {})]
        turns = asyncio.Semaphore(READS_AT_ONCE)
        await asyncio.gather(*(self._fetch(runbook, number, turns) for runbook, number in new))
        for runbook in {runbook for runbook, _ in new}:
            self._copies[runbook] = self._verify(runbook)
        newest = sorted(self._copies.values(), key=lambda copy: copy.began)[-RUNBOOKS_KEPT:]
        return {copy.runbook: copy for copy in newest}

    async def _fetch(self, runbook: str, number: int, turns: asyncio.Semaphore) -> None:
        async with turns:
            got = await obstore.get_async(self._store, record_key(runbook, number))
            self._read.setdefault(runbook, {})[number] = bytes(await got.bytes_async())

    def _verify(self, runbook: str) -> RunbookCopy:
        held = self._read[runbook]
        copy = verified(self._site, [held.get(number) for number in range(1, max(held) + 1)], self._public_keys)
        return RunbookCopy(runbook, copy.records, copy.fault)
