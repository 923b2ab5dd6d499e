"""The takedown ledger in three stores: what counts, what is trusted, and what one store may lose."""

import asyncio
import json
from pathlib import Path
from typing import Any

import obstore
import pytest

from scripts.runbook import takedowns
from scripts.runbook.control import ControlStores
from scripts.runbook.errors import LedgerUnheard, TakedownNotHeld
from scripts.runbook.signing import Signer
from scripts.runbook.takedowns import Entry, Ledger, Takedown, Trust
from tests.runbook.test_control import with_folders

SITES = ("aws", "gcp", "azure")
DEAD = "s3://lifeboat-ledger?region=us-east-1&endpoint=http://127.0.0.1:9"


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.create("ana", tmp_path / "ana.pem")


@pytest.fixture
def stores(tmp_path: Path) -> ControlStores:
    """Give three ledger stores that are folders."""
    return with_folders(tmp_path, SITES)


def without(tmp_path: Path, *dead: str) -> ControlStores:
    """Give the same stores with some of them dead."""
    return with_folders(tmp_path, tuple(site for site in SITES if site not in dead), dict.fromkeys(dead, DEAD))


def takedown(target: str = "ab" * 32) -> Takedown:
    return Takedown.make("test", "media", target, "a notice", "ana")


def add(stores: ControlStores, signer: Signer, one: Takedown | None = None) -> Entry:
    return asyncio.run(takedowns.add(stores, Trust({"ana": signer.public}), one or takedown(), signer))


def read(stores: ControlStores, signer: Signer, **options: Any) -> Ledger:
    return asyncio.run(takedowns.read(stores, Trust({"ana": signer.public}), **options))


def test_an_entry_is_in_every_store_and_read_back(stores: ControlStores, signer: Signer) -> None:
    """It gives back what was written, and who holds it."""
    entry = add(stores, signer)

    ledger = read(stores, signer)

    assert [found.takedown for found in ledger.entries] == [entry.takedown]
    assert ledger.entries[0].held_by == ("aws", "azure", "gcp")
    assert (ledger.faults, ledger.silent, ledger.lacking()) == ((), {}, {site: [] for site in sorted(SITES)})


def test_two_stores_are_enough(tmp_path: Path, signer: Signer) -> None:
    """It is acknowledged with one store dead, which lacks it until it is completed."""
    entry = add(without(tmp_path, "azure"), signer)
    assert entry.held_by == ("aws", "gcp")

    whole = with_folders(tmp_path, SITES)
    assert [one.digest for one in read(whole, signer).lacking()["azure"]] == [entry.digest]
    asyncio.run(takedowns.complete(whole, read(whole, signer).entries[0]))

    assert read(whole, signer).lacking()["azure"] == []


def test_one_store_is_not_enough(tmp_path: Path, signer: Signer) -> None:
    """It refuses before it writes when one store alone answers: nobody can know what the others hold."""
    with pytest.raises(LedgerUnheard, match="two of its stores must answer, and aws did"):
        add(without(tmp_path, "azure", "gcp"), signer)

    assert obstore.list(with_folders(tmp_path, ("aws",)).stores["aws"]).collect() == []


def test_a_store_that_dies_in_between_is_said(
    tmp_path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch, stores: ControlStores
) -> None:
    """It is not acknowledged when two stores can be read and only one takes it."""
    one_takes_it = without(tmp_path, "azure", "gcp")
    monkeypatch.setattr(stores, "append", one_takes_it.append)

    with pytest.raises(TakedownNotHeld, match="held by aws, and two ledger stores must hold it"):
        add(stores, signer)


