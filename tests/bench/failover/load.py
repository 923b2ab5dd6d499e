"""The same client and the same load for every cluster: writers that know all addresses and use the one that takes writes."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import psycopg

WRITERS = 8
PAUSE_SECONDS = 0.01
CONNECT_SECONDS = 2  # libpq's smallest
WRITE_SECONDS = 5.0

INSERT = "INSERT INTO idempotency_key (scope_id, key, target_id) VALUES (gen_random_uuid(), %s, gen_random_uuid())"
TABLE = """CREATE TABLE idempotency_key (scope_id uuid, key varchar(512), target_id uuid,
 created_at timestamptz DEFAULT now(), PRIMARY KEY (scope_id, key))"""


class Address(Protocol):
    """One writer's way to one node."""

    async def write(self, key: str) -> None:
        """Return when the cluster has acknowledged the write; raise anything when it has not."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True)
class Acknowledged:
    """A write that the cluster said is saved: by which node, and when (monotonic seconds)."""

    node: int
    at: float


@dataclass
class Load:
    """Writers in a thread of their own, until told to stop.

    `shared`: they are requests of one process with one way to each node; else each has ways of its own.
    """

    addresses: Callable[[], Sequence[Address]]
    shared: bool = False
    acknowledged: list[Acknowledged] = field(default_factory=list)
    trouble: str = "nothing was tried"

    def __enter__(self) -> "Load":
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._write_all()), name="load")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    async def _write_all(self) -> None:
        ways = [self.addresses()] * WRITERS if self.shared else [self.addresses() for _ in range(WRITERS)]
        await asyncio.gather(*(self._write(number, nodes) for number, nodes in enumerate(ways)))
        unique = {id(one): one for nodes in ways for one in nodes}
        await asyncio.gather(*(one.close() for one in unique.values()), return_exceptions=True)

    async def _write(self, number: int, nodes: Sequence[Address]) -> None:
        node, count = 0, 0
        while not self._stop.is_set():
            count += 1
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await nodes[node].write(f"{number}-{count}")
            except Exception as trouble:  # whatever it is, the next address is tried
                self.trouble = f"{type(trouble).__name__}: {trouble}"
                node = (node + 1) % len(nodes)
            else:
                self.acknowledged.append(Acknowledged(node, time.monotonic()))
            await asyncio.sleep(PAUSE_SECONDS)

    def node(self) -> int:
        """Return which node acknowledged last."""
        return self.acknowledged[-1].node

    def wait_for(self, moment: float, other_than: int, timeout_seconds: float) -> float:
        """Return the seconds from a moment to the first write that another node acknowledged. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            for one in self.acknowledged[-2000:]:
                if one.at > moment and one.node != other_than:
                    return round(one.at - moment, 3)
            time.sleep(0.02)
        raise TimeoutError(f"no other node acknowledged a write within {timeout_seconds:g} s")

    def wait_until_writing(self, timeout_seconds: float = 60) -> None:
        """Wait until writes are acknowledged. Raises TimeoutError."""
        deadline, before = time.monotonic() + timeout_seconds, len(self.acknowledged)
        while len(self.acknowledged) < before + 3 * WRITERS:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise TimeoutError(f"nobody acknowledges a write; last trouble: {self.trouble}")
            time.sleep(0.05)

    def longest_silence(self, since: float) -> float:
        """Return the longest time without an acknowledged write that ended after a moment (seconds)."""
        times = sorted(one.at for one in self.acknowledged if one.at > since - 1)
        return round(max(later - earlier for earlier, later in pairwise(times) if later > since), 3)


class PlainAddress:
    """A node whose commit is the acknowledgement: PostgreSQL's own synchronous replication."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection | None = None

    async def write(self, key: str) -> None:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, connect_timeout=CONNECT_SECONDS
            )
        try:
            await self._connection.execute(INSERT, (key,))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
