"""`python -m scripts.runbook.agent`: the process that looks after one site.

In a cloud its environment says everything (site_environment.py); `--dir FOLDER --site X` reads a folder instead.

It renews the lease while its site holds it and closes the fence when it does not, writes the signed status each second,
keeps the understudy slots short, and on a new epoch stops applying, says how far it came, and follows the new primary.
"""

import argparse
import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import psycopg

from scripts.runbook import site_environment, sites
from scripts.runbook.agent.address_keeper import keep_addresses
from scripts.runbook.agent.bound import bound_log
from scripts.runbook.agent.candidate import take_up_late_hand_over
from scripts.runbook.agent.certificate_keeper import keep_certificate
from scripts.runbook.agent.follower import follow_register
from scripts.runbook.agent.gauge import say_measures
from scripts.runbook.agent.lease_keeper import hold
from scripts.runbook.agent.name_keeper import keep_name
from scripts.runbook.agent.request_reader import read_requests
from scripts.runbook.agent.rule_keeper import keep_rule
from scripts.runbook.agent.runbook import run_runbooks
from scripts.runbook.agent.stand_in import stand_in
from scripts.runbook.agent.state import Agent
from scripts.runbook.agent.takedowns import obey_takedowns
from scripts.runbook.agent.teller import say_status
from scripts.runbook.agent.upkeep import beat, keep_understudies
from scripts.runbook.agent.watcher import listen, measure
from scripts.runbook.agent.welcomer import welcome_back
from scripts.runbook.errors import LifeboatError, NotJoined
from scripts.runbook.sites import Platform

log = logging.getLogger("lifeboat.agent")

# Each does its work once and returns how many seconds to wait before the next time.
LOOPS = {
    "lease": hold,
    "register": follow_register,
    "status": say_status,
    "requests": read_requests,
    "runbook": run_runbooks,
    "stand in": stand_in,
    "hand-over": take_up_late_hand_over,
    "upkeep": keep_understudies,
    "heartbeat": beat,
    "takedowns": obey_takedowns,
    "listening": listen,
    "health": measure,
    "addresses": keep_addresses,
    "measures": say_measures,
    "rule": keep_rule,
    "name": keep_name,
    "welcome": welcome_back,
    "bound": bound_log,
    "certificate": keep_certificate,
}


async def run(agent: Agent) -> None:
    """Run every loop until the process is told to stop."""
    await asyncio.gather(*(_forever(name, agent, loop) for name, loop in LOOPS.items()))


async def _forever(name: str, agent: Agent, once: Callable[[Agent], Awaitable[float]]) -> None:
    """Repeat a loop's body; trouble is logged once and tried again."""
    last = ""
    while True:
        said = ""
        try:
            pause = await once(agent)
        except (LifeboatError, psycopg.Error, OSError) as trouble:
            pause, said = 0.5, f"{name}: {(str(trouble).strip().splitlines() or [type(trouble).__name__])[0]}"
        if said and said != last:
            log.warning(said)
        last = said
        await asyncio.sleep(pause)


async def _look_after(platform: Platform, site: str) -> None:
    await run(Agent(platform, site))


async def _until_stopped(work: Coroutine[Any, Any, Any]) -> None:
    running = asyncio.create_task(work)
    for which in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(which, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        log.info("stopped")


def main() -> None:
    """Run one site's agent until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.runbook.agent", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--dir", type=Path, help="the folder of the platform's files, instead of the environment")
    parser.add_argument("--site", default=os.environ.get("SITE", ""), help="the site this agent looks after")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        platform = sites.load(options.dir) if options.dir else site_environment.read(os.environ)
        work = _look_after(platform, platform.known(options.site))
    except NotJoined as reason:
        # A process that ends is started again and again, and its deployment counts as failed.
        log.warning(str(reason))
        work = asyncio.Event().wait()
    except LifeboatError as reason:
        parser.exit(2, f"{reason}\n")
    asyncio.run(_until_stopped(work))


if __name__ == "__main__":
    main()
