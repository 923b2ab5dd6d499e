"""The copies of an audit log: complete, made once, and never of half a file."""

import datetime

import obstore
import pytest
from obstore.store import MemoryStore, ObjectStore

from scripts.runbook import audit

LONG_AGO = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def log() -> ObjectStore:
    store = MemoryStore()
    for name in ("AWSLogs/1/CloudTrail/a.json.gz", "AWSLogs/1/CloudTrail/b.json.gz"):
        obstore.put(store, name, name.encode())
    return store


def test_everything_is_copied_once_and_unchanged(log: ObjectStore) -> None:
    """It puts each file into the ledger byte for byte, and finds nothing to do afterwards."""
    ledger = MemoryStore()
    wanted = audit.missing(audit.entries(log, LONG_AGO), "aws", ledger)

    audit.copy(wanted, "aws", log, ledger)

    copies = {one["path"] for batch in obstore.list(ledger) for one in batch}
    assert copies == {entry.copy_of("aws") for entry in wanted}
    assert bytes(obstore.get(ledger, wanted[0].copy_of("aws")).bytes()) == wanted[0].path.encode()
    assert audit.missing(audit.entries(log, LONG_AGO), "aws", ledger) == ()


def test_a_file_that_grew_is_copied_anew_beside_its_first_copy(log: ObjectStore) -> None:
    """It keeps both copies, since the ledger lets nothing be replaced."""
    ledger = MemoryStore()
    audit.copy(audit.entries(log, LONG_AGO), "aws", log, ledger)
    obstore.put(log, "AWSLogs/1/CloudTrail/a.json.gz", b"longer than before, by the acts of another half hour")

    (grown,) = audit.missing(audit.entries(log, LONG_AGO), "aws", ledger)
    audit.copy([grown], "aws", log, ledger)

    assert len([one for batch in obstore.list(ledger) for one in batch]) == 3


def test_a_copy_that_is_there_already_is_left_alone(log: ObjectStore) -> None:
    """It goes on past a copy that an earlier run left, as a run that was killed would."""
    ledger, wanted = MemoryStore(), audit.entries(log, LONG_AGO)
    obstore.put(ledger, wanted[0].copy_of("aws"), b"from an earlier run")

    audit.copy(wanted, "aws", log, ledger)

    assert bytes(obstore.get(ledger, wanted[0].copy_of("aws")).bytes()) == b"from an earlier run"


def test_what_is_older_than_asked_for_is_not_looked_at(log: ObjectStore) -> None:
    """It leaves out what was written before the given moment."""
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)

    assert audit.entries(log, tomorrow) == ()


def test_a_file_that_vanished_stops_the_copying(log: ObjectStore) -> None:
    """It says so when the log no longer holds what it listed, instead of counting it as copied."""
    with pytest.raises(FileNotFoundError):
        audit.copy([audit.Entry("gone", 1)], "aws", log, MemoryStore())
