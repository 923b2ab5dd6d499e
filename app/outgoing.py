"""The one way out to an address that a user supplied: never into our own networks, never where the name leads later.

The name is resolved once, every address it has must be a public one, and the connection goes to the address that was
looked at, so a name that answers differently the second time (DNS rebinding) gains nothing. No redirect is followed,
no proxy is used, the answer's body is not read, and all of it ends in time.
"""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

import httpx

from app.errors import Unavailable, Unprocessable

SECONDS = 10.0  # for the whole request, the look-up included
LONGEST_URL = 2048
# Addresses that carry another one inside, which a gateway on the way would reach for us (RFC 6052, RFC 3056, RFC 4380).
CARRIERS = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))


class Outgoing:
    """Sends what users asked us to send; `allowed` is one `host:port` of a double on loopback, for tests alone."""

    def __init__(self, allowed: str | None = None) -> None:
        self._allowed = allowed

    def check(self, url: str) -> None:
        """Refuse an address that cannot be one of a public service; raises Unprocessable."""
        self._target(url)

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        """Send a body and give the status of the answer.

        Raises Unprocessable for an address that is not public, and Unavailable when nobody answers in time.
        """
        host, port, plain = self._target(url)
        try:
            async with asyncio.timeout(SECONDS):
                address = host if plain else await _public_address(host, port)
                return await _send(url, host, address, headers, body)
        except (TimeoutError, OSError, httpx.HTTPError) as error:
            raise Unavailable(f"{host} did not take the message ({type(error).__name__}).") from error

    def _target(self, url: str) -> tuple[str, int, bool]:
        """Give the host, its port, and whether it is the allowed double."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise _refused() from None
        if self._allowed and parts.scheme == "http" and f"{host}:{port}" == self._allowed:
            return host, port or 80, True
        if parts.scheme != "https" or not host or parts.username is not None or len(url) > LONGEST_URL:
            raise _refused()
        if _literal(host) is not None and not is_public(host):
            raise _refused()
        return host, port or 443, False


def is_public(address: str) -> bool:
    """Say whether an address belongs to the public internet, and carries no other inside."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and any(found in net for net in CARRIERS):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


async def _public_address(host: str, port: int) -> str:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise _refused()
    return addresses[0]


async def _send(url: str, host: str, address: str, headers: dict[str, str], body: bytes) -> int:
    """Connect to `address`, and speak to `host`: its name is in the request and in the certificate."""
    shown = f"[{host}]" if ":" in host else host
    asked = httpx.URL(url)
    named = {"Host": f"{shown}:{asked.port}" if asked.port else shown}
    async with (
        httpx.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
        client.stream(
            "POST", asked.copy_with(host=address), content=body, headers=headers | named,
            extensions={"sni_hostname": host},
        ) as answer,
    ):  # fmt: skip
        return answer.status_code


def _literal(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _refused() -> Unprocessable:
    return Unprocessable("Validation failed: This is not the https address of a public service.")
