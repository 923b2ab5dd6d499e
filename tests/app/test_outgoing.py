"""Requests to addresses that users supply: only to the public internet, and to the address that was looked at."""

import asyncio
import socket
from typing import Any

import pytest

from app.errors import Unavailable, Unprocessable
from app.outgoing import Outgoing, is_public
from tests.app.push_double import listening

PRIVATE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "ff02::1",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_of_our_own_networks_is_public(address: str) -> None:
    """It refuses loopback, private, link-local (the clouds' metadata), shared, reserved and carrying addresses."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    """It lets them pass."""
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://push.example/x",
        "ftp://push.example/x",
        "https:///x",
        "https://user@push.example/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest",
        "https://push.example:99999/x",
        "https://push.example/" + "x" * 3000,
        "not an address",
        "",
    ],
)
def test_an_odd_address_is_refused_before_anything_is_asked(url: str) -> None:
    """It takes https to a host alone, without a name and password, and no address of our own."""
    with pytest.raises(Unprocessable, match="not the https address of a public service"):
        Outgoing().check(url)


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let names resolve to these addresses, one list a look-up; give the names that were looked up."""
    asked: list[str] = []

    async def getaddrinfo(_loop: Any, host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("found", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], []])
def test_a_name_that_leads_into_our_networks_is_refused(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    """It refuses when any of the addresses is not public."""
    resolve_to(monkeypatch, found)

    with pytest.raises(Unprocessable):
        asyncio.run(Outgoing().post("https://push.example/x", {}, b""))


def test_a_name_is_looked_up_once_and_connected_to_where_it_led(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second answer, into our networks, is never asked for: the connection goes to the first, by its number."""
    asked = resolve_to(monkeypatch, ["1.1.1.1"], ["127.0.0.1"])
    connected: list[str] = []

    async def connect(self: Any, host: str, port: int, **_: Any) -> Any:
        connected.append(host)
        raise OSError("no network here")

    monkeypatch.setattr("httpcore._backends.auto.AutoBackend.connect_tcp", connect)

    with pytest.raises(Unavailable):
        asyncio.run(Outgoing().post("https://push.example/x", {}, b""))

    assert asked == ["push.example"]
    assert connected == ["1.1.1.1"]


def test_a_double_is_reached_only_where_the_setting_names_it() -> None:
    """It gives the double's status, follows no redirect, and refuses another port of loopback."""
    with listening() as double:
        double.answers = [302]
        outgoing = Outgoing(double.address)

        status = asyncio.run(outgoing.post(f"http://{double.address}/x", {"a": "b"}, b"body"))

        with pytest.raises(Unprocessable):
            outgoing.check("http://127.0.0.1:1/x")
    headers, body = double.came[0]
    assert (status, headers["a"], body) == (302, "b", b"body")
    assert len(double.came) == 1
