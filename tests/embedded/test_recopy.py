"""What a store lacks is copied from the others, with its attributes; what it holds is left alone."""

import asyncio
from collections.abc import Callable

import obstore

from scripts.embedded.recopy import copy_missing
from tests.embedded.running_stores import RunningStore


def test_only_what_is_missing_is_copied(local_store: Callable[[str], RunningStore]) -> None:
    """A store that lost one object and kept another gets the one back, and one that cannot be asked is named."""
    into, source = local_store("azure").open(), local_store("aws").open()
    for store in (into, source):
        obstore.put(store, "recopy/kept", b"kept")
    obstore.put(source, "recopy/lost", b"lost", attributes={"Content-Type": "image/png"})
    closed = RunningStore(
        "aws", local_store("aws").folder, local_store("aws").credentials, local_store("aws").describe, 9
    )

    copied, silent = asyncio.run(copy_missing(into, {"gcp": closed.open(), "aws": source}))

    found = obstore.get(into, "recopy/lost")
    assert (copied, list(silent)) == (1, ["gcp"])
    assert (bytes(found.bytes()), found.attributes["Content-Type"]) == (b"lost", "image/png")
    assert asyncio.run(copy_missing(into, {"aws": source})) == (0, {})
