"""Pictures in one bucket: put, read with a check of every byte, look, remove.

Keys are content-addressed (SHA-256), the same in every bucket; bytes are compared with their name whenever they are
read, so a damaged or foreign object is never served nor copied on.
"""

import asyncio
import hashlib
import logging
import re
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError

log = logging.getLogger(__name__)

KEY = re.compile(r"media/(?P<prefix>[0-9a-f]{2})/(?P<name>(?P=prefix)[0-9a-f]{62})\.(?P<extension>jpg|webp)")
CONTENT_TYPES = {"jpg": "image/jpeg", "webp": "image/webp"}
EDGE_SECONDS = 600
"""How long a picture that was taken down may still be shown by an edge that asks nobody (RFC 9111, section 5.2.2.10)."""
IMMUTABLE = f"public, max-age=31536000, s-maxage={EDGE_SECONDS}, proxy-revalidate, immutable"
PREFIX = "media/"
LARGE = 1024 * 1024  # bytes; hashing that many takes a few milliseconds, in which nothing else would go on

STORE_ERRORS = (BaseError, OSError)


class Damaged(ValueError):
    """An object's bytes do not match its name."""


def name_of(key: str) -> str:
    """Give the SHA-256 that a key carries, in hexadecimal."""
    return key.rpartition("/")[2].partition(".")[0]


async def get(store: Any, key: str) -> bytes:
    """Read a picture; raises FileNotFoundError, Damaged, or whatever else kept the store from giving it."""
    data = bytes(await (await obstore.get_async(store, key)).bytes_async())
    digest = hashlib.sha256(data) if len(data) < LARGE else await asyncio.to_thread(hashlib.sha256, data)
    if digest.hexdigest() != name_of(key):
        log.warning("the copy of %s in %s is damaged", key, store)
        raise Damaged(f"{key} does not match its name")
    return data


async def ask(store: Any, key: str) -> bytes | Exception:
    """Read a picture, and give what went wrong instead of raising it."""
    try:
        return await get(store, key)
    except (*STORE_ERRORS, Damaged) as error:
        return error


async def put(store: Any, key: str, data: bytes, *, overwrite: bool = False) -> bool:
    """Write one copy and say whether the store holds it now."""
    attributes = {"Content-Type": CONTENT_TYPES[key.rpartition(".")[2]], "Cache-Control": IMMUTABLE}
    mode = "overwrite" if overwrite else "create"
    try:
        await obstore.put_async(store, key, data, mode=mode, attributes=attributes, use_multipart=False)
    except AlreadyExistsError:
        return True
    except STORE_ERRORS as error:
        # Another writer of the same picture, or our own first attempt, may have put it there.
        return (not overwrite and await holds(store, key)) or _not_done(f"{key} was not copied", error)
    return True


async def holds(store: Any, key: str, size: int = 0) -> bool:
    """Say whether the store surely has an object of this name, and of this size (bytes) if one is given."""
    try:
        found = await size_of(store, key)
    except STORE_ERRORS:
        return False
    return found is not None and found == (size or found)


async def size_of(store: Any, key: str) -> int | None:
    """Give an object's size in bytes, or None when there is none; raises what kept the store from saying it."""
    try:
        return (await obstore.head_async(store, key))["size"]
    except FileNotFoundError:
        return None


async def remove(store: Any, key: str) -> bool:
    """Remove one copy and say whether the store surely has none now."""
    try:
        await obstore.delete_async(store, key)
    except FileNotFoundError:
        return True
    except STORE_ERRORS as error:
        return _not_done(f"{key} was not removed", error)
    return True


def _not_done(what: str, error: Exception) -> bool:
    log.warning("%s: %s", what, str(error).partition("\n")[0])
    return False
