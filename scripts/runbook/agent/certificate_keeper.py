"""Renews the certificate of this site's edge where nobody else does, whether the site takes writes or stands by."""

import asyncio
import logging

from scripts.runbook.agent.state import Agent
from scripts.runbook.certificate_renewal import Renewal
from scripts.runbook.errors import LifeboatError

log = logging.getLogger("lifeboat.agent")

LOOK_SECONDS = 12 * 3600.0
AGAIN_SECONDS = 3600.0
"""After a refusal: an authority counts failed orders (letsencrypt.org/docs/rate-limits: 5 an hour for a name)."""


async def keep_certificate(agent: Agent) -> float:
    """Renew the certificate when it is due, and complain aloud while that fails."""
    renewal = agent.platform.renewals.get(agent.site)
    if renewal is None:
        return LOOK_SECONDS
    try:
        await asyncio.to_thread(_renew_when_due, renewal)
    except LifeboatError as reason:
        agent.alarms.set("certificate", f"the certificate of the edge cannot be renewed: {reason}")
        return AGAIN_SECONDS
    agent.alarms.set("certificate", "")
    return LOOK_SECONDS


def _renew_when_due(renewal: Renewal) -> None:
    if renewal.is_due(renewal.days_left()):
        log.info("certificate: renewed, %.0f days left", renewal.renew(log.warning))
