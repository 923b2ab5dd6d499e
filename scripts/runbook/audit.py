"""A copy of each site's audit log outside its provider: who ends an account ends the log of how it was ended, too.

The copy lies in the ledgers of the other sites, which nobody can empty, under `audit/<site>/`.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import ObjectStore

from scripts.runbook.errors import AuditNotCopied


@dataclass(frozen=True)
class Entry:
    """One file of an audit log; Azure's grow for an hour, so the size belongs to the name of the copy."""

    path: str
    size: int

    def copy_of(self, site: str) -> str:
        """Return the name of this file's copy in another site's ledger."""
        return f"audit/{site}/{self.path}@{self.size}"


def entries(log: ObjectStore, since: datetime.datetime) -> tuple[Entry, ...]:
    """Return the files of a log that were written since a moment, in order of their names."""
    found = [one for batch in obstore.list(log) for one in batch if one["last_modified"] >= since]
    return tuple(sorted((Entry(one["path"], one["size"]) for one in found), key=lambda entry: entry.path))


def missing(wanted: Iterable[Entry], site: str, ledger: ObjectStore) -> tuple[Entry, ...]:
    """Return the entries of which a ledger holds no copy."""
    held = {one["path"] for batch in obstore.list(ledger, f"audit/{site}/") for one in batch}
    return tuple(entry for entry in wanted if entry.copy_of(site) not in held)


def copy(wanted: Iterable[Entry], site: str, log: ObjectStore, ledger: ObjectStore) -> None:
    """Copy entries into another site's ledger and look for them there; a copy that is there already stays as it is.

    Raises AuditNotCopied for entries that are not there afterwards. May be killed and run again.
    """
    wanted = tuple(wanted)
    for entry in wanted:
        try:
            obstore.put(ledger, entry.copy_of(site), obstore.get(log, entry.path).bytes(), mode="create")
        except AlreadyExistsError:
            continue
    if lost := missing(wanted, site, ledger):
        raise AuditNotCopied(f"{len(lost)} files of the audit log of {site} are not in the ledger: {lost[0].path}, ...")
