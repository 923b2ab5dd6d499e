"""Limits of one process: requests at the same time, and requests of one caller in five minutes.

They begin anew with the process, and on another site; those that must not are rows (`limits`).
"""

import hashlib
import json
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.limits import address_of
from app.metrics import Metrics
from app.moments import moment_of
from app.settings import Settings

WINDOW_SECONDS = 300
TOKENS = 20  # so many busy people may share one address
ALWAYS = ("/healthz", "/readyz", "/metrics")
STREAMS = "/api/v1/streaming/"
LIMITED = ("/api/", "/oauth/")


class Throttle:
    """Refuses a request before its body is read: 503 while too many are under way, 429 when one caller sends too many."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._under_way = 0
        self._window = 0
        self._sent: dict[bytes, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS:
            await self._app(scope, receive, send)
        elif scope["path"].startswith(STREAMS):  # an open stream is not work; the hub limits their number
            await self._counted(scope, receive, send)
        elif self._under_way >= self._settings.max_in_flight:
            self._metrics.refused.labels("busy").inc()
            await _refuse(send, 503, "This process is busy, so nothing was saved; try again in a second.", 1)
        else:
            await self._under(scope, receive, send)

    async def _under(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._under_way += 1
        self._metrics.in_flight.inc()
        try:
            await self._counted(scope, receive, send)
        finally:
            self._under_way -= 1
            self._metrics.in_flight.dec()

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(LIMITED):
            await self._app(scope, receive, send)
            return
        left, ends = self._count(scope)
        if left < 0:
            self._metrics.refused.labels("too many").inc()
            await _refuse(send, 429, "Too many requests", max(1, int(ends - time.time())), self._headers(0, ends))
            return

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers(left, ends))
            await send(message)

        await self._app(scope, receive, send_with_limits)

    def _count(self, scope: Scope) -> tuple[int, float]:
        """Count a request, and give how many the caller has left and when (Unix seconds) the count begins anew."""
        window = int(time.time()) // WINDOW_SECONDS
        if window != self._window:
            self._window, self._sent = window, {}
        return self._left(scope), (window + 1) * WINDOW_SECONDS

    def _left(self, scope: Scope) -> int:
        """Count a request for its caller: the token, or the address of one without a token.

        A token can be made up; so all of them from one address have a limit too, and it bounds what they fill here.
        """
        address, token = address_of(Request(scope), self._settings), Headers(scope=scope).get("authorization")
        most = self._settings.requests
        if not token:
            return most - self._one_more(f"address {address}")
        left = most * TOKENS - self._one_more(f"tokens of {address}")
        return left if left < 0 else most - self._one_more(f"token {token}")

    def _one_more(self, whose: str) -> int:
        key = hashlib.blake2b(whose.encode(), digest_size=12).digest()
        self._sent[key] = self._sent.get(key, 0) + 1
        return self._sent[key]

    def _headers(self, left: int, ends: float) -> dict[str, str]:
        limit = str(self._settings.requests)
        return {
            "X-RateLimit-Limit": limit, "X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": moment_of(ends),
        }  # fmt: skip


async def _refuse(send: Send, status: int, sentence: str, seconds: int, headers: dict[str, str] | None = None) -> None:
    body = json.dumps({"error": sentence}).encode()
    fields = {"content-type": "application/json", "content-length": str(len(body)), "retry-after": str(seconds)}
    raw = [(name.lower().encode(), value.encode()) for name, value in (fields | (headers or {})).items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
