"""What every request passes: a limit on its size, a path without trailing slash, the headers of every answer."""

import json

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM_BYTES = 64 * 1024  # what a form may add to the picture it carries

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# A year; only where the address is one of https: a browser would take no other answer from this host any more.
STRICT_TRANSPORT = "max-age=31536000"


class Surroundings:
    """Strips a trailing slash, so `/api/v1/statuses/` is the same route, and adds the headers of every answer."""

    def __init__(self, app: ASGIApp, site: str) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if len(path) > 1 and path.endswith("/"):
            scope = {**scope, "path": path.rstrip("/") or "/"}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Site"] = self._site
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = STRICT_TRANSPORT
            await send(message)

        await self._app(scope, receive, send_with_headers)


class PublicAddress:
    """Makes every request one to the app's public address: behind an edge, host and scheme are the edge's own.

    Links, redirects and cookies follow from it, and no client can choose them by its Host header.
    """

    def __init__(self, app: ASGIApp, url: str) -> None:
        self._app = app
        self._scheme, _, self._host = url.partition("://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope = {**scope, "scheme": self._scheme, "headers": [*headers, (b"host", self._host.encode())]}
        await self._app(scope, receive, send)


class BodyLimit:
    """Answers 413 before a body larger than the limit is read, and stops reading one that never said its length.

    FastAPI has such a limit too, but answers it in plain text, which a client of this API cannot show.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max = max_bytes + FORM_BYTES
        self._sentence = f"The body is larger than the {max_bytes // 1024 // 1024} MiB that this server takes."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdigit() and int(length) > self._max:
            await self._refuse(send)
            return
        await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken, started = 0, False

        async def count() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max:
                raise _TooLong
            return message

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, count, watch)
        except _TooLong:
            if started:
                raise
            await self._refuse(send)

    async def _refuse(self, send: Send) -> None:
        body = json.dumps({"error": self._sentence}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class _TooLong(BaseException):
    """Passes through every handler of the app, up to the middleware that raised it."""
