"""How long a verb took the last time, from the journals in the ledger stores."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass

from scripts.runbook import ledger
from scripts.runbook.control import ControlStores
from scripts.runbook.journal import Record

# How many runs are looked at, the newest first, before a verb counts as never done: one may have been stopped.
LOOK_BACK = 3


@dataclass(frozen=True)
class LastTime:
    """The newest whole run of a verb: when it began, how long it took, and how long until writes were acknowledged (s)."""

    runbook: str
    began: float
    seconds: float
    seconds_to_writes: float | None

    def __str__(self) -> str:
        day = datetime.datetime.fromtimestamp(self.began, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
        writes = f", writes after {self.seconds_to_writes:.1f} s" if self.seconds_to_writes is not None else ""
        return f"{self.seconds:.1f} s{writes} ({self.runbook}, {day})"


async def last_time(
    stores: ControlStores, public_keys: Mapping[str, str], verb: str, last_step: str
) -> LastTime | None:
    """Return the newest run of a verb that got to its last step, or None when none is in the ledgers."""
    known = await ledger.runbooks(stores)
    names = sorted(
        (name for name in known if _epoch(verb, name) is not None), key=lambda name: -(_epoch(verb, name) or 0)
    )
    for name in names[:LOOK_BACK]:
        records = (await ledger.read_copies(stores, public_keys, name, known[name])).longest
        if any((record.step, record.outcome) == (last_step, "done") for record in records):
            return _measured(name, records)
    return None


def _epoch(verb: str, runbook: str) -> int | None:
    """Return the epoch in the name of a verb's run; the part of it that another site did has a name of its own."""
    found = re.fullmatch(rf"{verb}-(\d+)-to-[^-]+-[0-9a-f]+", runbook)
    return int(found[1]) if found else None


def _measured(runbook: str, records: tuple[Record, ...]) -> LastTime:
    began = records[0].start
    writes = [record.end - began for record in records if (record.step, record.outcome) == ("open_writes", "done")]
    return LastTime(runbook, began, records[-1].end - began, writes[0] if writes else None)
