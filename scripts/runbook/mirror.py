"""Copies of a journal's records in every ledger store that answers, made beside the runbook, which waits for none of them."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from scripts.runbook import event_loop
from scripts.runbook.control import Answers, ControlStores
from scripts.runbook.journal import Record
from scripts.runbook.signing import Signer

JOURNALS = "journal/"


class LedgerMirror:
    """One runbook's copies: in order, one at a time, in a thread of its own. Closing it waits for the last."""

    def __init__(
        self, open_stores: Callable[[], ControlStores], runbook: str, signer: Signer, warn: Callable[[str], None]
    ) -> None:
        self._runbook, self._signer, self._warn = runbook, signer, warn
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal mirror")
        self._stores = self._thread.submit(open_stores)
        self._copies: list[tuple[str, Future[Answers]]] = []

    def copy(self, record: Record) -> None:
        """Begin to copy a record; one that lies there already with the same bytes counts as copied."""
        key = record_key(self._runbook, record.number)
        self.keep(key, record.sealed(self._signer), f"the journal record {record.number}")

    def keep(self, key: str, data: bytes, what: str = "") -> None:
        """Begin to copy any bytes that belong to the runbook; `what` names them to a person."""
        self._copies.append((what or key, self._thread.submit(self._append, key, data)))

    def close(self) -> None:
        """Wait for every copy, and say what lies on this machine alone."""
        alone = [what for what, answers in self._copies if not answers.result().values]
        self._thread.shutdown()
        if alone:
            self._warn(f"on this machine alone, since no ledger store took it: {', '.join(alone)}")

    def _append(self, key: str, data: bytes) -> Answers:
        return event_loop.run(self._stores.result().append(key, data))


def record_key(runbook: str, number: int) -> str:
    """Return the name of a record's object; `place_of` reads it."""
    return f"{JOURNALS}{runbook}/{number:04d}.json"


def place_of(key: str) -> tuple[str, int] | None:
    """Return the runbook and the number in an object's name, or None for something else that lies under `JOURNALS`."""
    runbook, _, file = key.removeprefix(JOURNALS).rpartition("/")
    number = file.removesuffix(".json")
    return (runbook, int(number)) if runbook and number.isdigit() else None
