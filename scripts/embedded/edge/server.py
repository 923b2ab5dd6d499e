"""The listener: how many clients there may be, how a site is reached, who is cut after a move or a long silence."""

import asyncio
from collections.abc import Callable

from scripts.embedded.edge.connection import Client, SiteEnd
from scripts.embedded.edge.follow import Follower, Resolver, Site

HOST = "127.0.0.1"
DIAL_SECONDS = 1.0
PAUSE_SECONDS = 0.05
SWEEP_SECONDS = 0.5
MOST_CLIENTS = 512  # 512 x 2 directions x (64 KiB waiting + one read of at most 256 KiB) bounds the memory


class Edge:
    """One listening address that passes each client to the site DNS names; times in seconds."""

    def __init__(self, resolver: Resolver, every: float, drain: float) -> None:
        self.follower = Follower(resolver, self.moved)
        self.every = every
        self.drain = drain
        self.clients: set[Client] = set()

    async def serve(self, port: int, stop: asyncio.Event) -> None:
        """Listen on loopback until `stop`; raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Client(self), HOST, port, backlog=512)
        chores = [asyncio.create_task(self.follower.follow(self.every)), asyncio.create_task(self.sweep())]
        print(f"edge: listening on {HOST}:{server.sockets[0].getsockname()[1]}", flush=True)
        await stop.wait()
        server.close()
        for chore in chores:
            chore.cancel()
        for client in list(self.clients):
            client.abort()

    def join(self, connection: Client) -> bool:
        """Register a client; False when there are too many."""
        if len(self.clients) >= MOST_CLIENTS:
            return False
        self.clients.add(connection)
        return True

    def leave(self, connection: Client) -> None:
        """Forget a client."""
        self.clients.discard(connection)

    async def dial(self, make: Callable[[], SiteEnd]) -> tuple[asyncio.Transport, Site] | None:
        """Reach the current site, with one more try after asking DNS again; None when both fail.

        No byte of the client has been sent yet, so the second try may go to another site.
        """
        for is_last in (False, True):
            site = self.follower.site
            transport = await _connect(site, make) if site else None
            if transport is not None and site is not None and site == self.follower.site:
                return transport, site
            if transport is not None:
                transport.abort()  # the name moved meanwhile
            elif not is_last:
                await self._look_again(site)
        return None

    async def _look_again(self, failed: Site | None) -> None:
        self.follower.resolver.forget()
        await self.follower.refresh()
        if self.follower.site == failed:
            await asyncio.sleep(PAUSE_SECONDS)

    def moved(self, old: Site | None, new: Site) -> None:
        """The name points elsewhere: after the drain nobody is left on another site."""
        if old is not None:
            asyncio.get_running_loop().call_later(self.drain, self.cut)

    def cut(self) -> None:
        """End every connection to a site that the name no longer points at."""
        for client in list(self.clients):
            if client.site is not None and client.site != self.follower.site:
                client.site_left()

    async def sweep(self) -> None:
        """End what has been silent beyond its stage's patience."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = asyncio.get_running_loop().time()
            for client in [c for c in self.clients if c.deadline < now]:
                client.overdue()


async def _connect(site: Site, make: Callable[[], SiteEnd]) -> asyncio.Transport | None:
    try:
        async with asyncio.timeout(DIAL_SECONDS):
            transport, _ = await asyncio.get_running_loop().create_connection(make, site.host, site.port)
    except OSError:  # TimeoutError is one too: the caller asks DNS again, then says so to the client
        return None
    return transport
