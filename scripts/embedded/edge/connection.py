"""One client and the site behind it: bytes pass both ways as fast as the slower side takes them, and never twice.

The site is dialled when the client's first bytes arrive, so an idle browser connection belongs to no site yet. Until a
site has got them, another try is free; after that no try is made, since a write could happen twice.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Protocol, cast

from scripts.embedded.edge.follow import Site
from scripts.embedded.edge.replies import Reason, is_request, reply
from scripts.embedded.edge.stages import PATIENCE, Stage

BUFFER = 64 * 1024  # bytes that may wait for one slow reader before the other side is paused
HEAD = 8 * 1024  # bytes of a request that are kept to know what kind of answer its sender reads
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # linger for no time: close() sends RST


class Switchboard(Protocol):
    """What a connection needs of the edge."""

    def join(self, connection: "Client") -> bool:
        """Register; False when there are too many."""
        ...

    def leave(self, connection: "Client") -> None:
        """Forget the connection."""
        ...

    async def dial(self, make: Callable[[], "SiteEnd"]) -> tuple[asyncio.Transport, Site] | None:
        """Reach the current site; None when it cannot be reached."""
        ...


class Client(asyncio.Protocol):
    """The client's end; owns the site's end."""

    def __init__(self, edge: Switchboard) -> None:
        self.edge = edge
        self.loop = asyncio.get_running_loop()
        self.site: Site | None = None
        self.upstream: asyncio.Transport | None = None
        self.dialling: asyncio.Task[None] | None = None
        self.head = b""
        self.answered = False
        self.unsent = 0
        self.upstream_is_full = False
        self.enter(Stage.WAITING)

    def enter(self, stage: Stage) -> None:
        """Go to a stage and start its clock."""
        self.stage = stage
        self.deadline = self.loop.time() + PATIENCE[stage]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client arrived."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=BUFFER)
        if not self.edge.join(self):
            self.transport.write(reply(b"", Reason.FULL))
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        if self.stage is Stage.WAITING:
            self.head = data
            _pause(self.transport)
            self.enter(Stage.DIALLING)
            self.dialling = self.loop.create_task(self._dial())
        elif self.upstream is not None and self.stage is Stage.PASSING:
            self._keep_head(data)
            self.deadline = self.loop.time() + PATIENCE[Stage.PASSING]
            self.upstream.write(data)

    def _keep_head(self, data: bytes) -> None:
        if self.answered:  # the first bytes after an answer begin the next request
            self.answered, self.head = False, b""
        if len(self.head) < HEAD:
            self.head += data[: HEAD - len(self.head)]

    async def _dial(self) -> None:
        reached = await self.edge.dial(lambda: SiteEnd(self))
        first, self.head = self.head, self.head[:HEAD]
        if reached is None or reached[0].is_closing():
            self.finish(reply(first, Reason.NOT_SENT))
            return
        self.upstream, self.site = reached
        self.upstream.set_write_buffer_limits(high=BUFFER)
        self.enter(Stage.PASSING)
        self.upstream.write(first)
        if not self.upstream_is_full:
            _resume(self.transport)

    def answer(self, data: bytes) -> None:
        """Bytes of the site."""
        if self.stage in (Stage.PASSING, Stage.HALF_CLOSED):
            self.answered = True
            self.deadline = self.loop.time() + PATIENCE[self.stage]
            self.transport.write(data)

    def site_left(self, error: Exception | None = None) -> None:
        """The site closed, died or was left: the client gets what is still on its way, and then the end."""
        if self.stage not in (Stage.PASSING, Stage.HALF_CLOSED):
            return
        if not self.answered and is_request(self.head):
            self.finish(reply(self.head, Reason.UNKNOWN))
        elif error is not None:
            self.reset()
        else:
            self.finish(b"")

    def finish(self, last: bytes) -> None:
        """Send the last bytes and the end; what the client still sends is dropped."""
        has_said_all = self.stage is Stage.HALF_CLOSED
        self.enter(Stage.CLOSING)
        if self.upstream is not None:
            self.upstream.abort()
        if self.transport.is_closing():
            return
        self.transport.write(last)
        if has_said_all:
            self.transport.close()
        else:
            self.transport.write_eof()
            _resume(self.transport)

    def abort(self) -> None:
        """End both sides now."""
        self.transport.abort()

    def reset(self) -> None:
        """End both sides as a broken connection: a clean end would make an answer that was cut short look whole."""
        plain_socket = self.transport.get_extra_info("socket")
        if not self.transport.is_closing() and plain_socket is not None:
            plain_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.abort()

    def overdue(self) -> None:
        """The stage's time is over: a request without an answer is told so, anything else is ended."""
        unsent, self.unsent = self.unsent, self.transport.get_write_buffer_size()
        if self.stage in (Stage.PASSING, Stage.HALF_CLOSED) and not self.answered:
            self.site_left()
        elif self.stage is Stage.CLOSING and self.unsent not in (0, unsent):
            self.enter(Stage.CLOSING)  # a slow reader is still reading
        else:
            self.abort()

    def eof_received(self) -> bool:
        """The client has said all; the site may still be answering."""
        if self.stage is not Stage.PASSING or self.upstream is None:
            return False
        self.enter(Stage.HALF_CLOSED)
        self.upstream.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone, and so is its site's end."""
        self.edge.leave(self)
        if self.dialling is not None:
            self.dialling.cancel()
        if self.upstream is not None:
            self.upstream.abort()

    def pause_writing(self) -> None:
        """The client reads too slowly: let the site wait."""
        if self.upstream is not None:
            _pause(self.upstream)

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self.upstream is not None:
            _resume(self.upstream)


class SiteEnd(asyncio.Protocol):
    """The site's end of a connection: hands everything to the client's end."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A site was reached."""
        self.transport = transport

    def is_current(self) -> bool:
        """Whether the client talks to this end: a try that was given up must not end the next one."""
        return self.client.upstream is self.transport

    def data_received(self, data: bytes) -> None:
        """Bytes of the site."""
        if self.is_current():
            self.client.answer(data)

    def eof_received(self) -> None:
        """The site has said all."""
        if self.is_current():
            self.client.site_left()

    def connection_lost(self, exc: Exception | None) -> None:
        """The site is gone."""
        if self.is_current():
            self.client.site_left(exc)

    def pause_writing(self) -> None:
        """The site reads too slowly: let the client wait."""
        self.client.upstream_is_full = True
        _pause(self.client.transport)

    def resume_writing(self) -> None:
        """The site has caught up."""
        self.client.upstream_is_full = False
        _resume(self.client.transport)


def _pause(transport: asyncio.Transport) -> None:
    if not transport.is_closing():
        transport.pause_reading()


def _resume(transport: asyncio.Transport) -> None:
    if not transport.is_closing():
        transport.resume_reading()
