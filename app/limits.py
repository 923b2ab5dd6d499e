"""Limits on log-in, sign-up and reset: counted as rows, so that they go on counting on another site.

Whom a row counts is a keyed digest: the table names nobody and no address.
"""

import datetime
import ipaddress
import math
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from app.durability import Writer
from app.errors import TooMany
from app.ids import new_id
from app.models import Attempt
from app.security import Signer
from app.settings import Settings


@dataclass(frozen=True)
class Limit:
    """At most `most` attempts of a kind within `seconds`, by one person or from one address."""

    kind: str
    most: int
    seconds: int


def address_of(request: Request, settings: Settings) -> str:
    """Give the address that a request comes from, as the outermost of our own proxies saw it.

    Of an IPv6 address only the first 64 bits count: whoever has one of a network has all of them.
    """
    peer = request.client.host if request.client else ""
    if not settings.trusted_proxies:
        return _network(peer)
    seen = [part.strip() for line in request.headers.getlist("x-forwarded-for") for part in line.split(",")]
    return _network(seen[-settings.trusted_proxies] if len(seen) >= settings.trusted_proxies else peer)


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))


class Limits:
    """The limits of this app, and the key under which a person or an address is counted."""

    def __init__(self, settings: Settings) -> None:
        self._key = Signer(settings.secret_key.get_secret_value(), "limits")
        most = settings.attempts
        self.log_in = Limit("log-in", most, 300)
        self.log_in_address = Limit("log-in from", most * 10, 300)
        self.sign_up = Limit("sign-up from", most * 5, 1800)
        self.reset = Limit("reset from", most, 1800)

    async def count(self, write: Writer, *attempts: tuple[Limit, str | UUID]) -> None:
        """Count one attempt under each of these limits, in a durable transaction; raises TooMany with when to return."""
        async with write.transaction() as connection:
            for limit, whose in attempts:
                await self._count(connection, limit, self._scope(limit, whose))

    async def forget(self, connection: AsyncConnection, limit: Limit, whose: str | UUID) -> None:
        """Forget a person's attempts, in the transaction of their success."""
        await connection.execute(delete(Attempt).where(Attempt.scope == self._scope(limit, whose)))

    async def _count(self, connection: AsyncConnection, limit: Limit, scope: bytes) -> None:
        # Attempts at the same time take turns: each must see those before it.
        turn = int.from_bytes(scope[:8], signed=True)
        await connection.execute(select(func.pg_advisory_xact_lock(turn)))
        since = func.now() - datetime.timedelta(seconds=limit.seconds)
        query = select(func.count(), func.extract("epoch", func.min(Attempt.created_at) - since))
        made, wait = (await connection.execute(query.where(Attempt.scope == scope, Attempt.created_at > since))).one()
        if made >= limit.most:
            raise TooMany(math.ceil(wait))
        await connection.execute(insert(Attempt).values(id=new_id(), kind=limit.kind, scope=scope))

    def _scope(self, limit: Limit, whose: str | UUID) -> bytes:
        return bytes.fromhex(self._key.signature(f"{limit.kind} {str(whose).strip().lower()}"))
