"""The control stores of all sites at once: small signed objects, each store with its own deadline.

No call waits for a store that is gone: an answer names the stores that gave one, and why the others did not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError

from app.stores import Credentials, open_store

DEADLINE_SECONDS = 2.0

Store = Any


@dataclass(frozen=True)
class Answers:
    """What each store said: its value, or the reason there is none."""

    values: dict[str, Any] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


class ControlStores:
    """One kind of control store (`lease` or `ledger`) in every cloud, by the site's name."""

    def __init__(
        self, urls: Mapping[str, str], credentials: Credentials, deadline_seconds: float = DEADLINE_SECONDS
    ) -> None:
        self.deadline_seconds = deadline_seconds
        self.stores: dict[str, Store] = {
            site: open_store(url, credentials, timeout_seconds=deadline_seconds, retries=0)
            for site, url in urls.items()
        }

    async def put(self, key: str, data: bytes) -> Answers:
        """Write an object to every store that answers in time."""
        return await self._everywhere(lambda store: obstore.put_async(store, key, data))

    async def append(self, key: str, data: bytes) -> Answers:
        """Create an object that must not be there yet; one that is there with the same bytes counts as written."""

        async def create(store: Store) -> None:
            try:
                await obstore.put_async(store, key, data, mode="create")
            except AlreadyExistsError:
                if await _read(store, key) != data:
                    raise

        return await self._everywhere(create)

    async def get(self, key: str) -> Answers:
        """Read an object from every store that answers in time; a missing one is None."""

        async def read(store: Store) -> bytes | None:
            try:
                return await _read(store, key)
            except FileNotFoundError:
                return None

        return await self._everywhere(read)

    async def list(self, prefix: str) -> Answers:
        """List the keys under a prefix in every store that answers in time."""

        async def names(store: Store) -> list[str]:
            return sorted([found["path"] async for batch in obstore.list(store, prefix) for found in batch])

        return await self._everywhere(names)

    async def _everywhere(self, act: Callable[[Store], Awaitable[Any]]) -> Answers:
        answers = Answers()

        async def one(site: str, store: Store) -> None:
            try:
                answers.values[site] = await asyncio.wait_for(act(store), self.deadline_seconds)
            except (
                Exception
            ) as reason:  # every way a store can fail means the same here: it gave no answer, and says why
                answers.failures[site] = str(reason).splitlines()[0][:200] if str(reason) else type(reason).__name__

        await asyncio.gather(*(one(site, store) for site, store in self.stores.items()))
        return answers


async def _read(store: Store, key: str) -> bytes:
    return bytes(await (await obstore.get_async(store, key)).bytes_async())
