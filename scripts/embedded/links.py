"""`python -m scripts.embedded.links`: the way to each local site's database and store from everywhere, which can be cut.

Every site publishes the addresses of its links as its own, so that cutting them partitions it from the others, as when a
route is lost: connections stay open, nothing moves, and nobody is told. `orders` holds one word a site and is read again
whenever it changes: `open`, `cut`, or `lie` (a store does what it is asked, and answers 503).
"""

import argparse
import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

Order = Literal["open", "cut", "lie"]
Kind = Literal["database", "store"]

LOOK_SECONDS = 0.05
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Link:
    """One way to a site: it listens on `listens` and leads to `leads_to`, both ports on loopback."""

    site: str
    kind: Kind
    listens: int
    leads_to: int

    def spelled(self) -> str:
        return f"{self.site}:{self.kind}:{self.listens}:{self.leads_to}"

    @classmethod
    def parse(cls, text: str) -> "Link":
        site, kind, listens, leads_to = text.split(":")
        for known in get_args(Kind):
            if kind == known:
                return cls(site, known, int(listens), int(leads_to))
        raise ValueError(f"{kind} is neither of {get_args(Kind)}")


def write_orders(path: Path, orders: dict[str, Order]) -> None:
    """Replace the orders at once: the links may read them at any moment."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(orders))
    draft.replace(path)


def read_orders(path: Path) -> dict[str, Order]:
    return json.loads(path.read_text()) if path.exists() else {}


@dataclass
class Gate:
    """Whether anything passes on the way to one site."""

    passes: asyncio.Event = field(default_factory=asyncio.Event)
    lies: bool = False

    def obey(self, order: Order) -> None:
        self.lies = order == "lie"
        (self.passes.clear if order == "cut" else self.passes.set)()


async def carry(link: Link, gate: Gate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one connection both ways for as long as both ends keep it."""
    await gate.passes.wait()
    try:
        there, back = await asyncio.open_connection("127.0.0.1", link.leads_to)
    except OSError:
        writer.close()
        return
    lying = gate.lies and link.kind == "store"
    await asyncio.gather(_pump(gate, reader, back), _pump(gate, there, writer, lying=lying), return_exceptions=True)


async def _pump(gate: Gate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, lying: bool = False) -> None:
    try:
        while chunk := await reader.read(65536):
            await gate.passes.wait()
            writer.write(UNAVAILABLE if lying else chunk)
            await writer.drain()
            if lying:
                break  # what was asked for has been done; the answer says that it was not
    finally:
        writer.close()


async def serve(links: list[Link], orders: Path) -> None:
    """Serve every link, and obey the orders, until cancelled."""
    gates = {link.site: Gate() for link in links}
    async with contextlib.AsyncExitStack() as stack:
        for link in links:
            gate = gates[link.site]

            async def meet(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link = link, gate: Gate = gate
            ) -> None:
                await carry(link, gate, reader, writer)

            await stack.enter_async_context(await asyncio.start_server(meet, "127.0.0.1", link.listens))
        print(f"{len(links)} links", flush=True)
        while True:
            told = read_orders(orders)
            for site, gate in gates.items():
                gate.obey(told.get(site, "open"))
            await asyncio.sleep(LOOK_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.embedded.links", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--orders", type=Path, required=True, help="the file with one word a site")
    parser.add_argument("link", type=Link.parse, nargs="+", help="SITE:KIND:LISTENS:LEADS_TO")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.link, options.orders))


if __name__ == "__main__":
    main()
