"""`python -m scripts.embedded.dns_server`: serve one zone on loopback, UDP and TCP, until told to stop."""

import argparse
import asyncio
import errno
import signal
import sys
from pathlib import Path

from scripts.embedded.dns_server.respond import Responder
from scripts.runbook.errors import LifeboatError, UsageError
from scripts.runbook.tsig import read_key

HOST = "127.0.0.1"
IDLE_SECONDS = 10.0
MOST_CONNECTIONS = 128


def main(arguments: list[str] | None = None) -> int:
    """Run the server; 0 when told to stop, 2 with one sentence when it cannot start."""
    options = _options(arguments)
    try:
        responder = Responder(options.zone_file, options.origin, read_key(options.key_file))
        asyncio.run(_serve(responder, options.port))
    except LifeboatError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.embedded.dns_server", description=__doc__)
    parser.add_argument("--zone-file", type=Path, required=True, help="read at the start, replaced at each update")
    parser.add_argument("--origin", required=True, help="the zone's name")
    parser.add_argument("--port", type=int, required=True, help="UDP and TCP on 127.0.0.1; 0: any free port")
    parser.add_argument("--key-file", type=Path, required=True, help="the TSIG key, as tsig-keygen writes it")
    return parser.parse_args(arguments)


async def _serve(responder: Responder, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tcp, udp, port = await _listen(responder, port)
    print(f"dns: listening on {HOST}:{port}", flush=True)
    await stop.wait()
    tcp.close()
    udp.close()


async def _listen(responder: Responder, port: int) -> tuple[asyncio.Server, asyncio.DatagramTransport, int]:
    connections = Connections(responder)
    try:
        tcp = await asyncio.start_server(connections.serve, HOST, port)
        bound = tcp.sockets[0].getsockname()[1]
        udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Datagrams(responder), (HOST, bound))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise UsageError(f"DNS port {port} on {HOST} is taken by another program; give another with --port.") from None
    return tcp, udp, bound


class Datagrams(asyncio.DatagramProtocol):
    """DNS over UDP: one packet, one answer."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one packet."""
        for answer in self.responder.respond(data, tcp=False):
            self.transport.sendto(answer, addr)  # ty: ignore[missing-attribute]


class Connections:
    """DNS over TCP (RFC 7766): length, then message; an idle connection and one too many are closed."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's messages in order."""
        self.open += 1
        try:
            while self.open <= MOST_CONNECTIONS and await self._one(reader, writer):
                continue
        except (asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            return  # the client left or fell silent: nothing is owed to it
        finally:
            self.open -= 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        async with asyncio.timeout(IDLE_SECONDS):
            length = int.from_bytes(await reader.readexactly(2), "big")
            answers = self.responder.respond(await reader.readexactly(length), tcp=True)
            for answer in answers:
                writer.write(len(answer).to_bytes(2, "big") + answer)
            await writer.drain()
        return bool(answers)


if __name__ == "__main__":
    sys.exit(main())
