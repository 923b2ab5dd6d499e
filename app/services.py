"""What one process holds: opened at start, closed at its end, handed to every route."""

import re
import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.acknowledger import Acknowledger
from app.database import Database
from app.draining import Draining
from app.durability import Writer
from app.errors import Unprocessable
from app.fence import CachedLease
from app.limits import Limits
from app.media import Media
from app.metrics import Metrics
from app.push import Pusher
from app.security import Sealer, Signer
from app.settings import Settings
from app.streaming import Hub

KEY = re.compile(r"[ -~]{1,255}")  # what a header can carry back


@dataclass(frozen=True)
class Services:
    """The parts of a running app."""

    settings: Settings
    database: Database
    lease: CachedLease
    acknowledger: Acknowledger
    media: Media
    sessions: Signer
    forms: Signer
    sealer: Sealer
    limits: Limits
    hub: Hub
    pusher: Pusher
    metrics: Metrics
    draining: Draining

    @classmethod
    def open(cls, settings: Settings) -> "Services":
        """Put the parts together; nothing is connected yet."""
        database = Database(settings)
        secret = settings.secret_key.get_secret_value()
        lease, draining = CachedLease(database), Draining()
        hub = Hub(database, lease)
        draining.first(hub.end_all)
        return cls(
            settings=settings,
            database=database,
            lease=lease,
            acknowledger=Acknowledger(database.url, settings.acknowledge_timeout),
            media=Media.open(settings),
            sessions=Signer(secret, "session"),
            forms=Signer(secret, "form"),
            sealer=Sealer(secret),
            limits=Limits(settings),
            hub=hub,
            pusher=Pusher(settings),
            metrics=Metrics(settings.site, lambda: hub.count),
            draining=draining,
        )

    async def close(self) -> None:
        """Finish the copies under way and close every connection."""
        await self.hub.close()
        await self.media.settle()
        await self.acknowledger.close()
        await self.database.close()


async def services(request: Request) -> Services:
    """Hand a route the parts of this app."""
    return request.app.state.services


async def writer(request: Request, parts: "Parts") -> Writer:
    """Hand a route the durability helper, with the request's idempotency key or a fresh one."""
    key = request.headers.get("idempotency-key", "").strip()
    if key and not KEY.fullmatch(key):
        raise Unprocessable("The Idempotency-Key must have 1 to 255 characters, all of them printable ASCII.")
    request.state.idempotency_key = key or secrets.token_urlsafe(16)
    return Writer(parts.database, parts.lease, parts.acknowledger, request.state.idempotency_key)


Parts = Annotated[Services, Depends(services)]
Write = Annotated[Writer, Depends(writer)]
