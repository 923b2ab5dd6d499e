"""After a death: everything is read at the primary, and what contradicts what people were told is counted."""

import asyncio
import hashlib
from typing import Protocol

import httpx

from scripts.runbook import outside
from tests.bench.deaths.platform_under_test import PlatformUnderTest
from tests.history.checker import broken_promises, check
from tests.history.operations import History
from tests.history.people import RecordedWriters, read_everything


class Found(Protocol):
    """Where the counts go."""

    epoch: int
    acknowledged: int
    lost: int
    unknown: int
    unconfirmed: int
    overlaps: int
    pictures: int
    pictures_missing: int
    violations: list[str]


def look_for_everything(platform: PlatformUnderTest, people: RecordedWriters, death: Found) -> None:
    """Read everything at the primary, and count what contradicts what people were told."""
    holder = platform.holder()
    app = platform.layout.app_url(holder)
    asyncio.run(read_everything(app, people))
    history = people.history
    broken = broken_promises(history)
    death.epoch = max((sight.epoch for sight in history.sights), default=0)
    death.acknowledged, death.unknown = len(history.acknowledged), len(history.unknown)
    death.lost = sum(violation.kind in ("lost", "came back") for violation in broken)
    death.unconfirmed = len(check(history)) - len(broken)
    death.overlaps = _overlaps(history)
    death.violations += [f"{violation.kind}: {violation.sentence}" for violation in broken]
    if (served := outside.readiness(platform.url).get("site")) != holder:
        death.violations.append(f"the app's address leads to {served or 'nobody'}, and {holder} is the primary")
    removed = {remove.element for remove in history.removes}
    shown = [add.element for add in history.acknowledged if add.element not in removed]
    wanted = [people.pictures[element] for element in shown if element in people.pictures]
    death.pictures = len(wanted)
    death.pictures_missing = asyncio.run(_missing(app, wanted))


def _overlaps(history: History) -> int:
    """Count the posts that a site acknowledged, though sent after another site had acknowledged one before.

    A death has one move at most, so a site that is left never acknowledges again.
    """
    left: set[str] = set()
    count, last, reached = 0, "", 0.0
    for add in sorted(history.acknowledged, key=lambda one: one.end):
        if add.site != last and add.site not in left:
            left, last, reached = left | {last}, add.site, add.end
        elif add.site != last and add.start > reached:
            count += 1
    return count


async def _missing(app: str, paths: list[str]) -> int:
    """Count the pictures that a site does not give back as they were."""
    async with httpx.AsyncClient(base_url=app, timeout=10, trust_env=False) as client:
        answers = [await client.get(path) for path in paths]
    whole = [
        answer.status_code == 200 and hashlib.sha256(answer.content).hexdigest() in path
        for path, answer in zip(paths, answers, strict=True)
    ]
    return whole.count(False)
