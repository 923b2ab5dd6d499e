"""Keeps a standby's understudy slots short, and a primary's positions fresh by a heartbeat."""

from scripts.runbook import fence, replication, status, understudies
from scripts.runbook.agent.state import Agent

UPKEEP_SECONDS = 1.0
BEAT_SECONDS = 1.0


async def keep_understudies(agent: Agent) -> float:
    """While this site is a standby in step, let its understudy slots go of what their sites surely have."""
    record = agent.record
    now = await agent.database.call(replication.following)
    if record is None or now is None or agent.is_holder or agent.moving or now.primary != record.holder:
        return UPKEEP_SECONDS
    positions = {}
    for other in agent.platform.others(agent.site):
        heard = (await status.hear(agent.stores, agent.platform.public_keys, other)).status
        if heard and (heard.following, heard.following_epoch) == (now.primary, now.epoch):
            positions[other] = heard.applied
    await agent.database.call(understudies.keep_understudies, now.primary, positions)
    return UPKEEP_SECONDS


async def beat(agent: Agent) -> float:
    """Write the heartbeat while this site takes writes, so that positions stay fresh when nobody posts."""
    if agent.is_holder and (await agent.lease_database.call(fence.read)).open and agent.record:
        await agent.lease_database.call(fence.beat, agent.site, agent.record.epoch)
    return BEAT_SECONDS
