"""Journals of one invented site, with a key that is always the same."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scripts.runbook.journal import Journal, Record, read_journal
from scripts.runbook.signing import Signer

SIGNER = Signer("gcp", Ed25519PrivateKey.from_private_bytes(b"g" * 32))
PUBLIC_KEYS = {"gcp": SIGNER.public}


def open_journal(path: Path, runbook: str = "failover-2") -> Journal:
    return Journal(path, runbook, SIGNER, PUBLIC_KEYS)


def line_of(record: Record) -> bytes:
    """Return the line that a record is on disk."""
    return record.sealed(SIGNER) + b"\n"


def records_of(path: Path) -> list[Record]:
    return list(read_journal(path, PUBLIC_KEYS))
