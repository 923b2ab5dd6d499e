"""Carries out what others wrote into the takedown ledger: an operator's laptop reaches the stores, and no database."""

from scripts.runbook import fence, takedown_replay, takedowns
from scripts.runbook.agent.state import Agent
from scripts.runbook.takedowns import Trust

TAKEDOWN_SECONDS = 10.0


async def obey_takedowns(agent: Agent) -> float:
    """While this site takes writes, carry out every entry of the ledger that its database does not know yet."""
    if not agent.is_holder or not (await agent.database.call(fence.read)).open:
        return TAKEDOWN_SECONDS
    known = await agent.database.call(takedown_replay.known_entries)
    trust = Trust(agent.platform.operators())
    ledger = await takedowns.read(agent.platform.ledger_stores(), trust, known=known)
    if ledger.entries:
        await agent.database.call(takedown_replay.carry_out, ledger.entries)
    return TAKEDOWN_SECONDS
