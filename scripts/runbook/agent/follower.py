"""Reads the register and does what its newest committed record asks of this site: stop, hold a tail ready, follow."""

import logging
import time

from scripts.runbook import fence, replication, status, understudies
from scripts.runbook.agent.state import Agent
from scripts.runbook.errors import RegisterMoved
from scripts.runbook.lease import LeaseRecord, LeaseSighting, finish, is_left_half_written, look
from scripts.runbook.replication import Following
from scripts.runbook.status import SiteStatus

# How soon a record that could not be finished is tried again.
FINISH_SECONDS = 3.0

log = logging.getLogger("lifeboat.agent")


async def follow_register(agent: Agent) -> float:
    """Read the register and do what its newest record asks of this site.

    Only what the reading proves committed: a record that never won must stop nobody from applying.
    """
    try:
        sighting = await look(agent.register)
    except RegisterMoved:
        agent.reopen_register()
        raise
    agent.watch.observe(sighting.record)
    await _finish(agent, sighting)
    record = sighting.record if sighting.committed else None
    if record is not None and (agent.record is None or record.epoch >= agent.record.epoch):
        await _take_in(agent, record)
    return agent.follow_seconds


async def _take_in(agent: Agent, record: LeaseRecord) -> None:
    """Obey a record that is proved committed, and then say what this site is now: whoever takes over waits for that word."""
    known = agent.record
    if known is not None and record.epoch > known.epoch:
        # Winning an epoch is a renewal; Cloud Storage would refuse another write within the same second.
        agent.renewal_due = time.monotonic() + agent.platform.terms.renew_every
    agent.in_force.take(record)
    is_news = known is None or (record.epoch, record.state) != (known.epoch, known.state)
    if is_news:
        log.info("register: %s, epoch %s, %s", record.holder, record.epoch, record.state)
    try:
        await _obey(agent, record)
    finally:
        if is_news:
            agent.changed.set()


async def _finish(agent: Agent, sighting: LeaseSighting) -> None:
    """See to a record whose proposer ended in the middle; Cloud Storage takes one write a second."""
    if is_left_half_written(sighting, agent.watch, agent.site) and time.monotonic() >= agent.may_finish_at:
        agent.may_finish_at = time.monotonic() + FINISH_SECONDS
        log.warning("register: a record was left half-written: finishing it")
        await finish(agent.register)


async def _obey(agent: Agent, record: LeaseRecord) -> None:
    stands = await agent.database.call(fence.read)
    if record.epoch < stands.epoch:
        return  # this site has obeyed a later epoch already, perhaps before a restart
    if record.epoch > stands.epoch:
        await agent.database.call(fence.adopt, record.epoch)
    now = await agent.database.call(replication.following)
    if record.holder == agent.site:
        if now is not None and record.state == "switching":
            await _stop_applying(agent, now.primary)
        return
    if stands.writable:
        await agent.database.call(fence.close)
    if now is None:
        await _return_as_standby(agent, record)
    elif now.primary != record.holder:
        await _leave(agent, now, record)
    elif now.epoch != record.epoch:
        await agent.database.call(
            replication.follow,
            agent.site,
            Following(record.holder, record.epoch),
            _conninfo(agent, agent.words.fresh(record.holder), record.holder),
            copy=False,
        )


async def _leave(agent: Agent, now: Following, record: LeaseRecord) -> None:
    """Stop applying from the old primary, give the new one a tail it lacks, follow it once its slot stands ready."""
    await _stop_applying(agent, now.primary)
    heard = (await status.hear(agent.stores, agent.platform.public_keys, record.holder)).status
    if heard is None or heard.epoch != record.epoch or heard.applying:
        return
    if agent.site in heard.prepared:
        await _follow(agent, record, heard, now.primary)
    elif heard.following == now.primary:
        await _hold_tail_ready(agent, record, heard, now.primary)


async def _return_as_standby(agent: Agent, record: LeaseRecord) -> None:
    """Follow the primary that this site handed over to: it vouches that this site has everything it has."""
    # It vouches for the database that handed over. That one had a slot for it; one made anew since then has none.
    if replication.slot_name(record.holder) not in await agent.database.call(understudies.slots):
        return
    heard = (await status.hear(agent.stores, agent.platform.public_keys, record.holder)).status
    if heard is not None and heard.epoch == record.epoch and agent.site in heard.prepared:
        await _follow(agent, record, heard, record.holder)


async def _follow(agent: Agent, record: LeaseRecord, heard: SiteStatus, old: str) -> None:
    new, conninfo = Following(record.holder, record.epoch), _conninfo(agent, heard, record.holder)
    await agent.database.call(replication.forget, old)
    await agent.database.call(replication.follow, agent.site, new, conninfo, copy=False)
    log.info("following %s at epoch %s", record.holder, record.epoch)
    agent.changed.set()


async def _hold_tail_ready(agent: Agent, record: LeaseRecord, heard: SiteStatus, old: str) -> None:
    """Set this site's slot for the new primary to where that one stands, if this site has more than it."""
    ahead = heard.applied < await agent.database.call(understudies.applied_position, old)
    if not ahead or await agent.database.call(understudies.is_prepared, record.holder, record.epoch):
        return
    await agent.database.call(understudies.prepare_slot, record.holder, old, heard.applied, record.epoch)
    log.info("%s is behind by a tail that this site holds ready for it", record.holder)
    agent.changed.set()


async def _stop_applying(agent: Agent, primary: str) -> None:
    if await agent.database.call(replication.applying, primary):
        await agent.database.call(replication.stop_applying, primary)
        log.info("stopped applying from %s", primary)
        agent.changed.set()


def _conninfo(agent: Agent, heard: SiteStatus | None, primary: str) -> str:
    return agent.platform.conninfo(heard or agent.platform.outputs[primary], agent.site)
