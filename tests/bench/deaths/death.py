"""One death: people post, a site dies in some way, an operator does what has to be done, and everything is looked for."""

import random
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from scripts.embedded.layout import SITES
from tests.bench.deaths import invariants
from tests.bench.deaths.invariants import Whispers
from tests.bench.deaths.looking import look_for_everything
from tests.bench.deaths.platform_under_test import DidNotComeBack, PlatformUnderTest
from tests.bench.deaths.watching import Published, watched
from tests.bench.deaths.ways import WAYS
from tests.history.operations import Add, History, TakeOver
from tests.history.people import RecordedWriters, posting

PEOPLE = 4
SECONDS_BEFORE, SECONDS_AFTER = (0.3, 2.0), 1.0
# A standby that is gone for more than 5 s leaves the rule.
SECONDS_OF_DEATH = (0.5, 8.0)
# Of the commands that an agent carries out, in how many that agent is killed as well, at a random moment.
AGENT_DIES = 0.3


@dataclass
class Death:
    """What one death came to; `seconds` is the longest time in which nobody was told that a post is saved.

    `agents_died`: the commands in the middle of which the agent that carried them out was killed too. `took`: how long
    each part of this death took, in seconds.
    """

    way: str
    site: str
    was_primary: bool
    epoch: int = 0
    took_over: str = ""
    seconds: float = 0.0
    acknowledged: int = 0
    lost: int = 0
    unknown: int = 0
    unconfirmed: int = 0
    overlaps: int = 0
    pictures: int = 0
    pictures_missing: int = 0
    salvaged: int = 0
    did_not_come_back: str = ""
    agents_died: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, part: str) -> Generator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self.took[part] = round(self.took.get(part, 0.0) + time.monotonic() - start, 2)


def die(
    platform: PlatformUnderTest, whispers: Whispers, way: str, site: str, agent_dies: float = AGENT_DIES
) -> tuple[Death, RecordedWriters]:
    """Let a site die in a way, and return what it came to, and the people with their history."""
    history = History()
    death = Death(way, site, was_primary=site == platform.holder())
    plagued = Plagued(platform, death, agent_dies)
    people = RecordedWriters(platform.url, PEOPLE, history, patience=30.0, pause=0.1)
    with death.timed("all"):
        with watched(platform, history) as published, _posting(death, people):
            time.sleep(random.uniform(*SECONDS_BEFORE))
            moment = time.monotonic()
            _suffer(plagued, history)
            _bring_back(plagued, history)
            time.sleep(SECONDS_AFTER)
            death.seconds = _silence(history.acknowledged, moment)
        with death.timed("looking"):
            look_for_everything(platform, people, death)
        with death.timed("invariants"):
            _check_invariants(platform, whispers, death, history, published)
    death.refusals, platform.refusals = platform.refusals, []
    return death, people


@contextmanager
def _posting(death: Death, people: RecordedWriters) -> Generator[None]:
    start = time.monotonic()
    with posting(people):
        death.took["people come"] = round(time.monotonic() - start, 2)
        yield
        start = time.monotonic()
    death.took["people go"] = round(time.monotonic() - start, 2)


@dataclass
class Plagued:
    """The sites during one death, and how often (0 to 1) the agent that carries out a command is killed in it as well."""

    platform: PlatformUnderTest
    death: Death
    agent_dies: float

    def draw(self, command: str) -> bool:
        """Draw whether the agent dies in this command, and note it."""
        dies = random.random() < self.agent_dies
        if dies:
            self.death.agents_died.append(command)
        return dies


def _suffer(plagued: Plagued, history: History) -> None:
    """Inflict the death, let another site take over where that is needed, and end it."""
    platform, death = plagued.platform, plagued.death
    way = WAYS[death.way]
    with death.timed("death"):
        way.inflict(platform.folder, death.site)
    try:
        if death.was_primary and way.takes_primary:
            with death.timed("takeover"):
                death.took_over = random.choice([other for other in SITES if other != death.site])
                _take_over(plagued, history)
        else:
            with death.timed("death"):
                time.sleep(random.uniform(*SECONDS_OF_DEATH))
    finally:
        way.end(platform.folder, death.site)


def _take_over(plagued: Plagued, history: History) -> None:
    platform, death = plagued.platform, plagued.death
    before = max((sight.epoch for sight in history.sights), default=1)
    start = time.monotonic()
    words = ("failover", "--to", death.took_over, "--yes")
    if plagued.draw("failover"):
        platform.insist_while_its_agent_dies(death.took_over, *words)
    else:
        platform.insist(*words)
    history.note(TakeOver(before + 1, death.took_over, start, time.monotonic(), "ok"))


def _bring_back(plagued: Plagued, history: History) -> None:
    """Let the site start and follow again; one that does not is said, and everything is looked for without it."""
    platform, death = plagued.platform, plagued.death
    try:
        if death.took_over:
            with death.timed("writes again"):
                platform.wait_for_writes()
        with death.timed("start"):
            platform.start(death.site)
        with death.timed("rejoin"):
            _follow_again(plagued, history)
        with death.timed("writes again"):
            platform.wait_for_writes()
    except DidNotComeBack as trouble:
        death.did_not_come_back = str(trouble)


def _follow_again(plagued: Plagued, history: History) -> None:
    platform, death = plagued.platform, plagued.death
    holder = platform.holder()
    goes_on = not death.took_over and death.way != "wiped"
    if death.site == holder or (goes_on and platform.follows(death.site, holder)):
        return
    diverged = _had_alone(platform, death.site, holder, history)
    platform.rejoin(death.site, agent_dies=plagued.draw("rejoin"))
    death.salvaged = len(diverged)
    death.violations += invariants.salvage_faults(platform, death.site, diverged)


def _had_alone(platform: PlatformUnderTest, site: str, holder: str, history: History) -> set[str]:
    """Return the posts that a site has and the primary does not, nobody having removed them."""
    alone = invariants.posts_of(platform, site) - invariants.posts_of(platform, holder)
    return alone & {add.element for add in history.adds} - {remove.element for remove in history.removes}


def _check_invariants(
    platform: PlatformUnderTest, whispers: Whispers, death: Death, history: History, published: list[Published]
) -> None:
    holder, outputs = platform.holder(), platform.reach.platform.outputs
    takeover = next((one for one in history.takeovers if one.ending == "ok"), None)
    targets = {one.edge_target for one in outputs.values()}
    death.violations += [
        *invariants.journal_faults(platform),
        *invariants.dns_faults(published, takeover, outputs[holder].edge_target, targets),
        *invariants.sequence_faults(platform, holder),
        *whispers.faults(),
    ]
    if not death.did_not_come_back:
        death.violations += invariants.unequal_sites(platform)


def _silence(acknowledged: list[Add], moment: float) -> float:
    """Return the seconds of the longest time without an answer that began or lasted after a moment."""
    times = sorted(add.end for add in acknowledged)
    times = [max([time for time in times if time <= moment], default=moment)] + [
        time for time in times if time > moment
    ]
    if len(times) < 2:
        raise DidNotComeBack("nobody was told that a post is saved after the death")
    return round(max(later - max(earlier, moment) for earlier, later in pairwise(times)), 3)


def to_json(death: Death) -> dict[str, Any]:
    """Return what is kept of a death."""
    return dict(vars(death))
