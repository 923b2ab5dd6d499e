"""`python -m scripts.embedded.edge`: one stable local address that follows DNS, until told to stop."""

import argparse
import asyncio
import errno
import importlib
import importlib.util
import resource
import signal
import sys

from scripts.embedded.edge.follow import Resolver
from scripts.embedded.edge.server import HOST, MOST_CLIENTS, Edge
from scripts.runbook.errors import LifeboatError, UsageError


def main(arguments: list[str] | None = None) -> int:
    """Run the edge; 0 when told to stop, 2 with one sentence when it cannot start."""
    options = _options(arguments)
    try:
        servers = [_server(text) for text in options.dns]
        _allow_files(2 * MOST_CLIENTS + 64)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(options, servers))
    except LifeboatError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.embedded.edge", description=__doc__)
    parser.add_argument("--listen", type=int, default=8080, help="port on 127.0.0.1; 0: any free one")
    parser.add_argument("--name", required=True, help="the public name to follow")
    parser.add_argument("--dns", action="append", required=True, metavar="HOST:PORT", help="may be given again")
    parser.add_argument("--every", type=float, default=0.1, help="seconds between two looks at DNS")
    parser.add_argument("--drain", type=float, default=0.5, help="seconds that old connections have after a move")
    return parser.parse_args(arguments)


def _server(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"--dns {text!r} is not HOST:PORT.")
    return host, int(port)


def _allow_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def _loop_factory():
    if importlib.util.find_spec("uvloop") is None:
        return asyncio.new_event_loop
    return importlib.import_module("uvloop").new_event_loop


async def _serve(options: argparse.Namespace, servers: list[tuple[str, int]]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    edge = Edge(Resolver(options.name, servers), options.every, options.drain)
    try:
        await edge.serve(options.listen, stop)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise UsageError(
            f"port {options.listen} on {HOST} is taken by another program; end it or choose another with --listen."
        ) from None


if __name__ == "__main__":
    sys.exit(main())
