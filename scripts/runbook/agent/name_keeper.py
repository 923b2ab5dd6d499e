"""Keeps the public name at the primary at every DNS vendor: one that was down during a move comes back with the old answer."""

import asyncio
import logging

from scripts.runbook.agent.state import Agent
from scripts.runbook.errors import TrafficError
from scripts.runbook.failover import DNS_TTL_SECONDS
from scripts.runbook.traffic import Traffic

log = logging.getLogger("lifeboat.agent")

NAME_SECONDS = 10.0


async def keep_name(agent: Agent) -> float:
    """While this site is primary and no move is under way, publish it where a vendor carries something older."""
    record, platform = agent.record, agent.platform
    if record is None or not agent.is_holder or record.state != "held":
        agent.alarms.set("dns", "")
        return NAME_SECONDS
    traffic = Traffic(platform.vendors, platform.record_name, DNS_TTL_SECONDS)
    target = platform.outputs[agent.site].edge_target
    try:
        move = await asyncio.to_thread(traffic.point, target, record.epoch, dry_run=False)
    except TrafficError as reason:
        agent.alarms.set("dns", f"DNS: {reason}")
        return NAME_SECONDS
    if move.changed:
        log.warning("dns: %s published the name anew, under epoch %s", ", ".join(move.changed), record.epoch)
    agent.alarms.set("dns", f"DNS: {'; '.join(move.failed.values())}" if move.failed else "")
    return NAME_SECONDS
