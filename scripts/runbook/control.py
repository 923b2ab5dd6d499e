"""The control stores of all sites at once: small signed objects, each store with its own deadline.

No call waits for a store that is gone: an answer names the stores that gave one, and why the others did not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError

from app.stores import Credentials, list_all, open_store

Enter = Callable[[], dict[str, Any]]
"""How this machine enters one site's stores, where it has no key of them: app/federation.py."""

DEADLINE_SECONDS = 2.0
# How long a majority that has answered waits for a store that has not.
GRACE_SECONDS = 0.3

Store = Any


@dataclass(frozen=True)
class Answers:
    """What each store said: its value, or the reason there is none."""

    values: dict[str, Any] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


class ControlStores:
    """One kind of control store (`lease` or `ledger`) in every cloud, by the site's name."""

    def __init__(
        self,
        urls: Mapping[str, str],
        credentials: Credentials,
        deadline_seconds: float = DEADLINE_SECONDS,
        ways: Mapping[str, Enter] | None = None,
    ) -> None:
        self.deadline_seconds = deadline_seconds
        self._under_way: set[asyncio.Task[Any]] = set()
        self.stores: dict[str, Store] = {
            site: open_store(
                url, credentials, timeout_seconds=deadline_seconds, retries=0, enter=(ways or {}).get(site)
            )
            for site, url in urls.items()
        }

    def only(self, sites: Collection[str], deadline_seconds: float) -> "ControlStores":
        """Return the stores of some sites alone, the same clients, with a deadline of their own."""
        some = ControlStores({}, {}, deadline_seconds)
        some.stores = {site: store for site, store in self.stores.items() if site in sites}
        return some

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
            return sorted(found["path"] for found in await list_all(store, prefix))

        return await self._everywhere(names)

    async def _everywhere(self, act: Callable[[Store], Awaitable[Any]]) -> Answers:
        """Ask every store at once; once a majority has spoken, the rest has a moment more and then counts as silent.

        A write to a silent store goes on in the background until its deadline: it may still arrive.
        """
        asked = {asyncio.create_task(self._one(act(store))): site for site, store in self.stores.items()}
        self._under_way |= set(asked)
        for task in asked:
            task.add_done_callback(self._under_way.discard)
        left = set(asked)
        while left:
            spoken = len(asked) - len(left)
            grace = GRACE_SECONDS if spoken > len(asked) // 2 else None
            done, left = await asyncio.wait(left, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
        answers = Answers(
            failures={asked[task]: f"no answer within {GRACE_SECONDS:g} s of the others" for task in left}
        )
        for task, site in asked.items():
            if task not in left:
                value, failure = task.result()
                answers.failures.update({site: failure} if failure else {})
                answers.values.update({} if failure else {site: value})
        return answers

    async def _one(self, asked: Awaitable[Any]) -> tuple[Any, str]:
        """Return a store's value, or why there is none: every way a store can fail means the same here."""
        try:
            return await asyncio.wait_for(asked, self.deadline_seconds), ""
        except Exception as reason:
            return None, str(reason).splitlines()[0][:200] if str(reason) else type(reason).__name__


async def _read(store: Store, key: str) -> bytes:
    return bytes(await (await obstore.get_async(store, key)).bytes_async())
