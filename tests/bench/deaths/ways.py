"""The ways to die: what each does to a site, what ends it, and what an operator has to do meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.embedded import harm
from scripts.local import kill_site

Act = Callable[[Path, str], object]


@dataclass(frozen=True)
class Way:
    """One way to die. `takes_primary`: a primary that dies so can write no more, so another site has to take over."""

    inflict: Act
    end: Act
    takes_primary: bool


def _wiped(folder: Path, site: str) -> None:
    kill_site(folder, site, wipe=True)


def _only(name: str) -> Act:
    """Return the act that ends one program of a site, and leaves the others alive."""
    return lambda folder, site: harm.alive(folder, site).kill(site, name)


def _nothing(folder: Path, site: str) -> None:
    """What is dead stays dead, and what refuses goes on refusing, until the site is started again."""


WAYS = {
    "whole site": Way(kill_site, _nothing, takes_primary=True),
    "wiped": Way(_wiped, _nothing, takes_primary=True),
    "database only": Way(_only("postgres"), _nothing, takes_primary=True),
    "app only": Way(_only("app"), _nothing, takes_primary=False),
    "agent only": Way(_only("agent"), _nothing, takes_primary=True),
    "stopped and continued": Way(harm.pause, harm.resume, takes_primary=True),
    "partitioned": Way(harm.cut, harm.mend, takes_primary=True),
    "control bucket 403": Way(harm.refuse, _nothing, takes_primary=False),
    "503 after success": Way(harm.lie, harm.mend, takes_primary=False),
}
