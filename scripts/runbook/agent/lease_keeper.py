"""Renews the lease while this site holds it, and lets the fence follow the register's answer."""

import logging
import time

from scripts.runbook import commissions, continuity, fence
from scripts.runbook.agent.state import FOLLOW_SECONDS, Agent
from scripts.runbook.lease import LeaseAnswer, LeaseRecord, renew, settle

log = logging.getLogger("lifeboat.agent")


async def hold(agent: Agent) -> float:
    """Renew the lease while this site holds it; the database's clock is read before the request goes out.

    A database that went back renews nothing, and so writes nothing: its lease runs out and a standby can take over.
    """
    record, terms = agent.record, agent.platform.terms
    if record is None or not agent.is_holder:
        return FOLLOW_SECONDS
    ends_move = record.state == "switching" and await agent.lease_database.call(fence.move_is_over, record.epoch)
    if not ends_move and time.monotonic() < agent.renewal_due:
        return FOLLOW_SECONDS
    if await agent.lease_database.call(continuity.went_back, agent.looks or 0):
        await agent.lease_database.call(fence.close)
        return FOLLOW_SECONDS
    before = await agent.lease_database.call(fence.clock)
    began = time.monotonic()
    if ends_move:
        answer = await settle(agent.register, agent.site, record.epoch, terms, before)
    else:
        answer = await renew(agent.register, agent.site, record.epoch, terms, before, agent.platform.mode)
    return await _take_answer(agent, record, answer, began)


async def _take_answer(agent: Agent, record: LeaseRecord, answer: LeaseAnswer, began: float) -> float:
    """Let the fence follow what the register answered; nothing but a renewal ever extends a term."""
    if answer.kind == "renewed" and answer.record is not None and answer.valid_until is not None:
        await agent.lease_database.call(fence.extend, record.epoch, answer.valid_until)
        agent.renewed(answer.record, began)
        await _take_writes_again(agent, answer.record)
        return FOLLOW_SECONDS
    if answer.kind == "lost":
        log.warning("lease: lost at epoch %s; the fence is closed", record.epoch)
        await agent.lease_database.call(fence.close)
        return FOLLOW_SECONDS
    log.warning("lease: a renewal at epoch %s is unknown; writes end by themselves when the term does", record.epoch)
    return min(1.0, agent.platform.terms.renew_every)


async def _take_writes_again(agent: Agent, record: LeaseRecord) -> None:
    """Open what a hand-over drained that ended without coming about, however it ended: the renewal proves that nobody took over."""
    if record.state != "held" or agent.running is not None or agent.about_to_begin:
        return
    stands = await agent.lease_database.call(fence.read)
    if stands.writable or stands.epoch != record.epoch:
        return
    if await agent.lease_database.call(commissions.unfinished) is None:
        await agent.lease_database.call(fence.reopen, record.epoch)
        log.warning("this site holds epoch %s and no hand-over is under way: it takes writes again", record.epoch)
