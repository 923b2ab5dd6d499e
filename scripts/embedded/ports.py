"""Ports for servers of this machine that are started, ended, and started again on the same one."""

import itertools
import os
import socket

from scripts.runbook.errors import NoPort

# Below what Linux (32768 on) and macOS (49152 on) hand out to clients: from there a client could be given the very port of
# a server that is down, be it connected to itself, and the server could not come back.
LOWEST, COUNT = 20_000, 12_000
# Each process begins elsewhere, so that two that look at the same moment find other ports.
APART = 61

_next = itertools.count(os.getpid() * APART)


def free_ports(count: int) -> list[int]:
    """Return loopback ports that are free now and that this process was not given lately. Raises NoPort."""
    return [_free_port() for _ in range(count)]


def _free_port() -> int:
    for number in itertools.islice(_next, COUNT):
        port = LOWEST + number % COUNT
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise NoPort(LOWEST, LOWEST + COUNT - 1)
