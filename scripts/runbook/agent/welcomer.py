"""While this site is the primary: answers sites that come back and ask to follow."""

import logging

from scripts.runbook import return_talk, welcome
from scripts.runbook.agent.state import Agent

log = logging.getLogger("lifeboat.agent")

WELCOME_SECONDS = 0.5


async def welcome_back(agent: Agent) -> float:
    """Answer every new ask of a site that does not follow; each ask is answered once by each process."""
    record = agent.record
    if record is None or not agent.is_holder:
        return WELCOME_SECONDS
    for site in agent.platform.others(agent.site):
        word = agent.words.fresh(site)
        if word is None or word.running is None:  # it asks in the middle of its runbook, and at no other time
            continue
        ask = await return_talk.hear_ask(agent.stores, agent.platform.public_keys, site)
        if ask is None or (ask.primary, ask.epoch) != (agent.site, record.epoch) or ask.nonce in agent.answered:
            continue
        answer = await agent.database.call(welcome.welcome, ask)
        await return_talk.say(agent.stores, agent.signer, return_talk.answer_key(site), answer)
        agent.answered.add(ask.nonce)
        log.info("%s asked to follow: %s", site, answer.refusal or "it may")
    return WELCOME_SECONDS
