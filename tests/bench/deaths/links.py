"""The way to each site's database and store from everywhere: it can be cut, mended, or made to lie about success.

`python -m tests.bench.deaths.links` is the process: it prints one line of JSON with its ports, then obeys the lines on
its standard input: `SITE at DATABASE_PORT STORE_PORT`, `SITE cut`, `SITE mend`, `SITE lie`.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

from infra.outputs import SiteOutputs
from scripts.embedded.layout import SITES, Layout

KINDS = ("database", "store")
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Links:
    """The parent's side: every site's published address leads through the process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._order = process.stdin
        self.ports: dict[str, dict[str, int]] = json.loads(process.stdout.readline())

    def say(self, *words: object) -> None:
        """Give an order."""
        self._order.write(" ".join(map(str, words)) + "\n")
        self._order.flush()

    def published(self, layout: Layout, outputs: SiteOutputs) -> SiteOutputs:
        """Return a site's outputs with the addresses of the links, which lead to it from now on."""
        site, ports = outputs.site, self.ports[outputs.site]
        store = layout.ports[site].store
        self.say(site, "at", layout.ports[site].database, store)
        urls = {
            name: getattr(outputs, name).replace(f"127.0.0.1:{store}", f"127.0.0.1:{ports['store']}")
            for name in ("lease_url", "ledger_url")
        }
        return replace(outputs, database_port=ports["database"], **urls)


@contextlib.contextmanager
def links() -> Generator[Links]:
    """Run the process; local sites that are started meanwhile publish its addresses as theirs."""
    argv = [sys.executable, "-m", "tests.bench.deaths.links"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        made, direct = Links(process), Layout.outputs
        try:
            with mock.patch.object(
                Layout, "outputs", lambda layout, site: made.published(layout, direct(layout, site))
            ):
                yield made
        finally:
            process.terminate()


@dataclass
class _Way:
    """The way to one site."""

    targets: dict[str, int] = field(default_factory=dict)
    passes: asyncio.Event = field(default_factory=asyncio.Event)
    lies: bool = False

    def obey(self, order: str, numbers: list[int]) -> None:
        if order == "at":
            self.targets = dict(zip(KINDS, numbers, strict=True))
        self.lies = order == "lie"
        (self.passes.clear if order == "cut" else self.passes.set)()

    async def meet(self, kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection; while the way is cut nothing moves, and nobody is told."""
        await self.passes.wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.targets[kind])
        except OSError:
            writer.close()
            return
        lying = self.lies and kind == "store"
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer, lying=lying), return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, lying: bool = False) -> None:
        try:
            while chunk := await reader.read(65536):
                await self.passes.wait()
                writer.write(UNAVAILABLE if lying else chunk)
                await writer.drain()
                if lying:
                    break  # what was asked for has been done; the answer says that it was not
        finally:
            writer.close()


async def _main() -> None:
    ways = {site: _Way() for site in SITES}
    ports: dict[str, dict[str, int]] = {}
    for site, way in ways.items():
        ports[site] = {}
        for kind in KINDS:
            server = await asyncio.start_server(lambda r, w, way=way, kind=kind: way.meet(kind, r, w), "127.0.0.1", 0)
            ports[site][kind] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    orders: asyncio.StreamReader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        words: list[Any] = line.decode().split()
        ways[words[0]].obey(words[1], [int(number) for number in words[2:]])


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
