"""Reads what the operators say, refuses at once and visibly what no agent may act on, and hands the rest on."""

import logging
import time

from scripts.runbook import answers, commissions, requests
from scripts.runbook.agent.state import FOLLOW_SECONDS, MOVING_SECONDS, Agent
from scripts.runbook.answers import Answer
from scripts.runbook.commissions import Commission
from scripts.runbook.errors import LifeboatError, RequestRefused, RunUnderWay
from scripts.runbook.requests import Request, Word
from scripts.runbook.verbs import VERBS

log = logging.getLogger("lifeboat.agent")

# How long a primary waits for the chosen site to take a switchover on, before it forgets about it.
INVITATION_SECONDS = 30.0
# How long after a person's word for another primary this site is ready to act on it at once.
EXPECTED_SECONDS = 10.0


async def read_requests(agent: Agent) -> float:
    """Hear every operator, and act on what is new: refuse it, or hand it to the loop that runs runbooks."""
    for word in await requests.hear(agent.stores, agent.platform.operators()):
        agent.alarms.set(f"forged {word.operator}", word.fault)
        if word.request is not None:
            await _take(agent, word.request)
        elif word.claimed not in agent.distrusted:
            await _distrust(agent, word)
    for request in list(agent.invitations.values()):
        await _join_in(agent, request)
    return MOVING_SECONDS if agent.invitations else FOLLOW_SECONDS


async def refuse(agent: Agent, request: Request, sentence: str) -> None:
    """Say no, so that the operator reads it at once, and remember that it was said."""
    log.warning("refused a request of %s: %s", request.operator, sentence)
    await agent.run_database.call(commissions.note_answered, request.nonce, request.operator)
    await answers.publish(agent.stores, agent.signer, Answer(agent.site, request.nonce, "ended", sentence=sentence))


async def _distrust(agent: Agent, word: Word) -> None:
    """Say that nobody acts on an object without a valid signature; the nonce that it claims is not remembered for good."""
    log.warning("refused what lies under the name of %s: %s", word.operator, word.fault)
    agent.distrusted.add(word.claimed)
    if word.claimed:
        answer = Answer(agent.site, word.claimed, "ended", sentence=word.fault)
        await answers.publish(agent.stores, agent.signer, answer)


async def _take(agent: Agent, request: Request) -> None:
    """Act on what lies under an operator's name, once."""
    _expect_move(agent, request)
    lay_there = agent.lying.get(request.operator)
    if request.nonce == lay_there or not _is_for(agent, request) or agent.about_to_begin:
        return
    if not await _is_answered(agent, request, at_start=lay_there is None):
        await _take_new(agent, request)
    elif lay_there is not None and request.nonce not in agent.distrusted:
        # At its start an agent finds everybody's last request lying there; what comes later was put there again.
        agent.distrusted.add(request.nonce)
        await _refuse_replay(agent, request)
    agent.lying[request.operator] = request.nonce


def _expect_move(agent: Agent, request: Request) -> None:
    """Be quick once a person has asked for another primary: the one that takes over waits until this site has stopped."""
    verb = VERBS.get(request.wish.verb)
    if verb is not None and verb.changes_primary and abs(time.time() - request.issued) < EXPECTED_SECONDS:
        agent.move_expected_until = time.monotonic() + EXPECTED_SECONDS


async def _is_answered(agent: Agent, request: Request, *, at_start: bool) -> bool:
    """Say whether this site answered a request before. A database made anew has forgotten it; the stores have not."""
    if await agent.run_database.call(commissions.is_answered, request.nonce):
        return True
    if not at_start:
        return False
    return await answers.hear(agent.stores, agent.platform.public_keys, request.nonce, agent.site, "ended") is not None


async def _take_new(agent: Agent, request: Request) -> None:
    agent.alarms.set(f"replayed {request.operator}", "")
    try:
        requests.check(request, agent.platform.cluster, time.time())
        if request.wish.verb not in VERBS:
            raise RequestRefused(f"this version of {agent.site}'s agent knows no {request.wish.verb}")
        if request.wish.to != agent.site:
            agent.invitations[request.nonce] = request
            return
        if (busy := agent.running) is not None:
            raise RunUnderWay(agent.site, busy.runbook, busy.approved_by)
    except LifeboatError as refused:
        await refuse(agent, request, str(refused))
        return
    agent.approved.put_nowait(request)


def _is_for(agent: Agent, request: Request) -> bool:
    """Say whether this site runs what is asked for, or has a part in it."""
    verb = VERBS.get(request.wish.verb)
    has_part = verb is not None and verb.partner is not None and (verb.asks_all or request.holder == agent.site)
    return request.wish.to == agent.site or has_part


async def _join_in(agent: Agent, request: Request) -> None:
    """Do this site's part of what the chosen site has taken on, by exactly the plan that the operator signed."""
    partner = VERBS[request.wish.verb].partner
    accepted, ended = await answers.hear_outcome(
        agent.stores, agent.platform.public_keys, request.nonce, request.wish.to
    )
    if ended is not None or time.time() > request.issued + INVITATION_SECONDS:
        del agent.invitations[request.nonce]
    elif accepted is not None and partner is not None:
        del agent.invitations[request.nonce]
        if requests.hash_of_plan(accepted.plan) != request.plan_hash:
            await refuse(agent, request, f"{request.wish.to} took it on by another plan than was signed")
            return
        agent.approved.put_nowait(
            Commission(f"{accepted.runbook}-at-{agent.site}", partner.name, request.wish.to, accepted.plan,
                       request.nonce, request.expires, request.operator))  # fmt: skip


async def _refuse_replay(agent: Agent, request: Request) -> None:
    sentence = f"the request of {request.operator} with the nonce {request.nonce} was answered before: it is a replay"
    agent.alarms.set(f"replayed {request.operator}", sentence)
    answer = Answer(agent.site, request.nonce, "replayed", sentence=sentence)
    await answers.publish(agent.stores, agent.signer, answer)
