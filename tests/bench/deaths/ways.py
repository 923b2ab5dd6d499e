"""The ways to die: what each does to a site, what ends it, and what an operator has to do meanwhile."""

import signal
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from scripts.embedded import local_sites
from scripts.embedded.supervisor import Program
from tests.bench.deaths.links import Links
from tests.bench.deaths.platform_under_test import PlatformUnderTest


@dataclass(frozen=True)
class Way:
    """One way to die. `takes_primary`: a primary that dies so can write no more, so another site has to take over."""

    inflict: Callable[[PlatformUnderTest, Links, str], None]
    end: Callable[[PlatformUnderTest, Links, str], None]
    takes_primary: bool


def _whole(platform: PlatformUnderTest, links: Links, site: str) -> None:
    platform.supervisor.kill(site)


def _wiped(platform: PlatformUnderTest, links: Links, site: str) -> None:
    platform.supervisor.kill(site)
    local_sites.wipe(platform.folder, site)


def _database(platform: PlatformUnderTest, links: Links, site: str) -> None:
    platform.supervisor.kill(site, "postgres")


def _app(platform: PlatformUnderTest, links: Links, site: str) -> None:
    platform.supervisor.kill(site, "app")


def _stop(platform: PlatformUnderTest, links: Links, site: str) -> None:
    _signal(platform, site, signal.SIGSTOP)


def _continue(platform: PlatformUnderTest, links: Links, site: str) -> None:
    _signal(platform, site, signal.SIGCONT)


def _signal(platform: PlatformUnderTest, site: str, which: signal.Signals) -> None:
    for started in platform.supervisor.alive(site):
        root = started.find()
        for process in [root, *root.children(recursive=True)] if root else []:
            try:
                process.send_signal(which)
            except psutil.NoSuchProcess:
                continue


def _part(platform: PlatformUnderTest, links: Links, site: str) -> None:
    links.say(site, "cut")


def _mend(platform: PlatformUnderTest, links: Links, site: str) -> None:
    links.say(site, "mend")


def _lie(platform: PlatformUnderTest, links: Links, site: str) -> None:
    links.say(site, "lie")


def _refuse(platform: PlatformUnderTest, links: Links, site: str) -> None:
    platform.supervisor.kill(site, "objects")
    port = platform.layout.ports[site].store
    argv = (platform.python, "-m", "scripts.embedded.refusing_store", "--port", str(port))
    platform.supervisor.start(Program(site, "refusing", argv, platform.environment))


def _stop_refusing(platform: PlatformUnderTest, links: Links, site: str) -> None:
    platform.supervisor.kill(site, "refusing")


def _start_again(platform: PlatformUnderTest, links: Links, site: str) -> None:
    """Nobody takes over for an app that is gone: whoever runs the site starts it again."""
    platform.insist("local", "start", site)


def _nothing(platform: PlatformUnderTest, links: Links, site: str) -> None:
    """What is dead stays dead until the site is started again."""


WAYS = {
    "whole site": Way(_whole, _nothing, True),
    "wiped": Way(_wiped, _nothing, True),
    "database only": Way(_database, _nothing, True),
    "app only": Way(_app, _start_again, False),
    "stopped and continued": Way(_stop, _continue, True),
    "partitioned": Way(_part, _mend, True),
    "control bucket 403": Way(_refuse, _stop_refusing, False),
    "503 after success": Way(_lie, _mend, False),
}
