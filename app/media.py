"""Pictures in the object stores of three clouds, under content-addressed keys and the app's own hostname.

An upload is acknowledged when the own cloud and at least one live standby's cloud hold it. A site serves what its own
bucket lacks from a cloud that has it, and fills the gap. Bytes are compared with their name on every read, so a
damaged or foreign object is never served.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore

from app.errors import NotFound, Unavailable
from app.pictures import Picture
from app.rule import Rule
from app.settings import Settings
from app.stores import load_credentials, open_store

log = logging.getLogger(__name__)

KEY = re.compile(r"media/(?P<prefix>[0-9a-f]{2})/(?P<name>(?P=prefix)[0-9a-f]{62})\.(?P<extension>jpg|webp)")
CONTENT_TYPES = {"jpg": "image/jpeg", "webp": "image/webp"}
IMMUTABLE = "public, max-age=31536000, immutable"

REQUEST_SECONDS = 4.0
RETRIES = 1


class Media:
    """The own bucket and those of the other sites."""

    def __init__(self, own: ObjectStore, peers: Mapping[str, ObjectStore], timeout: float) -> None:
        self._own = own
        self._peers = dict(peers)
        self._timeout = timeout
        self._background: set[asyncio.Task[Any]] = set()
        self._filling: set[str] = set()

    @classmethod
    def open(cls, settings: Settings) -> "Media":
        """Open the stores that the environment names; raises BadStoreUrl or BadStoreCredentials, asks no store yet."""
        credentials = load_credentials(settings.store_credentials)

        def opened(url: str) -> ObjectStore:
            return open_store(url, credentials, timeout_seconds=REQUEST_SECONDS, retries=RETRIES)

        peers = {str(site): opened(url) for site, url in settings.media_peers.items()}
        return cls(opened(settings.media_url), peers, settings.acknowledge_timeout)

    async def keep(self, picture: Picture, rule: Rule) -> None:
        """Return when the own cloud and a standby of the rule hold the picture; raises Unavailable when not in time.

        Copies to further clouds go on after the answer.
        """
        own = self._start(_put(self._own, picture.key, picture.data))
        others = {site: self._start(_put(store, picture.key, picture.data)) for site, store in self._peers.items()}
        counting = [copy for site, copy in others.items() if site in rule.sites]
        try:
            async with asyncio.timeout(self._timeout):
                held = await asyncio.shield(own) and await _enough(counting, rule.copies_elsewhere)
        except TimeoutError:
            held = False
        if not held:
            raise Unavailable("The picture could not be stored in two clouds, so it was not saved; try again.")

    async def read(self, key: str) -> bytes:
        """Give the bytes of a picture from the nearest cloud that holds them; raises NotFound or Unavailable."""
        answer = await _get(self._own, key)
        if isinstance(answer, bytes):
            return answer
        found = await self._read_through(key)
        if isinstance(found, bytes):
            self._fill(key, found, overwrite=not isinstance(answer, FileNotFoundError))
            return found
        if isinstance(answer, FileNotFoundError) and found is None:
            raise NotFound
        raise Unavailable("The picture cannot be read at the moment: a cloud that may hold it does not answer.")

    async def settle(self) -> None:
        """Wait until every copy that was begun has ended, well or not."""
        await asyncio.gather(*self._background, return_exceptions=True)

    async def _read_through(self, key: str) -> bytes | Exception | None:
        """Ask all other clouds at once; the first good copy, else the last failure, else None when none has it."""
        failure: Exception | None = None
        for asked in asyncio.as_completed([_get(store, key) for store in self._peers.values()]):
            answer = await asked
            if isinstance(answer, bytes):
                return answer
            if not isinstance(answer, FileNotFoundError):
                failure = answer
        return failure

    def _fill(self, key: str, data: bytes, *, overwrite: bool) -> None:
        if key not in self._filling:
            self._filling.add(key)
            task = self._start(_put(self._own, key, data, overwrite=overwrite))
            task.add_done_callback(lambda _: self._filling.discard(key))

    def _start(self, work: Coroutine[Any, Any, bool]) -> asyncio.Task[bool]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task


async def _enough(copies: Iterable[asyncio.Task[bool]], needed: int) -> bool:
    waiting = set(copies)
    while needed > 0 and waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        needed -= sum(task.result() for task in done)
    return needed <= 0


async def _put(store: ObjectStore, key: str, data: bytes, *, overwrite: bool = False) -> bool:
    """Write one copy and say whether the store holds it now."""
    attributes = {"Content-Type": CONTENT_TYPES[key.rpartition(".")[2]], "Cache-Control": IMMUTABLE}
    mode = "overwrite" if overwrite else "create"
    try:
        await obstore.put_async(store, key, data, mode=mode, attributes=attributes, use_multipart=False)
    except AlreadyExistsError:
        return True
    except (BaseError, OSError) as error:
        # Another writer of the same picture, or our own first attempt, may have put it there.
        return await _holds(store, key) or _not_copied(key, error)
    return True


async def _holds(store: ObjectStore, key: str) -> bool:
    try:
        await obstore.head_async(store, key)
    except (BaseError, OSError):
        return False
    return True


async def _get(store: ObjectStore, key: str) -> bytes | Exception:
    try:
        data = bytes(await (await obstore.get_async(store, key)).bytes_async())
    except (BaseError, OSError) as error:
        return error
    if hashlib.sha256(data).hexdigest() != key.rpartition("/")[2].partition(".")[0]:
        log.warning("the copy of %s in %s is damaged", key, store)
        return ValueError(f"{key} does not match its name")
    return data


def _not_copied(key: str, error: Exception) -> bool:
    log.warning("%s was not copied: %s", key, str(error).partition("\n")[0])
    return False
