"""Says where this site's database is, as an address, and keeps this site's subscription to where the primary's is.

The name of a managed database is known inside its own network alone (a private zone on GCP and Azure), so no other
provider's server could resolve it; and behind the name the address changes with the provider's own zone failover.
"""

import asyncio
import ipaddress
import socket

from scripts.runbook import replication
from scripts.runbook.agent.state import Agent

LOOK_SECONDS = 2.0


async def keep_addresses(agent: Agent) -> float:
    """Look the own database's name up, and point the subscription to the address that the primary says of its own."""
    await _learn_own(agent)
    await _follow_primary(agent)
    return LOOK_SECONDS


async def _learn_own(agent: Agent) -> None:
    """Keep the last address that the name gave while it gives none: the database may well go on."""
    outputs, subject = agent.platform.outputs[agent.site], "database name"
    if _is_address(outputs.database_host):
        return
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            outputs.database_host, outputs.database_port, family=socket.AF_INET, type=socket.SOCK_STREAM
        )
    except OSError as reason:
        agent.alarms.set(subject, f"the database's name {outputs.database_host} gives no address ({reason})")
        return
    agent.alarms.set(subject, "")
    address = str(found[0][4][0])
    if address != agent.database_address:
        agent.database_address = address
        agent.changed.set()


def _is_address(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


async def _follow_primary(agent: Agent) -> None:
    """Change the subscription while nothing else does: a runbook makes and drops subscriptions itself."""
    record, now = agent.record, await agent.database.call(replication.following)
    if record is None or now is None or now.primary != record.holder or agent.moving or agent.running:
        return
    heard = agent.words.fresh(now.primary)
    if heard is None or agent.about_to_begin:
        return
    conninfo = agent.platform.conninfo(heard, agent.site)
    if conninfo != agent.reconnected_to:
        await agent.database.call(replication.reconnect, now.primary, conninfo)
        agent.reconnected_to = conninfo
