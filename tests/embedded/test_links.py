"""The ways between the local sites: what passes, what a cut stops and a mend lets go on, and a store that lies."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from scripts.embedded.links import Kind, Link, Order, serve, write_orders
from tests.conftest import free_port

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Callable[[Order], None]], Awaitable[None]]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data)
    writer.close()


def over_link(orders: Path, kind: Kind, talk: Talk) -> None:
    """Let a test talk through a link to a server that says everything again."""
    link = Link("aws", kind, free_port(), free_port())

    async def run() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", link.leads_to)
        serving = asyncio.create_task(serve([link], orders))
        await asyncio.sleep(0.3)
        reader, writer = await asyncio.open_connection("127.0.0.1", link.listens)
        try:
            await talk(reader, writer, lambda order: write_orders(orders, {"aws": order}))
        finally:
            write_orders(orders, {})
            writer.close()
            await asyncio.sleep(0.3)  # both ends hear of it
            serving.cancel()
            server.close()

    asyncio.run(run())


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float = 20.0) -> bytes:
    writer.write(b"hello")
    return await asyncio.wait_for(reader.read(100), seconds)


def test_a_cut_stops_an_open_connection_and_a_mend_lets_it_go_on(tmp_path: Path) -> None:
    """What was sent while it was cut arrives after the mend: the connection was never closed."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, order: Callable[[Order], None]) -> None:
        assert await ask(reader, writer) == b"hello"
        order("cut")
        await asyncio.sleep(0.3)
        with pytest.raises(TimeoutError):
            await ask(reader, writer, 0.5)
        order("open")
        assert await asyncio.wait_for(reader.read(100), 20) == b"hello"

    over_link(tmp_path / "orders", "database", talk)


def test_a_store_that_lies_says_503_after_it_did_what_it_was_asked(tmp_path: Path) -> None:
    """Whoever asks gets 503 in place of the answer."""
    write_orders(tmp_path / "orders", {"aws": "lie"})

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, order: Callable[[Order], None]) -> None:
        assert (await ask(reader, writer)).startswith(b"HTTP/1.1 503")

    over_link(tmp_path / "orders", "store", talk)


def test_a_link_is_spelled_and_read_alike() -> None:
    """What stands on the command line is what was decided; another kind is refused."""
    link = Link("gcp", "store", 1234, 4321)

    assert Link.parse(link.spelled()) == link
    with pytest.raises(ValueError, match="neither"):
        Link.parse("gcp:road:1:2")
