"""`python -m tests.bench.delay_proxy --to PORT --delay SECONDS`: a TCP proxy on loopback that makes a link long.

Every byte arrives `delay` seconds after it was sent, in both directions, without holding back what is sent after it: a
long link has latency, and no less bandwidth. Prints the port it listens on.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Generator


@contextlib.contextmanager
def delaying(port: int, round_trip: float) -> Generator[int]:
    """Run a proxy to a port in a process of its own, with a round trip in seconds; lends its port."""
    argv = [sys.executable, "-m", "tests.bench.delay_proxy", "--to", str(port), "--delay", str(round_trip / 2)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Pass on every chunk when its time has come."""
    loop, waiting = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]]()

    async def send() -> None:
        while True:
            due, chunk = await waiting.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not chunk:
                break
            writer.write(chunk)
            await writer.drain()
        writer.close()

    sending = asyncio.create_task(send())
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            waiting.put_nowait((loop.time() + delay, chunk))
    waiting.put_nowait((loop.time() + delay, b""))
    with contextlib.suppress(OSError):
        await sending


async def _serve(port: int, delay: float) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_carry(reader, back, delay), _carry(there, writer, delay))

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.delay_proxy", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--delay", type=float, required=True, help="seconds, each way")
    options = parser.parse_args()
    asyncio.run(_serve(options.to, options.delay))
