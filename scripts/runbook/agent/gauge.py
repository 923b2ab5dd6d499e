"""Says once a minute, on standard output, what the provider's alarms listen for."""

import sys

from scripts.runbook import measures
from scripts.runbook.agent.state import Agent

MEASURE_SECONDS = 60.0


async def say_measures(agent: Agent) -> float:
    """Write this site's measures; a database that does not answer writes none, which is an alarm of its own."""
    found = await agent.database.call(measures.of_database)
    found[measures.LEASE] = agent.lease_watch.age(agent.record.nonce if agent.record else "")
    if agent.health is not None:
        found[measures.LINKS] = sum(map(bool, agent.health.reached.values()))
        found[measures.OUTBOX] = agent.health.media_oldest
    sys.stdout.write(measures.as_lines(found))
    sys.stdout.flush()
    return MEASURE_SECONDS
