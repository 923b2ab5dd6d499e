"""Keeps the durability rule true while this site is primary: who stops confirming leaves it, who is back in step returns.

Only the register's answer to this site's own proposal changes what the fence obeys; until then it obeys both rules.
"""

import logging
import time

from scripts.runbook import alone, fence, lease
from scripts.runbook.agent.state import Agent
from scripts.runbook.confirmations import NOBODY_CONFIRMS, Standby, wanted_rule
from scripts.runbook.errors import FenceRefused, ReplicationStuck
from scripts.runbook.fence import Fence
from scripts.runbook.in_force import next_act
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.rule import Rule
from scripts.runbook.standby_faults import slot_fault, told_fault
from scripts.runbook.understudies import slots

log = logging.getLogger("lifeboat.agent")

LOOK_SECONDS = 0.5
# Cloud Storage takes one write a second to an object: a change waits that long after the last renewal.
BETWEEN_WRITES_SECONDS = 1.1
# How long a standby may take to confirm what the change of the rule has to wait for.
CAUGHT_UP_SECONDS = 2.0


async def keep_rule(agent: Agent) -> float:
    """Look who confirms, and change the rule if it should be another one."""
    record = agent.record
    if record is None or not agent.is_holder or record.state != "held":
        return LOOK_SECONDS
    stands = await agent.rule_database.call(fence.read)
    if not stands.open or stands.epoch != record.epoch:
        return LOOK_SECONDS
    standbys = await _standbys(agent, record)
    person = await agent.rule_database.call(alone.who_decided, record.epoch)
    _raise_alarms(agent, record.rule, standbys)
    wanted = wanted_rule(record.rule, standbys, person is not None)
    await _bring_about(agent, record, stands, wanted, person)
    return LOOK_SECONDS


async def _standbys(agent: Agent, record: LeaseRecord) -> dict[str, Standby]:
    """Return what is known of each other site, in the platform's order."""
    memory, now = agent.rule_memory.of(record.epoch), time.monotonic()
    log_end, known = await agent.rule_database.call(_look_at_slots)
    followers = {name.removeprefix("to_"): slot for name, slot in known.items()}
    memory.confirmations.observe(now, log_end, {site: slot.confirmed for site, slot in followers.items()})
    published = None if record.migration else agent.health.published if agent.health else ""
    others = agent.platform.others(agent.site)
    told = {site: told_fault(agent.words.fresh(site), record.holder, record.epoch, published) for site in others}
    lasting = memory.doubts.lasting(now, told)
    found = {}
    for site in others:
        fault = slot_fault(followers.get(site)) or lasting.get(site, "")
        # To come back a standby needs more than not to be accused: its own fresh word that all is well.
        heard = agent.words.fresh(site)
        in_step = memory.confirmations.in_step(site, now) if heard and heard.health and not told[site] else 0.0
        found[site] = Standby(memory.confirmations.owing(site, now), in_step, fault)
    return found


async def _bring_about(agent: Agent, record: LeaseRecord, stands: Fence, wanted: Rule, person: str | None) -> None:
    """Let the fence and the register come to the wanted rule; what cannot be done now is tried at the next look."""
    act = next_act(record.rule, stands.rule, wanted, in_doubt=agent.in_force.in_doubt)
    if act == "ask":
        agent.renewal_due = 0.0
    if act in ("acknowledge nothing", "obey"):
        await _obey(agent, record.epoch, stands.rule, wanted)
    if act != "change" or time.monotonic() - agent.register_written < BETWEEN_WRITES_SECONDS:
        return
    try:
        await _change(agent, record, stands, wanted, person)
    except (ReplicationStuck, FenceRefused) as late:
        log.info("rule: still obeying both the old and the new one: %s", late)


async def _change(agent: Agent, record: LeaseRecord, stands: Fence, wanted: Rule, person: str | None) -> None:
    change = _Change(agent, record.epoch, stands.rule)
    try:
        answer = await lease.change_rule(
            agent.register, agent.site, record.epoch, record.rule, wanted, agent.platform.terms,
            clock=lambda: agent.rule_database.call(fence.clock), obey=change.obey, caught_up=change.caught_up,
            approved_by=person if wanted.is_single_copy else None, live=wanted.sites,
        )  # fmt: skip
    except BaseException:
        change.broke_off()
        raise
    log.warning("rule: %s is to follow %s: %s", wanted.to_json(), record.rule.to_json(), answer.kind)
    if answer.kind != "renewed" or answer.record is None or answer.valid_until is None:
        change.broke_off()
        return
    agent.renewed(answer.record, time.monotonic())
    await agent.lease_database.call(fence.extend, record.epoch, answer.valid_until)
    if not wanted.is_single_copy:
        await agent.rule_database.call(alone.end)


class _Change:
    """One change of the rule under way: what the fence obeys, and whether the register was asked already."""

    def __init__(self, agent: Agent, epoch: int, obeyed: Rule) -> None:
        self._agent, self._epoch, self._obeyed, self._proposed = agent, epoch, obeyed, False

    async def obey(self, rule: Rule) -> None:
        await _obey(self._agent, self._epoch, self._obeyed, rule)
        self._obeyed = rule

    async def caught_up(self, rule: Rule) -> None:
        await self._agent.rule_database.call(fence.acknowledge, rule, CAUGHT_UP_SECONDS)
        self._proposed = True

    def broke_off(self) -> None:
        """What was proposed may have been committed unheard, also where only the fence failed to follow it."""
        if self._proposed:
            self._agent.in_force.unheard(time.monotonic())
            self._agent.renewal_due = 0.0


async def _obey(agent: Agent, epoch: int, known: Rule, rule: Rule) -> None:
    if known != rule:
        await agent.rule_database.call(fence.obey, epoch, known, rule)


def _look_at_slots(connection: fence.Connection) -> tuple[int, dict]:
    """Return the end of the log, and the slots as they were after it: a position missing then was really missing."""
    log_end = fence.log_end(connection)
    return log_end, slots(connection)


def _raise_alarms(agent: Agent, rule: Rule, standbys: dict[str, Standby]) -> None:
    for site, standby in standbys.items():
        if standby.fault:
            why = f"{site} does not count: {standby.fault}"
        elif not standby.may_stay:
            why = f"{site} has confirmed nothing for {standby.owing:.0f} s"
        else:
            why = "" if site in rule.sites else f"{site} is back and not yet in the rule"
        agent.alarms.set(f"standby {site}", why)
    agent.alarms.set("single copy", "acknowledged writes are in one cloud alone" if rule.is_single_copy else "")
    nobody = not rule.is_single_copy and not any(standbys[site].may_stay for site in rule.sites if site in standbys)
    agent.alarms.set("nobody confirms", NOBODY_CONFIRMS if nobody else "")
