"""Says once a second what this site is and how far it came, signed, in every control store that answers."""

import asyncio
import time

from scripts.runbook import continuity, fence, replication, status, takeovers, understudies
from scripts.runbook.agent.state import MOVING_SECONDS, Agent
from scripts.runbook.status import RunStatus, SiteStatus, SlotStatus, TookOverStatus
from scripts.runbook.understudies import Slot

STATUS_SECONDS = 1.0


async def say_status(agent: Agent) -> float:
    """Write this site's status to every control store that answers."""
    agent.changed.clear()
    await look_whether_it_went_back(agent)
    answers = await status.publish(agent.stores, agent.signer, await _status(agent))
    agent.failures = answers.failures
    agent.has_spoken.set()
    # During a move the others wait for this word: say it again as soon as there is something new.
    try:
        await asyncio.wait_for(agent.changed.wait(), MOVING_SECONDS * 2 if agent.moving else STATUS_SECONDS)
    except TimeoutError:
        return 0
    return 0


async def look_whether_it_went_back(agent: Agent) -> None:
    """Compare the database with what was last said of it, where no restore reaches; one that went back takes no writes."""
    if agent.looks is None:
        own = await status.hear(agent.stores, agent.platform.public_keys, agent.site)
        if own.status is None and len(own.failures) == len(agent.stores.stores):
            return  # no store answers: nobody knows yet what was said
        agent.looks = own.status.looks if own.status else 0
    agent.looks, why = await agent.database.call(continuity.look, agent.looks)
    agent.alarms.set("continuity", why and f"{agent.site} takes no writes until it is copied anew: {why}")
    if why:
        await agent.database.call(fence.close)


async def _status(agent: Agent) -> SiteStatus:
    view = await agent.database.call(understudies.view)
    stands = await agent.database.call(fence.read)
    record, outputs = agent.record, agent.platform.outputs[agent.site]
    agent.sequence += 1
    epoch = record.epoch if record else 0
    role: status.Role = "primary" if agent.is_holder else "standby" if view.following else "fenced"
    return SiteStatus(
        site=agent.site, started=agent.started, sequence=agent.sequence, at=time.time(), epoch=epoch,
        holder=record.holder if record else "", role=role, writable=stands.open, applying=view.applying,
        following=view.following.primary if view.following else None,
        following_epoch=view.following.epoch if view.following else 0, applied=view.applied, log=view.log,
        database_host=agent.database_address or outputs.database_host, database_port=outputs.database_port,
        prepared=tuple(await agent.database.call(understudies.prepared_slots, epoch)),
        slots={slot.name.removeprefix("to_"): _slot_status(slot) for slot in view.slots},
        store_failures=agent.failures, running=_run_status(agent), alarms=agent.alarms.sentences, health=agent.health,
        took_over=await _took_over(agent, epoch), table_bytes=await agent.database.call(replication.table_bytes),
        looks=agent.looks or 0,
    )  # fmt: skip


def _run_status(agent: Agent) -> RunStatus | None:
    run = agent.running
    return RunStatus(run.runbook, run.verb, run.to, run.approved_by, run.nonce) if run else None


async def _took_over(agent: Agent, epoch: int) -> TookOverStatus | None:
    took = await agent.database.call(takeovers.taken_over, epoch) if agent.is_holder else None
    return TookOverStatus(took.site, took.position) if took else None


def _slot_status(slot: Slot) -> SlotStatus:
    return SlotStatus(slot.active, slot.confirmed, slot.retained_bytes, slot.wal_status)
