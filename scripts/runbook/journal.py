"""The record of a runbook: one line a step, hash-chained and signed by its site, on disk before the next step begins."""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from scripts.runbook.errors import BadSignature, JournalBusy, JournalCorrupt, JournalFull
from scripts.runbook.signing import Body, Signer, canonical, claimed_signer, unseal

BEGINNING = "0" * 64


@dataclass(frozen=True)
class Record:
    """One step as it ended: times in seconds since 1970, evidence as the step gave it, chained to the record before."""

    number: int
    runbook: str
    step: str
    epoch: int
    start: float
    end: float
    outcome: str
    evidence: dict[str, Any]
    previous: str

    @property
    def hash(self) -> str:
        return hashlib.sha256(canonical(vars(self))).hexdigest()

    def sealed(self, signer: Signer) -> bytes:
        """Return the record as it lies on disk and in every ledger store; the same each time."""
        return signer.seal({**vars(self), "hash": self.hash})

    @classmethod
    def from_body(cls, body: Body) -> "Record":
        """Rebuild a record. Raises ValueError when it is none, or not the one that its hash names."""
        try:
            fields = dict(body)
            claimed = fields.pop("hash")
            record = cls(**fields)
            same = record.hash == claimed
        except (KeyError, TypeError, RecursionError) as reason:
            raise ValueError(f"it is no record ({reason})") from reason
        if not same:
            raise ValueError("its hash is another one than it names")
        return record


class Journal:
    """One runbook's file, written by one site. It is read whole: a torn or altered line is named, never skipped."""

    def __init__(self, path: Path, runbook: str, signer: Signer, public_keys: Mapping[str, str]) -> None:
        self.path, self.runbook, self.signer = path, runbook, signer
        self.torn = _set_torn_end_aside(path)
        self.records = list(read_journal(path, public_keys)) if path.exists() else []
        self._length = path.stat().st_size if path.exists() else 0

    def append(self, step: str, epoch: int, start: float, outcome: str, evidence: dict[str, Any]) -> Record:
        """Write a record and see it on disk.

        Raises JournalFull when the disk does not take it, JournalBusy when another process wrote since this one read.
        """
        previous = self.records[-1].hash if self.records else BEGINNING
        record = Record(
            len(self.records) + 1, self.runbook, step, epoch, start, time.time(), outcome, evidence, previous
        )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: a buffer that could not be written would be written again when the file is closed.
            with self.path.open("ab", buffering=0) as file:
                self._must_end_where_we_left_it(file)
                _write_whole(file, record.sealed(self.signer) + b"\n")
                self._length = file.tell()
        except OSError as reason:
            raise JournalFull(
                f"the journal {self.path} cannot be written ({reason.strerror}): free some space, "
                f"then run the same command again; step {step} will be found done"
            ) from reason
        self.records.append(record)
        return record

    def done(self, step: str) -> bool:
        """Say whether this runbook already recorded the step as done."""
        return any(record.step == step and record.outcome == "done" for record in self.records)

    def _must_end_where_we_left_it(self, file: BinaryIO) -> None:
        """Take the file for this process until it is closed. Raises JournalBusy when somebody else wrote to it."""
        fcntl.flock(file, fcntl.LOCK_EX)
        if file.seek(0, os.SEEK_END) != self._length:
            raise JournalBusy(self.runbook, self.path)


def write_anew(path: Path, records: Sequence[Record], signer: Signer) -> None:
    """Write a journal that was lost with its disk, from records that its own site signed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(b"".join(record.sealed(signer) + b"\n" for record in records))
    partial.replace(path)


def _write_whole(file: BinaryIO, line: bytes) -> None:
    """Write a line so that it is on disk, or not a byte of it."""
    end, written = file.tell(), 0
    try:
        while written < len(line):
            written += file.write(line[written:])
        os.fsync(file.fileno())
    except OSError:
        os.truncate(file.fileno(), end)
        raise


def _set_torn_end_aside(path: Path) -> Path | None:
    """Move a last line without its end into a file of its own: whoever wrote it was killed in the middle of it."""
    if not path.exists():
        return None
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        whole, newline, torn = file.read().rpartition(b"\n")
        if not torn:
            return None
        aside = path.with_suffix(".torn")
        with aside.open("ab") as kept:
            kept.write(torn + b"\n")
        file.truncate(len(whole + newline))
    return aside


def read_journal(path: Path, public_keys: Mapping[str, str]) -> Iterator[Record]:
    """Yield the records of a file in order. Raises JournalCorrupt naming the first line that is torn or altered."""
    previous = BEGINNING
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        try:
            record = read_record(line.removesuffix(b"\n"), public_keys)
        except (ValueError, BadSignature) as reason:
            raise JournalCorrupt(path, number, str(reason)) from reason
        if not line.endswith(b"\n"):
            raise JournalCorrupt(path, number, "its end is torn off")
        if record.previous != previous or record.number != number:
            raise JournalCorrupt(path, number, "its hash does not follow from the line before: it was altered or moved")
        previous = record.hash
        yield record


def read_record(envelope: bytes, public_keys: Mapping[str, str]) -> Record:
    """Return a record as a site signed it. Raises BadSignature, or ValueError for what is no record or spelled otherwise."""
    record = Record.from_body(unseal(envelope, public_keys, claimed_signer(envelope)))
    # The whole spelling counts: nobody may read two different things in one line.
    if canonical(json.loads(envelope)) != envelope:
        raise ValueError("it is spelled in another way than it was written")
    return record
