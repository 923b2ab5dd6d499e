"""Copies of a journal's records in every ledger store that answers, made beside the runbook, which waits for none of them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from scripts.runbook.control import Answers, ControlStores
from scripts.runbook.journal import Record
from scripts.runbook.signing import Signer


class LedgerMirror:
    """One runbook's copies: in order, one at a time, in a thread of its own. Closing it waits for the last."""

    def __init__(
        self, open_stores: Callable[[], ControlStores], runbook: str, signer: Signer, warn: Callable[[str], None]
    ) -> None:
        self._runbook, self._signer, self._warn = runbook, signer, warn
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal mirror")
        self._stores = self._thread.submit(open_stores)
        self._copies: list[tuple[Record, Future[Answers]]] = []

    def copy(self, record: Record) -> None:
        """Begin to copy a record; one that lies there already with the same bytes counts as copied."""
        self._copies.append((record, self._thread.submit(self._append, record)))

    def close(self) -> None:
        """Wait for every copy, and say which records lie on this machine alone."""
        alone = [str(record.number) for record, answers in self._copies if not answers.result().values]
        self._thread.shutdown()
        if alone:
            self._warn(f"the journal records {', '.join(alone)} are on this machine alone: no ledger store took them")

    def _append(self, record: Record) -> Answers:
        return asyncio.run(
            self._stores.result().append(record_key(self._runbook, record.number), record.sealed(self._signer))
        )


def record_key(runbook: str, number: int) -> str:
    return f"journal/{runbook}/{number:04d}.json"
