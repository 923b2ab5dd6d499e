"""Pictures in the object stores of three clouds, under content-addressed keys and the app's own hostname.

An upload is acknowledged when the own cloud and at least one live standby's cloud hold it; the outbox brings it to the
others. A site serves what its own bucket lacks from a cloud that has it, and fills the gap.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from obstore.store import ObjectStore

from app import copies
from app.errors import NotArrived, Unavailable
from app.federation import Credential, entrance
from app.pictures import Picture
from app.rule import Rule
from app.settings import Settings, SiteName
from app.stores import load_credentials, open_store

REQUEST_SECONDS = 4.0
RETRIES = 1
# A page never waits for one store: when the own one has not answered by then, the others are asked too.
HEDGE_SECONDS = 0.3
READ_SECONDS = 3.0


def _way_into(settings: Settings, site: SiteName, url: str) -> Callable[[], Credential] | None:
    """Return how this process enters a peer's store; None where it has a key instead, as the local sites do."""
    entry = settings.peer_entries.get(site)
    return entrance(settings.site, site, entry, url) if entry else None


class Media:
    """The own bucket and those of the other sites."""

    def __init__(self, own: ObjectStore, peers: Mapping[str, ObjectStore], timeout: float) -> None:
        self.own = own
        self.peers = dict(peers)
        self._timeout = timeout
        self._background: set[asyncio.Task[Any]] = set()
        self._filling: set[str] = set()

    @classmethod
    def open(cls, settings: Settings) -> "Media":
        """Open the stores that the environment names; raises BadStoreUrl or BadStoreCredentials, asks no store yet."""
        credentials = load_credentials(settings.store_credentials)

        def opened(url: str, way: Callable[[], Credential] | None = None) -> ObjectStore:
            return open_store(url, credentials, timeout_seconds=REQUEST_SECONDS, retries=RETRIES, enter=way)

        peers = {str(site): opened(url, _way_into(settings, site, url)) for site, url in settings.media_peers.items()}
        return cls(opened(settings.media_url), peers, settings.acknowledge_timeout)

    async def keep(self, picture: Picture, rule: Rule) -> frozenset[str]:
        """Store a picture until the own cloud and a standby of the rule hold it, and name the sites that do not yet.

        Raises Unavailable when not in time. Copies under way go on after the answer; the outbox sees to what fails.
        """
        own = self._start(copies.put(self.own, picture.key, picture.data))
        others = {site: self._start(copies.put(store, picture.key, picture.data)) for site, store in self.peers.items()}
        counting = [copy for site, copy in others.items() if site in rule.sites]
        try:
            async with asyncio.timeout(self._timeout):
                held = await asyncio.shield(own) and await _enough(counting, rule.copies_elsewhere)
        except TimeoutError:
            held = False
        if not held:
            raise Unavailable("The picture could not be stored in two clouds, so it was not saved; try again.")
        return frozenset(site for site, copy in others.items() if not (copy.done() and copy.result()))

    async def read(self, key: str) -> bytes:
        """Give the bytes of a picture from the first cloud that has them; raises NotArrived after 3 s at most."""
        own = self._start(copies.ask(self.own, key))
        await asyncio.wait({own}, timeout=HEDGE_SECONDS)
        if own.done() and isinstance(own.result(), bytes):
            return own.result()
        asked = {own, *(self._start(copies.ask(store, key)) for store in self.peers.values())}
        data = await _first(asked, READ_SECONDS)
        if own.done() and isinstance(own.result(), (FileNotFoundError, copies.Damaged)):
            self._fill(key, data, overwrite=isinstance(own.result(), copies.Damaged))
        return data

    async def settle(self) -> None:
        """Wait until every copy that was begun has ended, well or not."""
        await asyncio.gather(*self._background, return_exceptions=True)

    def _fill(self, key: str, data: bytes, *, overwrite: bool) -> None:
        if key not in self._filling:
            self._filling.add(key)
            task = self._start(copies.put(self.own, key, data, overwrite=overwrite))
            task.add_done_callback(lambda _: self._filling.discard(key))

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task


async def _enough(puts: Iterable[asyncio.Task[bool]], needed: int) -> bool:
    waiting = set(puts)
    while needed > 0 and waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        needed -= sum(task.result() for task in done)
    return needed <= 0


async def _first(asked: set[asyncio.Task[bytes | Exception]], seconds: float) -> bytes:
    """Give the first good answer; raises NotArrived when there is none in time, saying whether every cloud answered."""
    waiting, answers = asked, []
    deadline = asyncio.get_running_loop().time() + seconds
    while waiting:
        left = deadline - asyncio.get_running_loop().time()
        done, waiting = await asyncio.wait(waiting, timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED)
        answers += [task.result() for task in done]
        for answer in answers:
            if isinstance(answer, bytes):
                return answer
        if not done:
            break
    if len(answers) == len(asked) and all(isinstance(answer, FileNotFoundError) for answer in answers):
        raise NotArrived("This picture has not arrived yet.")
    raise NotArrived("This picture cannot be read right now.")
