"""Is the process alive, what can this site do now, and the figures of this process."""

import time
from typing import Any

from fastapi import APIRouter, Request, Response

from app import health
from app.authentication import bearer
from app.database import DATABASE_ERRORS, refusal
from app.errors import NotFound
from app.security import same
from app.services import Parts

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz(parts: Parts) -> dict[str, str]:
    """Say that the process answers; it asks nobody else."""
    return {"status": "alive", "site": parts.settings.site}


@router.get("/readyz")
async def readyz(parts: Parts, response: Response) -> dict[str, Any]:
    """Say whether the database answers, whether this site takes writes, for how long, and who is how far behind.

    503 when the database does not answer, and while the process drains.
    """
    site = parts.settings.site
    try:
        fence = await parts.lease.read()
        lag = {"heartbeat_seconds": await health.heartbeat_age(parts.database)}
        if writable := fence.is_open(time.monotonic()):
            lag["followers"] = await health.followers(parts.database)
    except DATABASE_ERRORS as error:
        if (reason := refusal(error)) is None:
            raise
        response.status_code = 503
        return {"site": site, "role": "unknown", "writable": False, "epoch": None, "database": str(reason)}
    if parts.draining.begun:
        response.status_code = 503
    return {
        "site": site,
        "role": "primary" if writable else "standby",
        "writable": writable,
        "epoch": fence.epoch,
        "lease_seconds": round(max(0.0, fence.deadline - time.monotonic()), 1) if writable else 0.0,
        "lag": lag,
        "draining": parts.draining.begun,
        "acknowledged": parts.acknowledger.acknowledged,
        "database": "ok",
    }


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, parts: Parts) -> Response:
    """Give the figures of this process to whom knows METRICS_TOKEN; for everybody else there is nothing here."""
    token = parts.settings.metrics_token
    if token is None or not same(bearer(request) or "", token.get_secret_value()):
        raise NotFound
    try:
        fence = await parts.lease.read()
        behind = {site: found["behind_bytes"] for site, found in (await health.followers(parts.database)).items()}
        writable = fence.is_open(time.monotonic())
        age = await health.heartbeat_age(parts.database)
        parts.metrics.show_site(writable=writable, epoch=fence.epoch, heartbeat=age, behind=behind if writable else {})
    except DATABASE_ERRORS:
        parts.metrics.show_site(writable=False, epoch=-1, heartbeat=None, behind={})
    return Response(parts.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
