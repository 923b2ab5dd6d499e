"""Bounds the log that this site keeps for others: understudy slots go first, then that of a standby that left the rule."""

import logging

from scripts.runbook import replication, understudies
from scripts.runbook.agent.state import Agent
from scripts.runbook.wal_bound import slots_to_drop

log = logging.getLogger("lifeboat.agent")

BOUND_SECONDS = 5.0


async def bound_log(agent: Agent) -> float:
    """Drop the slots that keep more log than they may; a site whose slot is gone is told so by its return."""
    record = agent.record
    if record is None or record.state != "held":
        return BOUND_SECONDS
    now = await agent.database.call(replication.following)
    counted = record.rule.sites if agent.is_holder else ()
    followers = [site for site in agent.platform.others(agent.site) if _follows(agent, site)]
    slots = await agent.database.call(understudies.slots)
    for site in slots_to_drop(slots.values(), counted, followers, agent.health.disk_free if agent.health else None):
        if now is not None:
            await agent.database.call(understudies.note_applied, now.primary)
        await agent.database.call(understudies.drop_slot, site)
        kept = slots[replication.slot_name(site)].retained_bytes
        log.warning("dropped the slot for %s, which kept %s bytes of log", site, f"{kept:,}")
        agent.alarms.set(f"slot {site}", f"the slot for {site} kept too much log and was dropped: it needs a copy")
        del slots[replication.slot_name(site)]
    for name in slots:
        agent.alarms.set(f"slot {name.removeprefix('to_')}", "")
    return BOUND_SECONDS


def _follows(agent: Agent, site: str) -> bool:
    word = agent.words.fresh(site)
    return word is not None and word.following == agent.site
