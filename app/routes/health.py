"""Is the process alive, and what can this site do now."""

import time
from typing import Any

from fastapi import APIRouter, Response

from app.database import DATABASE_ERRORS, refusal
from app.services import Parts

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz(parts: Parts) -> dict[str, str]:
    """Say that the process answers; it asks nobody else."""
    return {"status": "alive", "site": parts.settings.site}


@router.get("/readyz")
async def readyz(parts: Parts, response: Response) -> dict[str, Any]:
    """Say whether the database answers, and whether this site takes writes; 503 when it does not answer."""
    site = parts.settings.site
    try:
        fence = await parts.lease.read()
    except DATABASE_ERRORS as error:
        if (reason := refusal(error)) is None:
            raise
        response.status_code = 503
        return {"site": site, "role": "unknown", "writable": False, "epoch": None, "database": str(reason)}
    writable = fence.is_open(time.monotonic())
    role = "primary" if writable else "standby"
    return {"site": site, "role": role, "writable": writable, "epoch": fence.epoch, "database": "ok"}
