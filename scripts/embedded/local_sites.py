"""Three whole sites on this machine: started from nothing to a URL that takes writes."""

import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.embedded import programs
from scripts.embedded.layout import SITES, Layout, LocalSettings, decide, write_platform
from scripts.embedded.other_dns import DnsSoftware, find_software
from scripts.embedded.postgres_binaries import find_postgres
from scripts.embedded.remembered import remember
from scripts.embedded.starter import Starter, all_done
from scripts.embedded.supervisor import NEUTRAL, Supervisor
from scripts.runbook.errors import LeftoverSites, UsageError

Say = Callable[[str], None]


@dataclass(frozen=True)
class LocalSites:
    """Three running sites."""

    layout: Layout
    supervisor: Supervisor
    cold_start_seconds: float

    def summary(self) -> dict[str, object]:
        """Return what `lifeboat local up --json` prints."""
        layout = self.layout
        described = {
            site: {"app_url": layout.app_url(site), "database_url": programs.app(layout, site).environment["DATABASE_URL"],
                   "media_url": layout.store_url(site, "media"), "control_url": layout.store_url(site, "lease")}
            for site in SITES
        }  # fmt: skip
        url = f"http://social.localhost:{layout.settings.edge_port}"
        return {"url": url, "primary": layout.settings.primary, "sites": described}


def up(settings: LocalSettings, say: Say) -> LocalSites:
    """Start three sites and return when the app's address takes writes.

    Raises LeftoverSites, PortBusy, PostgresNotFound, ProcessDied; whatever was started by then is ended again.
    """
    began = time.monotonic()
    supervisor = Supervisor.load(settings.folder)
    _refuse_leftovers(settings, supervisor)
    layout = decide(settings, find_postgres(settings.pg_bin))
    _make(settings.folder)
    starter = Starter(layout, supervisor)
    try:
        _start_everything(layout, starter, say)
    except BaseException:
        # Ctrl-C may come while a thread is being made, which then belongs to no pool and is waited for by nobody.
        starter.give_up()
        raise
    return LocalSites(layout, supervisor, round(time.monotonic() - began, 2))


def down(settings: LocalSettings) -> int:
    """End every process of the folder and remove its data; returns how many processes there were.

    Raises UsageError for a folder that no local sites were started in: it is somebody's own.
    """
    if not settings.folder.exists():
        return 0
    if not any((settings.folder / name).is_file() for name in ("processes.json", "platform.json")):
        raise UsageError(
            f"{settings.folder} holds no local sites, so nothing in it was touched: name their folder with --dir"
        )
    ended = Supervisor.load(settings.folder).stop()
    shutil.rmtree(settings.folder)
    return ended


def wipe(folder: Path, site: str) -> None:
    """Remove a dead site's data: its database, its objects, everything."""
    shutil.rmtree(folder / "sites" / site)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise UsageError(f"{folder} cannot be made ({reason.strerror}): name another folder with --dir") from reason


def _refuse_leftovers(settings: LocalSettings, supervisor: Supervisor) -> None:
    if settings.folder.exists() and not settings.folder.is_dir():
        raise UsageError(f"{settings.folder} is no folder: name another one with --dir")
    alive = sum(len(supervisor.alive(group)) for group in (*SITES, NEUTRAL))
    if alive or (settings.folder.exists() and any(settings.folder.iterdir())):
        raise LeftoverSites(settings.folder, alive)


def _start_everything(layout: Layout, starter: Starter, say: Say) -> None:
    software = next(iter(find_software()), None)
    layout.other_dns_name = software.name if software else "second"
    write_platform(layout)
    remember(layout)
    with ThreadPoolExecutor(max_workers=8) as pool:
        say(f"starting three databases, three object stores, DNS at two vendors ({_described(software)}) and the edge")
        # In a thread like all others: Ctrl-C reaches this one alone, so no process can be started and not be noted.
        neutral = pool.submit(starter.neutral, software)
        stores = [pool.submit(starter.store, site) for site in SITES]
        databases = [pool.submit(starter.database, site) for site in SITES]
        all_done([neutral, *databases])
        say("starting three apps, and joining the standbys to the primary")
        apps = [pool.submit(starter.app, site) for site in SITES]
        all_done(stores)
        starter.join(pool)
        say("starting three agents; the primary's takes the lease")
        agents = [pool.submit(starter.agent, site) for site in SITES]
        all_done(apps + agents)
    starter.wait_for_the_first_write()


def _described(software: DnsSoftware | None) -> str:
    return f"ours and {software.name}" if software else "ours twice: neither knot nor bind9 is installed"
