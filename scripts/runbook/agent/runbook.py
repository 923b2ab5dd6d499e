"""Runs what the operators ask of this site, one runbook at a time, and goes on with what an earlier process left.

The event loop waits; the planning and the steps block in a thread of their own, with their own database.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import psycopg

from scripts.runbook import answers, commissions, ledger, requests
from scripts.runbook.agent.request_reader import refuse
from scripts.runbook.agent.state import Agent
from scripts.runbook.answers import Answer
from scripts.runbook.commissions import Commission
from scripts.runbook.errors import LifeboatError, RegisterUnreachable, RequestRefused
from scripts.runbook.failover import Reach, Run, gather_facts, open_run
from scripts.runbook.journal import write_anew
from scripts.runbook.plan import Plan
from scripts.runbook.requests import Request
from scripts.runbook.runner import run_steps
from scripts.runbook.verbs import VERBS, Verb, verb_of

log = logging.getLogger("lifeboat.agent")


async def run_runbooks(agent: Agent) -> float:
    """Go on with an unfinished runbook, or wait for the next approved request and do it."""
    commission = unfinished = await agent.run_database.call(commissions.unfinished)
    if commission is None:
        commission = await _take_on(agent, await agent.approved.get())
    if commission is None:
        return 0
    goes_on = unfinished is not None or not commission.is_new
    agent.running = commission
    agent.changed.set()
    try:
        await _see_through(agent, commission, goes_on)
    finally:
        agent.running = None
        agent.changed.set()
    return 0


async def _take_on(agent: Agent, asked: Request | Commission) -> Commission | None:
    """Make a request this site's own task, on disk; None when it was refused."""
    agent.considering = True
    try:
        commission = await _considered(agent, asked) if isinstance(asked, Request) else asked
        await agent.run_database.call(commissions.begin, commission)
        agent.running = commission
    except LifeboatError as refused:
        if isinstance(asked, Request):
            await refuse(agent, asked, str(refused))
        return None
    except psycopg.OperationalError:
        silent = Answer(agent.site, asked.nonce, "ended", sentence=f"The database of {agent.site} does not answer.")
        await answers.publish(agent.stores, agent.signer, silent)
        raise
    finally:
        agent.considering = False
    return commission


async def _considered(agent: Agent, request: Request) -> Commission:
    """Plan what is asked for by what this site knows itself. Raises RequestRefused, and what the planner raises."""
    wish = request.wish
    await agent.has_spoken.wait()  # a plan rests on its own word too, and the last one may be of the process before
    plan = await agent.run_thread.call(_plan, agent.reach_for_thread(), VERBS[wish.verb], request)
    again = await agent.run_database.call(commissions.stopped, wish.verb, wish.to, plan.epoch)
    runbook = commissions.name_of(wish.verb, plan.epoch, wish.to, request.nonce)
    return Commission(plan.resumes or (again.runbook if again else runbook), wish.verb, wish.to, plan.to_body(), request.nonce,
                      request.expires, request.operator,
                      skips=wish.skips)  # fmt: skip


async def _see_through(agent: Agent, commission: Commission, goes_on: bool) -> None:
    """Run a commission to its end, and say how it ended. Raises what it is to be tried again after."""
    taken = Answer(agent.site, commission.nonce, "accepted", runbook=commission.runbook, plan=commission.plan)
    loop = asyncio.get_running_loop()

    def say(step: str) -> None:
        log.info(step)
        loop.call_soon_threadsafe(agent.changed.set)  # the others act on what the step before brought about

    steps = agent.run_thread.call(_carry_out, agent, agent.reach_for_thread(), commission, goes_on, say)
    # Nothing waits for the answer: with a cloud gone, each write to its store takes its time.
    ended, _ = await asyncio.gather(steps, answers.publish(agent.stores, agent.signer, taken))
    await agent.run_database.call(
        commissions.end, commission.runbook, "done" if ended.done else "stopped", ended.sentence
    )
    log.info("%s: %s", commission.runbook, ended.sentence or "done")
    await answers.publish(agent.stores, agent.signer, ended)


# -- in the thread


def _plan(reach: Reach, verb: Verb, request: Request) -> Plan:
    """Plan, and see that it is what the operator signed; a register's promise is asked for at the same time."""
    facts = gather_facts(reach, to_act=verb.takes_epoch)
    if facts.record is None:
        raise RegisterUnreachable(reach.platform.sites, dict(reach.register.faults))
    requests.check_epoch(request, facts.record)
    if unknown := set(request.wish.skips) - set(verb.may_skip):
        raise RequestRefused(
            f"{verb.name} cannot leave out {', '.join(sorted(unknown))}: nothing would be safe without"
        )
    plan = verb.plan(facts, request.wish, reach.platform.sites)
    requests.check_plan(request, plan.to_body())
    return plan


def _carry_out(agent: Agent, reach: Reach, commission: Commission, goes_on: bool, say: Callable[[str], None]) -> Answer:
    """Run the steps; whatever stops them becomes the sentence that the operator reads.

    `goes_on`: an earlier start of this runbook may have left a journal.
    """
    verb, records, done = verb_of(commission.verb), 0, False
    try:
        if verb is None:
            raise RequestRefused(f"this version of {agent.site}'s agent knows no {commission.verb}")
        plan = verb.plan_kind.from_body(commission.plan)
        if goes_on:
            _restore_journal(agent, reach, commission.runbook)
        with open_run(verb.run_type, reach, agent.site, commission, plan, log.warning) as run:
            try:
                _may_still_begin(run)
                run_steps(verb.steps, run, say, commission.skips)
            finally:
                records = len(run.journal.records)
        sentence, done = "", True
    except LifeboatError as refused:
        if verb is not None and isinstance(refused, verb.retries):
            raise
        sentence = str(refused)
    except Exception as defect:  # the lease must be renewed whatever a runbook runs into
        log.exception("%s broke off", commission.runbook)
        sentence = (
            f"{commission.runbook} broke off by a defect ({type(defect).__name__}: {defect}); see the agent's log"
        )
    return Answer(agent.site, commission.nonce, "ended", done, sentence, commission.runbook, records)


def _restore_journal(agent: Agent, reach: Reach, runbook: str) -> None:
    """Bring a journal back that this machine lost with its disk: later steps read what earlier ones wrote."""
    platform, path = agent.platform, agent.platform.journals / f"{runbook}.jsonl"
    if path.exists():
        return
    reading = ledger.longest(platform.ledger_stores(), platform.public_keys, runbook)
    if records := reach.loop.run(reading):
        write_anew(path, records, agent.signer)
        log.warning("%s: this machine's journal is gone; %s records came back from the ledgers", runbook, len(records))


def _may_still_begin(run: Run[Plan]) -> None:
    """Raise RequestRefused when nothing was done yet and the operator's word is too old by now."""
    if not run.journal.records and time.time() > run.commission.expires:
        raise RequestRefused(
            "the request expired while this site's agent was down, before anything was done: ask again"
        )
