"""A ledger's journals: each record is read once, every chain is verified, and what cannot be trusted is named."""

import asyncio
from pathlib import Path

import obstore
import pytest
from obstore.store import LocalStore

from scripts.control_room.journals import LedgerReader
from scripts.control_room.timeline import draw
from scripts.runbook.journal import BEGINNING, Record
from scripts.runbook.mirror import record_key
from scripts.runbook.signing import Signer
from tests.control_room.conftest import Survivors


def chain(signer: Signer, runbook: str, steps: int) -> dict[str, bytes]:
    """Return a runbook's objects as the ledger holds them, one second a step."""
    objects, previous = {}, BEGINNING
    for number in range(1, steps + 1):
        record = Record(number, runbook, f"step_{number}", 2, 10.0 + number, 11.0 + number, "done", {}, previous)
        objects[record_key(runbook, number)] = record.sealed(signer)
        previous = record.hash
    return objects


@pytest.fixture
def ledger(survivors: Survivors, tmp_path: Path) -> LedgerReader:
    """Give a reader over an empty folder in place of gcp's ledger."""
    reader = LedgerReader(survivors.platform, "gcp", 1)
    reader._store = LocalStore(tmp_path, mkdir=True)
    return reader


def put(ledger: LedgerReader, objects: dict[str, bytes]) -> None:
    for name, data in objects.items():
        obstore.put(ledger._store, name, data)


@pytest.fixture
def signer(survivors: Survivors) -> Signer:
    return survivors.platform.signer("gcp")


def test_whole_chains_are_shown_whole_and_read_once(ledger: LedgerReader, signer: Signer) -> None:
    """Each runbook has its records in order and no trouble; what was read is not asked for again."""
    put(ledger, chain(signer, "failover-2", 9) | chain(signer, "switchover-3", 11))
    first = asyncio.run(ledger.read())
    put(ledger, dict.fromkeys(chain(signer, "failover-2", 9), b"altered after it was read"))
    put(ledger, chain(signer, "switchover-3", 12))
    again = asyncio.run(ledger.read())

    assert {name: len(copy.records) for name, copy in first.items()} == {"failover-2": 9, "switchover-3": 11}
    assert {name: len(copy.records) for name, copy in again.items()} == {"failover-2": 9, "switchover-3": 12}
    assert not any(copy.trouble for copy in (*first.values(), *again.values()))


def test_what_cannot_be_trusted_is_named_and_ends_what_is_believed(ledger: LedgerReader, signer: Signer) -> None:
    """An altered, a torn and a missing record: those before it stand, it and those after it do not."""
    altered, torn, missing = (chain(signer, name, 4) for name in ("altered", "torn", "missing"))
    altered[record_key("altered", 3)] = altered[record_key("altered", 3)].replace(b'"done"', b'"easy"')
    torn[record_key("torn", 2)] = torn[record_key("torn", 2)][:40]
    del missing[record_key("missing", 2)]
    put(ledger, altered | torn | missing | {"journal/stray.txt": b"something else"})

    copies = asyncio.run(ledger.read())

    assert {name: len(copy.records) for name, copy in copies.items()} == {"altered": 2, "torn": 1, "missing": 1}
    assert "record 3 cannot be trusted" in copies["altered"].trouble
    assert "record 2 cannot be trusted" in copies["torn"].trouble
    assert "record 2 is missing" in copies["missing"].trouble


def test_the_steps_stand_on_one_time_axis(ledger: LedgerReader, signer: Signer) -> None:
    """Each bar begins where the one before ended, and the axis spans the whole run."""
    put(ledger, chain(signer, "failover-2", 4))
    drawn = draw(asyncio.run(ledger.read())["failover-2"].records)

    assert drawn is not None
    assert drawn.seconds == 4.0
    assert [round(later.x - earlier.x) for earlier, later in zip(drawn.bars, drawn.bars[1:], strict=False)] == [182] * 3
    assert drawn.ticks[0].label == "0 s"
