"""Copies into a bucket what the other clouds' buckets hold and it lacks: a store that was killed may have forgotten some."""

import asyncio
from collections.abc import Mapping

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError

from app.stores import Store, list_all

COPIES_AT_ONCE = 8


async def copy_missing(into: Store, others: Mapping[str, Store]) -> tuple[int, dict[str, str]]:
    """Return how many objects were copied, and why each of the others that gave no list could not be asked.

    Objects of the same key are the same object in every cloud: nothing that is there is written again.
    """
    present, copied, silent = await _keys(into), 0, {}
    for name, other in others.items():
        try:
            missing = await _keys(other) - present
        except (BaseError, OSError) as reason:
            silent[name] = (str(reason).splitlines() or [type(reason).__name__])[0]
            continue
        copied += sum(await _copy_all(sorted(missing), other, into))
        present |= missing
    return copied, silent


async def _keys(store: Store) -> set[str]:
    return {found["path"] for found in await list_all(store)}


async def _copy_all(keys: list[str], source: Store, into: Store) -> list[bool]:
    turns = asyncio.Semaphore(COPIES_AT_ONCE)

    async def one(key: str) -> bool:
        async with turns:
            return await _copy(key, source, into)

    return await asyncio.gather(*(one(key) for key in keys))


async def _copy(key: str, source: Store, into: Store) -> bool:
    """Copy one object with its attributes; False when it is gone from the source or there by now."""
    try:
        found = await obstore.get_async(source, key)
        await obstore.put_async(into, key, await found.bytes_async(), attributes=found.attributes, mode="create")
    except (FileNotFoundError, AlreadyExistsError):
        return False
    return True
