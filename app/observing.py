"""One line and a few figures for every request: which route, how it ended, how long it took; and nothing of anybody.

Routes stand in it as they are written in the code (`/api/v1/statuses/{status_id}`), so no key, name or word of a
person is in a line.
"""

import logging
import re
import secrets
import sys
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.metrics import Metrics

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
log = structlog.wrap_logger(
    logging.getLogger("lifeboat.request"),
    [structlog.stdlib.filter_by_level, *SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    structlog.stdlib.BoundLogger,
)


class Observed:
    """Gives every request an id, which is in its answer and in every line that is written meanwhile."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        began, status = time.perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
                self._count(scope, status, time.perf_counter() - began)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, watch)
            finally:
                seconds = round(time.perf_counter() - began, 4)
                log.info("request", method=scope["method"], route=route_of(scope), status=status, seconds=seconds)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        self._metrics.requests.labels(scope["method"], route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)


def route_of(scope: Scope) -> str:
    """Give the route of a request as the code writes it; `none` for a path that has none."""
    return getattr(scope.get("route"), "path", None) or "none"


def write_lines() -> None:
    """Write every line of this process as JSON to standard output, those of the standard library too."""
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    formatter = structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=SHARED)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
