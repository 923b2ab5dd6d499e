"""What can be done to a local site short of ending it: it hangs, it wakes, or its account answers 403."""

import signal
from pathlib import Path

import psutil

from scripts.embedded import object_stores
from scripts.embedded.layout import SITES
from scripts.embedded.links import Order, read_orders, write_orders
from scripts.embedded.remembered import recall
from scripts.embedded.supervisor import Program, Started, Supervisor
from scripts.runbook.errors import AlreadyDead, NoLinks, NothingRunning, UnknownSite

# The process that stands on a closed account's port.
CLOSED = "closed-account"


def alive(folder: Path, site: str) -> Supervisor:
    """Return the supervisor of a folder in which a site lives. Raises UnknownSite, NothingRunning or AlreadyDead."""
    if site not in SITES:
        raise UnknownSite(site, SITES)
    supervisor = Supervisor.load(folder)
    if not any(supervisor.alive(one) for one in SITES):
        raise NothingRunning(folder)
    if not supervisor.alive(site):
        raise AlreadyDead(site)
    return supervisor


def pause(folder: Path, site: str) -> int:
    """Stop every process of a site where it stands (SIGSTOP): it accepts connections and answers nothing."""
    return _signal_all(alive(folder, site).alive(site), signal.SIGSTOP)


def resume(folder: Path, site: str) -> int:
    """Let a paused site go on; returns how many processes there are."""
    return _signal_all(alive(folder, site).alive(site), signal.SIGCONT)


def refuse(folder: Path, site: str) -> str:
    """Close a site's storage account: its object store goes, and 403 answers on its port; returns its address."""
    supervisor = alive(folder, site)
    port = recall(folder).ports[site].store
    process = object_stores.refusing_process(folder / "sites" / site / "refusing", port)
    object_stores.prepare(process)
    supervisor.kill(site, process.name)
    started = supervisor.start(Program(site, CLOSED, process.argv, process.environment))
    supervisor.wait_healthy(started, process.health_url)
    return process.health_url


def cut(folder: Path, site: str) -> None:
    """Cut a site's links: nobody else reaches its database or its store, and nobody is told. Raises NoLinks."""
    _order(folder, site, "cut")


def lie(folder: Path, site: str) -> None:
    """Let a site's store do what others ask of it and answer 503. Raises NoLinks."""
    _order(folder, site, "lie")


def mend(folder: Path, site: str) -> None:
    """Let everything pass again on the way to a site. Raises NoLinks."""
    _order(folder, site, "open")


def _order(folder: Path, site: str, order: Order) -> None:
    alive(folder, site)
    layout = recall(folder)
    if not layout.links:
        raise NoLinks()
    write_orders(layout.link_orders, {**read_orders(layout.link_orders), site: order})


def reopen(supervisor: Supervisor, site: str) -> None:
    """End what answers 403 for a site's store, if anything does; `local start` then starts the store itself again."""
    supervisor.kill(site, CLOSED)


def _signal_all(started: list[Started], which: signal.Signals) -> int:
    """Signal processes and all that descend from them. A site is stopped from the parents down, so none starts another."""
    count = 0
    for one in started:
        root = one.find()
        for process in (root, *root.children(recursive=True)) if root else ():
            try:
                process.send_signal(which)
                count += 1
            except psutil.NoSuchProcess:
                continue
    return count
