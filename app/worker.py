"""`python -m app.worker`: the process of a site that does what no request waits for. It works while its site takes writes."""

import asyncio
import logging
import signal
import sys

from app import chores
from app.errors import LifeboatError
from app.job_queue import JobQueue
from app.observing import write_lines
from app.outbox_worker import OutboxWorker
from app.services import Services
from app.settings import read_settings

log = logging.getLogger("lifeboat.worker")


async def run(parts: Services) -> None:
    """Work until the process is told to stop; what it leaves undone is found undone by the next one."""
    stores = {parts.settings.site: parts.media.own, **parts.media.peers}
    outbox = OutboxWorker(parts.database, parts.lease, parts.acknowledger, stores)
    loops = (outbox.run(), JobQueue(parts).run(), chores.run(parts))
    working = asyncio.gather(*loops)
    for which in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(which, working.cancel)
    try:
        await working
    except asyncio.CancelledError:
        log.info("stopped")
    finally:
        await parts.close()


def main() -> None:
    """Read the environment and work; a refusal is one sentence on standard error and an exit code."""
    write_lines()
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    try:
        asyncio.run(run(Services.open(read_settings())))
    except LifeboatError as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
