"""Copies of a journal's records in every ledger store that answers, made beside the runbook, which waits for none of them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from scripts.runbook import event_loop
from scripts.runbook.control import DEADLINE_SECONDS, GRACE_SECONDS, ControlStores
from scripts.runbook.journal import Record
from scripts.runbook.signing import Signer

JOURNALS = "journal/"


@dataclass(frozen=True)
class _Item:
    """What is copied, under which key, and what a person calls it."""

    what: str
    key: str
    data: bytes


class LedgerMirror:
    """One runbook's copies: in order, one at a time, in a thread of its own. Closing it waits for the last.

    A store gets what it lacks before anything newer. So the copy in a cloud that is gone, or came back, ends early and
    never has a hole, which would look like somebody's hand.
    """

    def __init__(
        self, open_stores: Callable[[], ControlStores], runbook: str, signer: Signer, warn: Callable[[str], None]
    ) -> None:
        self._runbook, self._signer, self._warn = runbook, signer, warn
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal mirror")
        self._stores = self._thread.submit(open_stores)
        self._work: list[Future[None]] = []
        # Of the thread alone: everything in order, and how much of it each site's store holds.
        self._items: list[_Item] = []
        self._held: dict[str, int] = {}

    def copy(self, record: Record) -> None:
        """Begin to copy a record; one that lies there already with the same bytes counts as copied."""
        key = record_key(self._runbook, record.number)
        self.keep(key, record.sealed(self._signer), f"the journal record {record.number}")

    def keep(self, key: str, data: bytes, what: str = "") -> None:
        """Begin to copy any bytes that belong to the runbook; `what` names them to a person."""
        self._work.append(self._thread.submit(self._add, _Item(what or key, key, data)))

    def close(self) -> None:
        """Wait for every copy, try once more where a store lacks some, and say what lies on this machine alone."""
        self._work.append(self._thread.submit(lambda: event_loop.run(self._bring_up(DEADLINE_SECONDS))))
        for work in self._work:
            work.result()
        self._thread.shutdown()
        if alone := [item.what for item in self._items[max(self._held.values(), default=0) :]]:
            self._warn(f"on this machine alone, since no ledger store took it: {', '.join(alone)}")

    def _add(self, item: _Item) -> None:
        self._items.append(item)
        event_loop.run(self._bring_up(GRACE_SECONDS))

    async def _bring_up(self, patience_seconds: float) -> None:
        """Bring what is new to the stores that have the rest; a store that lacks more has so many seconds for each piece."""
        stores = self._stores.result()
        up_to_date = [site for site in stores.stores if self._held.get(site, 0) == len(self._items) - 1]
        late = [site for site in stores.stores if self._held.get(site, 0) < len(self._items) - 1]
        await asyncio.gather(
            self._extend(stores.only(up_to_date, DEADLINE_SECONDS)),
            *(self._extend(stores.only([site], patience_seconds)) for site in late),
        )

    async def _extend(self, stores: ControlStores) -> None:
        """Append to stores that hold equally much until they hold everything, or one does not answer."""
        while stores.stores and (held := self._held.get(next(iter(stores.stores)), 0)) < len(self._items):
            answers = await stores.append(self._items[held].key, self._items[held].data)
            self._held |= dict.fromkeys(answers.values, held + 1)
            if answers.failures:
                return


def record_key(runbook: str, number: int) -> str:
    """Return the name of a record's object; `place_of` reads it."""
    return f"{JOURNALS}{runbook}/{number:04d}.json"


def place_of(key: str) -> tuple[str, int] | None:
    """Return the runbook and the number in an object's name, or None for something else that lies under `JOURNALS`."""
    runbook, _, file = key.removeprefix(JOURNALS).rpartition("/")
    number = file.removesuffix(".json")
    return (runbook, int(number)) if runbook and number.isdigit() else None
