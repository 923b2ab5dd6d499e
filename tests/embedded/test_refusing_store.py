"""The store of a closed account: it takes the place of a killed one, as soon as the port is free."""

import socket
import subprocess
import sys
import time

import httpx

from tests.conftest import free_port


def test_it_waits_for_its_port() -> None:
    """While somebody still holds the port it waits; then it refuses everything."""
    port = free_port()
    argv = [sys.executable, "-m", "scripts.embedded.refusing_store", "--port", str(port)]
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        process = subprocess.Popen(argv)
        time.sleep(1)
        assert process.poll() is None
    try:
        assert _answer(port).status_code == 403
    finally:
        process.terminate()
        process.wait(10)


def _answer(port: int) -> httpx.Response:
    deadline = time.monotonic() + 30
    while True:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/bucket", trust_env=False)
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
