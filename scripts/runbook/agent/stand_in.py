"""A standby beside a primary that is late: it prepares to take over and, in mode `auto`, does so when the lease has run out.

Mode `auto` is off unless the platform's settings say so; it runs the same runbook. The watched renewal is what the takeover
rests on: the register refuses it when anything newer stands there, however long this process slept.
"""

import logging
import secrets
import time

from scripts.runbook.agent.state import FOLLOW_SECONDS, Agent
from scripts.runbook.commissions import Commission, name_of
from scripts.runbook.failover import ask_facts
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.plan import Facts, plan_failover
from scripts.runbook.requests import LIFETIME_SECONDS

log = logging.getLogger("lifeboat.agent")

# How much later the second standby in line tries: the first has won by then, or is not there.
STAGGER_SECONDS = 4.0
# How soon a standby that only prepares looks at a late primary again.
LATE_SECONDS = 1.0
# How long after an own attempt that was stopped the next one may begin.
AGAIN_SECONDS = 10.0


async def stand_in(agent: Agent) -> float:
    """Watch the lease of another site: prepare when it is late, and in mode auto take over when it has run out.

    Raises what the planner refuses by: the next look tries again, and the log says it once.
    """
    record = agent.record
    if record is None or record.holder == agent.site or not agent.watch.overdue or agent.running is not None:
        return FOLLOW_SECONDS
    if record.mode != "auto":
        return await _be_ready_for_a_word(agent)
    if agent.about_to_begin or time.monotonic() < agent.may_stand_in_at:
        return FOLLOW_SECONDS
    return await _take_over_in_time(agent, record)


async def _be_ready_for_a_word(agent: Agent) -> float:
    """Ask for the register's promise before a person says the word, so that the word costs one write."""
    if agent.prepared != agent.watch.key:
        await _prepare_as_first(agent, await ask_facts(agent.platform, agent.register, agent.stores))
    return LATE_SECONDS


async def _take_over_in_time(agent: Agent, record: LeaseRecord) -> float:
    """Take over once the watched renewal is due and nobody before this site in line did; return when to look again."""
    facts = await ask_facts(agent.platform, agent.register, agent.stores)
    rank = await _prepare_as_first(agent, facts)
    left = agent.platform.terms.challenger_seconds + rank * STAGGER_SECONDS - agent.watch.age
    if left <= 0 and agent.watch.due:
        commission = _commission(agent, facts)
        log.warning("%s has not renewed epoch %s for %.1f s: taking over", record.holder, record.epoch, agent.watch.age)
        agent.may_stand_in_at = time.monotonic() + AGAIN_SECONDS
        agent.approved.put_nowait(commission)
    return min(FOLLOW_SECONDS, max(left, 0))


async def _prepare_as_first(agent: Agent, facts: Facts) -> int:
    """Ask for the register's promise, once a renewal, if this site is the first in line; return its place.

    Cloud Storage takes one write a second: the promise lies behind us when the epoch is to be won.
    """
    rank = _rank(agent, facts)
    if rank == 0 and agent.prepared != agent.watch.key:
        agent.prepared = agent.watch.key
        await agent.register.prepare()
    return rank


def _rank(agent: Agent, facts: Facts) -> int:
    """Return how many standbys that answer stand before this one in line."""
    holder = facts.record.holder if facts.record else ""
    line = [site for site in agent.platform.sites if site != holder and (site == agent.site or facts.answers(site))]
    return line.index(agent.site)


def _commission(agent: Agent, facts: Facts) -> Commission:
    """Plan the takeover, nothing of it at a person's risk. Raises what the planner refuses by."""
    plan, nonce = plan_failover(facts, agent.site, agent.platform.sites), secrets.token_hex(16)
    return Commission(name_of("failover", plan.epoch, agent.site, nonce), "failover", agent.site, plan.to_body(), nonce,
                      time.time() + LIFETIME_SECONDS, watched=agent.watch.key)  # fmt: skip
