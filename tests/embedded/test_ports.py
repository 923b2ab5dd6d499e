"""Ports that no client is ever given: a server that is down can come back on its own."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.embedded import ports
from scripts.embedded.ports import free_ports
from scripts.runbook.errors import NoPort

CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_none_is_given_twice_soon_and_no_client_can_have_it() -> None:
    """A thousand of them are all different, and lie beside what this machine hands out to clients."""
    found = free_ports(1000)

    assert len(set(found)) == 1000
    if not CLIENTS.exists():
        pytest.skip("this machine does not say which ports it hands out to clients")
    lowest, highest = map(int, CLIENTS.read_text().split())
    assert not [port for port in found if lowest <= port <= highest]


def test_two_processes_begin_with_other_ports() -> None:
    """Each asks for as many as three local sites take; none is in both."""
    ask = [sys.executable, "-c", "from scripts.embedded.ports import free_ports; print(*free_ports(17))"]
    askers = [subprocess.Popen(ask, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    found = [port for asker in askers for port in asker.communicate(timeout=30)[0].split()]

    assert len(set(found)) == 3 * 17


def test_a_port_in_use_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is taken; when all are in use, one sentence says which."""
    [port] = free_ports(1)
    monkeypatch.setattr(ports, "_next", iter([port - ports.LOWEST, port - ports.LOWEST + 1]))
    with socket.create_server(("127.0.0.1", port)):
        assert free_ports(1) == [port + 1]
        monkeypatch.setattr(ports, "_next", iter([port - ports.LOWEST]))
        with pytest.raises(NoPort, match="None of the ports 20000 to 31999"):
            free_ports(1)
