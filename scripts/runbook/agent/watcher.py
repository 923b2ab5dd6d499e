"""Listens to the other sites and to the register's stores, measures this site, and raises alarms."""

import asyncio
import dataclasses
import time
from urllib.parse import urlsplit

import psycopg

from scripts.runbook import (
    azure_identity,
    certificates,
    clocks,
    excess_rights,
    health,
    media,
    privileges,
    retention,
    status,
)
from scripts.runbook.agent.state import Agent
from scripts.runbook.errors import AzureRefused
from scripts.runbook.sites import Platform

LISTEN_SECONDS = 1.0
MEASURE_SECONDS = 2.0
PROVE_SECONDS = 60.0


async def listen(agent: Agent) -> float:
    """Hear every other site, and say who has fallen silent or whose store does not count."""
    others = agent.platform.others(agent.site)
    heard = await asyncio.gather(*(status.hear(agent.stores, agent.platform.public_keys, site) for site in others))
    for site, word in zip(others, heard, strict=True):
        if word.status is not None:
            agent.words.take(word.status)
        is_silent = agent.words.fresh(site) is None
        agent.alarms.set(f"agent {site}", f"the agent of {site} says nothing" if is_silent else "")
    faults = agent.register.faults
    for store in agent.platform.register_urls:
        agent.alarms.set(f"register {store}", f"register: {faults[store]}" if store in faults else "")
    return LISTEN_SECONDS


async def measure(agent: Agent) -> float:
    """Measure this site's health for its status; the proofs that take longer are kept from one minute to the next."""
    measured = await agent.rule_database.call(health.measure, agent.platform.disks.get(agent.site))
    waiting = await agent.rule_database.call(media.backlog)
    others = _others_at(agent)
    # A site that begins to speak is tried at once: the first minute after a start should say more than "not tried".
    if time.monotonic() - agent.proved_at > PROVE_SECONDS or others.keys() - agent.proofs.get("reached", {}).keys():
        agent.proofs = await asyncio.to_thread(_prove, agent.platform, agent.site, others)
        agent.proved_at = time.monotonic()
    age = round(time.monotonic() - agent.proved_at, 1)
    agent.health = dataclasses.replace(
        measured, **agent.proofs, proved_age=age, media_waiting=sum(one["objects"] for one in waiting),
        media_oldest=max((float(one["oldest_seconds"]) for one in waiting), default=0.0),
    )  # fmt: skip
    return MEASURE_SECONDS


def _others_at(agent: Agent) -> dict[str, str]:
    """Return how a subscription reaches each other site that speaks; nobody during a move, which makes slots itself."""
    if agent.moving or agent.running or agent.about_to_begin:
        return {}
    words = {site: agent.words.fresh(site) for site in agent.platform.others(agent.site)}
    return {site: agent.platform.conninfo(word, agent.site) for site, word in words.items() if word}


def _prove(platform: Platform, site: str, others: dict[str, str]) -> dict[str, object]:
    """Use every privilege, reach every other database as a subscription would, and look at this one's certificate."""
    outputs = platform.outputs[site]
    with psycopg.connect(platform.agent_url(site), autocommit=True, connect_timeout=3) as connection:
        refused, beyond = privileges.refused(connection), excess_rights.excess(connection)
        reached = {other: privileges.unreached(connection, conninfo) for other, conninfo in others.items()}
    try:
        days = round(certificates.days_left(outputs.database_host, outputs.database_port, postgres=True), 2)
    except OSError as reason:
        refused["show a certificate of its database"] = str(reason)
        days = None
    kept = _retention(outputs.ledger_url, refused)
    edge = _edge(outputs.edge_target, platform.outside_url)
    ahead = clocks.ahead_of_stores(outputs.lease_url for outputs in platform.outputs.values())
    return {
        "refused": refused, "reached": reached, "certificate_days": days, "clock_ahead": ahead, "excess": beyond,
        "ledger_retention": kept, **edge,
    }  # fmt: skip


def _retention(ledger_url: str, refused: dict[str, str]) -> str:
    """Ask Azure's ledger whether its retention is locked; nothing is asked elsewhere, where it is made locked."""
    if not (ledger_url.startswith("az://") and azure_identity.is_in_azure()):
        return ""
    try:
        return retention.mode(ledger_url)
    except AzureRefused as reason:
        refused["see how the ledger is retained"] = str(reason)
        return ""


def _edge(target: str, address: str) -> dict[str, object]:
    """Look at this site's own edge as it will be when the name points at it; nothing where there is no TLS."""
    parts = urlsplit(address)
    if parts.scheme != "https" or parts.hostname is None:
        return {"edge_days": None, "edge_fault": ""}
    try:
        days = round(certificates.days_left(target, 443, name=parts.hostname), 2)
    except OSError as reason:
        return {"edge_days": -1.0, "edge_fault": str(reason)}
    return {"edge_days": days, "edge_fault": certificates.edge_fault(target, parts.hostname)}
