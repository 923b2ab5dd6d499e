"""The load: one process, a few hundred lines of bytes a second, and no library between it and the socket.

A client that parses little is far from being what limits a server in Python; how busy it was is part of the record.
"""

import asyncio
import itertools
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.records import percentile

HOST = "social.example"  # both programs are asked under one name, so that the links in their answers are the same


@dataclass(frozen=True)
class Ask:
    """What one scenario sends: method, path, and bodies to send in turn with their media type; the first's picture."""

    method: str
    path: str
    bodies: tuple[bytes, ...] = (b"",)
    kind: str = "application/json"
    picture: bytes = b""

    def requests(self, token: str) -> list[bytes]:
        """Give the bytes of every request, ready to be sent."""
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {token}\r\n"
        if not self.bodies[0]:
            return [f"{head}\r\n".encode()]
        fields = [f"{head}Content-Type: {self.kind}\r\nContent-Length: {len(body)}\r\n\r\n" for body in self.bodies]
        return [head.encode() + body for head, body in zip(fields, self.bodies, strict=True)]


class _Connection(asyncio.Protocol):
    """One kept-open connection that has at most one request under way."""

    def __init__(self) -> None:
        self._buffer = b""
        self._need = 0
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server hung up"))

    def ask(self, request: bytes) -> asyncio.Future[bytes]:
        """Send a request; the future gives its body. Raises RuntimeError for any status but 200."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._need:
            head, found, _ = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            self._need = len(head) + 4 + int(fields[b"content-length"])
        if len(self._buffer) >= self._need:
            self._finish()

    def _finish(self) -> None:
        whole, self._buffer, self._need = self._buffer, b"", 0
        assert self._answer is not None
        head, _, body = whole.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 200"):
            self._answer.set_result(body)
        else:
            self._answer.set_exception(RuntimeError(whole[:300].decode(errors="replace")))


async def one(port: int, request: bytes) -> bytes:
    """Send one request on a connection of its own and give the body."""
    transport, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", port)
    try:
        return await connection.ask(request)
    finally:
        transport.close()


async def load(port: int, requests: Sequence[bytes], clients: int, seconds: float, count: int = 0) -> dict[str, Any]:
    """Let so many clients ask for so long, or `count` times in all; give waits (milliseconds) and the client's own share.

    `busy` is this process's CPU seconds by the seconds it took: near 1, and the client would be what is measured.
    """
    waits: list[float] = []
    turns = itertools.cycle(requests)
    began, cpu = time.perf_counter(), time.process_time()

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        transport, connection = await loop.create_connection(_Connection, "127.0.0.1", port)
        try:
            while (len(waits) < count) if count else (time.perf_counter() - began < seconds):
                start = time.perf_counter()
                await connection.ask(next(turns))
                waits.append(1000 * (time.perf_counter() - start))
        finally:
            transport.close()

    await asyncio.gather(*(ask() for _ in range(clients)))
    took = time.perf_counter() - began
    return {
        "requests": len(waits),
        "took": round(took, 3),
        "p50": round(percentile(waits, 0.5), 3),
        "p99": round(percentile(waits, 0.99), 3),
        "busy": round((time.process_time() - cpu) / took, 3),
    }


def pin(core: int, pid: int = 0) -> bool:
    """Keep a process on one core, where the system can; say whether it did."""
    if not hasattr(os, "sched_setaffinity") or (os.cpu_count() or 1) < 2:
        return False
    os.sched_setaffinity(pid, {core})
    return True
