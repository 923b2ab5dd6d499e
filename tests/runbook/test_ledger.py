"""Journals in the ledger stores: each copy is verified on its own, and whatever is wrong is named with its place."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import obstore
import pytest
from obstore.store import LocalStore

from scripts.runbook import ledger
from scripts.runbook.control import Answers, ControlStores
from scripts.runbook.history import last_time
from scripts.runbook.journal import Record, write_anew
from scripts.runbook.ledger import Copies
from scripts.runbook.mirror import LedgerMirror, record_key
from tests.runbook.journals import PUBLIC_KEYS, SIGNER, open_journal

NAMES = ("aws", "gcp", "azure")
RUNBOOK = "failover-2-to-gcp-abc123"
STEPS = ("win_epoch", "open_writes", "settle_register")


@pytest.fixture
def stores(tmp_path: Path) -> ControlStores:
    """Give three ledger stores, each a folder."""
    opened = ControlStores({}, {})
    opened.stores = {name: LocalStore(tmp_path / name, mkdir=True) for name in NAMES}
    return opened


def run_of(tmp_path: Path, runbook: str = RUNBOOK, steps: tuple[str, ...] = STEPS, took: float = 2.0) -> list[Record]:
    """Give the records of one run whose every step took `took` seconds."""
    journal = open_journal(tmp_path / f"{runbook}.jsonl", runbook)
    records = [journal.append(step, 2, 0.0, "done", {}) for step in steps]
    timed: list[Record] = []
    for number, record in enumerate(records):
        previous = timed[-1].hash if timed else record.previous
        start = 1_900_000_000.0 + number * took
        timed.append(replace(record, start=start, end=start + took, previous=previous))
    return timed


def put(stores: ControlStores, records: list[Record], sites: tuple[str, ...] = NAMES) -> None:
    for site in sites:
        for record in records:
            obstore.put(stores.stores[site], record_key(record.runbook, record.number), record.sealed(SIGNER))


def read(stores: ControlStores) -> Copies:
    return asyncio.run(ledger.read_copies(stores, PUBLIC_KEYS, RUNBOOK, len(STEPS)))


def test_three_whole_copies_have_no_fault(stores: ControlStores, tmp_path: Path) -> None:
    """All records in all clouds, each following from the one before."""
    records = run_of(tmp_path)
    put(stores, records)

    copies = read(stores)

    assert copies.longest == tuple(records)
    assert copies.faults() == []
    assert asyncio.run(ledger.runbooks(stores)) == {RUNBOOK: 3}


def test_a_copy_that_ends_early_is_only_shorter(stores: ControlStores, tmp_path: Path) -> None:
    """A cloud that died in the middle of the run has what there was by then."""
    records = run_of(tmp_path)
    put(stores, records, ("gcp", "azure"))
    put(stores, records[:1], ("aws",))

    copies = read(stores)

    assert {site: len(copy.records) for site, copy in copies.held.items()} == {"aws": 1, "gcp": 3, "azure": 3}
    assert copies.faults() == []


def key(number: int) -> str:
    return record_key(RUNBOOK, number)


def test_what_cannot_be_trusted_is_named_with_its_place(stores: ControlStores, tmp_path: Path) -> None:
    """A torn record, one that is missing in the middle, and one that another run's record took the place of."""
    records = run_of(tmp_path)
    put(stores, records)
    whole = records[1].sealed(SIGNER)
    obstore.put(stores.stores["aws"], key(2), whole[: len(whole) // 2])
    obstore.delete(stores.stores["gcp"], key(2))
    obstore.put(stores.stores["azure"], key(3), records[0].sealed(SIGNER))

    aws, azure, gcp = read(stores).faults()

    assert aws.startswith("aws: record 2 cannot be trusted: what claims to come from ")
    assert azure == "azure: record 3 does not follow from the one before"
    assert gcp == "gcp: record 2 is missing"


def test_a_record_that_its_site_signed_twice_differently_is_named(stores: ControlStores, tmp_path: Path) -> None:
    """Both are signed and follow; the copies show that they are not the same."""
    records = run_of(tmp_path)
    put(stores, records)
    other = replace(records[2], evidence={"say": "something else"})
    obstore.put(stores.stores["azure"], key(3), other.sealed(SIGNER))

    assert read(stores).faults() == ["azure: record 3 is another one than elsewhere"]


def test_a_lost_journal_is_written_anew_to_the_byte(stores: ControlStores, tmp_path: Path) -> None:
    """What comes back from the ledgers is what was on the disk, so that the next record follows from it."""
    records = run_of(tmp_path)
    put(stores, records, ("azure",))
    path = tmp_path / "new" / "x.jsonl"

    write_anew(path, asyncio.run(ledger.longest(stores, PUBLIC_KEYS, RUNBOOK)), SIGNER)
    again = open_journal(path, RUNBOOK)
    added = again.append("verify", 2, 1.0, "done", {})

    assert again.records == [*records, added]
    assert added.previous == records[-1].hash


class Silent(ControlStores):
    """Ledger stores of which one does not answer the attempts with these numbers to write into it."""

    def __init__(self, stores: ControlStores, site: str, attempts: set[int], tried: list[str] | None = None) -> None:
        super().__init__({}, {})
        self.stores, self.site, self.attempts = stores.stores, site, attempts
        self.tried: list[str] = [] if tried is None else tried

    def only(self, sites: Collection[str], deadline_seconds: float) -> ControlStores:
        return Silent(super().only(sites, deadline_seconds), self.site, self.attempts, self.tried)

    async def append(self, key: str, data: bytes) -> Answers:
        if self.site not in self.stores:
            return await super().append(key, data)
        self.tried.append(key)
        if len(self.tried) not in self.attempts:
            return await super().append(key, data)
        answers = await super().only(set(self.stores) - {self.site}, 2.0).append(key, data)
        return Answers(answers.values, {self.site: "no answer within 0.3 s of the others"})


def mirrored(stores: ControlStores, records: list[Record]) -> None:
    mirror = LedgerMirror(lambda: stores, RUNBOOK, SIGNER, pytest.fail)
    for record in records:
        mirror.copy(record)
    mirror.close()


def copied_to(stores: ControlStores, site: str) -> list[str]:
    return sorted(one["path"] for one in obstore.list(stores.stores[site]).collect())


@pytest.mark.parametrize("attempts", [{1}, {2}, {1, 2}, {3}])
def test_a_store_that_was_silent_gets_what_it_lacks_first(
    stores: ControlStores, tmp_path: Path, attempts: set[int]
) -> None:
    """Whichever record it did not take: it gets that one before anything newer, and has all in the end."""
    silent = Silent(stores, "azure", attempts)
    mirrored(silent, run_of(tmp_path))

    assert read(stores).faults() == []
    assert len(copied_to(stores, "azure")) == len(STEPS)
    assert silent.tried == sorted(silent.tried)


def test_a_store_that_is_gone_holds_a_beginning_and_nothing_else(stores: ControlStores, tmp_path: Path) -> None:
    """Its copy ends where it fell silent, whatever arrives there late: an end may be missing, and nothing between."""
    silent = Silent(stores, "azure", set(range(2, 100)))
    mirrored(silent, run_of(tmp_path))

    assert read(stores).faults() == []
    assert (copied_to(stores, "azure"), len(copied_to(stores, "gcp"))) == ([key(1)], len(STEPS))
    assert set(silent.tried[1:]) == {key(2)}


def test_the_last_time_is_the_newest_run_that_got_to_its_end(stores: ControlStores, tmp_path: Path) -> None:
    """A run of another verb, a part of a run at another site, and one that was stopped do not count."""
    put(stores, run_of(tmp_path, took=2.0))
    put(stores, run_of(tmp_path, "failover-3-to-azure-abc124", took=1.5))
    put(stores, run_of(tmp_path, "failover-4-to-gcp-abc125", STEPS[:2], took=9.0))
    put(stores, run_of(tmp_path, "switchover-5-to-gcp-abc126", took=7.0))
    put(stores, run_of(tmp_path, "failover-6-to-gcp-abc126-at-aws", took=7.0))

    found = asyncio.run(last_time(stores, PUBLIC_KEYS, "failover", "settle_register"))

    assert str(found) == "4.5 s, writes after 3.0 s (failover-3-to-azure-abc124, 2030-03-17 17:46 UTC)"
    assert asyncio.run(last_time(stores, PUBLIC_KEYS, "rejoin", "settle_register")) is None
