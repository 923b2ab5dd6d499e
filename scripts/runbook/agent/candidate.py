"""A hand-over that came after this site had given up waiting: the epoch is nobody's until this site goes on."""

import logging

from scripts.runbook import commissions
from scripts.runbook.agent.state import Agent

log = logging.getLogger("lifeboat.agent")

LOOK_SECONDS = 1.0


async def take_up_late_hand_over(agent: Agent) -> float:
    """Go on with the switchover that was stopped here, once the register shows that the lease was released to this site.

    The operator's word stands: it was this very move that they signed, and taking it back would need the old primary's lease.
    """
    record = agent.record
    if record is None or (record.state, record.candidate) != ("released", agent.site):
        return LOOK_SECONDS
    if agent.running is not None or agent.about_to_begin:
        return LOOK_SECONDS
    given_up = await agent.rule_database.call(commissions.stopped, "switchover", agent.site, record.epoch + 1)
    if given_up is not None:
        log.warning("%s handed over after all: going on with %s", record.holder, given_up.runbook)
        agent.approved.put_nowait(given_up)
    return LOOK_SECONDS