def test_an_entry_that_nobody_gives_whole_is_not_passed_over(
    stores: ControlStores, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses when an entry is listed, and the stores that could give it do not answer: it might be lost otherwise."""
    add(without(tmp_path, "azure"), signer)
    monkeypatch.setattr(stores, "get", without(tmp_path, "aws", "gcp").get)

    with pytest.raises(LedgerUnheard):
        read(stores, signer)


def test_taking_down_twice_is_one_entry(stores: ControlStores, signer: Signer) -> None:
    """It gives the entry that is there, with its own reason and time, instead of writing another."""
    first = add(stores, signer)

    second = add(stores, signer, Takedown.make("test", "media", "AB" * 32, "once more", "ana"))

    assert second.digest == first.digest
    assert len(read(stores, signer).entries) == 1


def test_what_is_known_is_not_read_again(stores: ControlStores, signer: Signer) -> None:
    """It reads only entries whose digest is not known: a replay costs what is new."""
    old, new = add(stores, signer), add(stores, signer, takedown("cd" * 32))

    ledger = read(stores, signer, known={old.digest})

    assert [entry.digest for entry in ledger.entries] == [new.digest]


@pytest.mark.parametrize("how", ["altered", "torn", "stranger", "moved", "other shape", "not signed"])
def test_a_copy_that_cannot_be_trusted_is_named_and_the_others_count(
    stores: ControlStores, signer: Signer, tmp_path: Path, how: str
) -> None:
    """It takes the entry from the stores that hold it whole, and says which copy is wrong."""
    entry = add(stores, signer)
    stranger = Signer.create("ana", tmp_path / "stranger.pem")
    envelope = {
        "altered": entry.envelope.replace(b"a notice", b"a mistake"),
        "torn": entry.envelope[:-9],
        "stranger": entry.takedown.seal(stranger),
        "moved": Takedown.make("test", "media", "ef" * 32, "x", "ana").seal(signer),
        "other shape": signer.seal({"kind": "media"}),
        "not signed": b"[]",
    }[how]
    obstore.put(stores.stores["gcp"], entry.key, envelope)

    ledger = read(stores, signer)

    assert [found.held_by for found in ledger.entries] == [("aws", "azure")]
    assert len(ledger.faults) == 1
    assert ledger.faults[0].startswith(f"gcp: {entry.key}: ")


def test_a_forged_entry_takes_nothing_down(stores: ControlStores, signer: Signer, tmp_path: Path) -> None:
    """It leaves out what a stranger wrote into every store under a name that fits its bytes."""
    forged = Takedown.make("test", "post", "1", "forged", "ana")
    envelope = forged.seal(Signer.create("ana", tmp_path / "stranger.pem"))
    for store in stores.stores.values():
        obstore.put(store, takedowns.entry_key(forged, envelope), envelope)

    ledger = read(stores, signer)

    assert ledger.entries == ()
    assert len(ledger.faults) == 3


def test_an_entry_under_another_target_is_refused(stores: ControlStores, signer: Signer) -> None:
    """It does not let a signed entry be filed under something else: the name must be its own."""
    entry = add(stores, signer)
    name = entry.key.replace("ab" * 32, "cd" * 32)
    for store in stores.stores.values():
        obstore.put(store, name, entry.envelope)

    ledger = read(stores, signer)

    assert [found.takedown.target for found in ledger.entries] == ["ab" * 32]
    assert all("another name than its own" in fault for fault in ledger.faults)


def test_what_was_carried_out_stays_true_when_its_operator_has_left(stores: ControlStores, signer: Signer) -> None:
    """It trusts nobody's signature any more, but the bytes that a database has carried out."""
    done, new = add(stores, signer), add(stores, signer, takedown("cd" * 32))

    ledger = asyncio.run(takedowns.read(stores, Trust({}, {done.digest})))

    assert [entry.digest for entry in ledger.entries] == [done.digest]
    assert all(new.key in fault for fault in ledger.faults)


def test_an_entry_prints_as_json(stores: ControlStores, signer: Signer) -> None:
    """It gives plain values."""
    shown = json.loads(json.dumps(takedowns.to_json(add(stores, signer))))

    assert (shown["kind"], shown["by"], shown["held_by"]) == ("media", "ana", ["aws", "azure", "gcp"])
