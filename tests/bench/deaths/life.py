"""One life of three sites: they go through deaths until one cannot be judged, and what came of each is written down."""

import json
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import psycopg

from scripts.embedded.layout import SITES
from scripts.runbook.errors import LifeboatError
from tests.bench.deaths.death import AGENT_DIES, Death, die, to_json
from tests.bench.deaths.invariants import Whispers
from tests.bench.deaths.looking import look_for_everything
from tests.bench.deaths.platform_under_test import DidNotComeBack, PlatformUnderTest, platform_under_test
from tests.bench.records import RUNS, RunFile
from tests.conftest import free_port
from tests.history.people import RecordedWriters

Role = Literal["primary", "standby", "any"]
TROUBLES = (
    DidNotComeBack, LifeboatError, httpx.HTTPError, psycopg.Error, TimeoutError, OSError, subprocess.SubprocessError,
)  # fmt: skip
LOG_BYTES = 20_000


@dataclass(frozen=True)
class Wanted:
    """Which deaths a life goes through: `count` at most, none begun after `until` on the monotonic clock.

    `in_turn`: the ways are taken one after the other, and not at random. `agent_dies`: in how many of the commands (0 to
    1) the agent that carries it out is killed as well.
    """

    count: int
    until: float
    ways: Sequence[str]
    role: Role = "any"
    in_turn: bool = False
    agent_dies: float = AGENT_DIES

    def way(self, number: int) -> str:
        return self.ways[number % len(self.ways)] if self.in_turn else random.choice(self.ways)


def live(folder: Path, wanted: Wanted, file: RunFile) -> int:
    """Go through deaths on one set of sites, and return how many; fewer than wanted when one could not be judged."""
    survivors: list[tuple[Death, RecordedWriters]] = []
    gone_through = 0
    with platform_under_test(folder, free_port()) as platform:
        whispers = Whispers(platform)
        while gone_through < wanted.count and time.monotonic() < wanted.until:
            survivor = _one_death(platform, whispers, wanted.way(gone_through), wanted, file)
            gone_through += 1
            if survivor is None:
                break
            survivors.append(survivor)
            if survivor[0].did_not_come_back:
                break
        _look_again(platform, survivors, file)
    return gone_through


def _one_death(
    platform: PlatformUnderTest, whispers: Whispers, way: str, wanted: Wanted, file: RunFile
) -> tuple[Death, RecordedWriters] | None:
    """Go through one death and write it down; None for one that could not be judged."""
    site = random.choice(SITES)
    try:
        site = _of_role(platform, wanted.role, site)
        announce(file, {"way": way, "site": site})
        death, people = die(platform, whispers, way, site, wanted.agent_dies)
    except TROUBLES as trouble:
        kept = keep_evidence(platform.folder, file)
        note(file, {"way": way, "site": site, "trouble": words(trouble), "refusals": platform.refusals[-3:],
                    "evidence": kept.name})  # fmt: skip
        return None
    run = to_json(death)
    if death.violations or death.lost or death.did_not_come_back:
        kept = keep_evidence(platform.folder, file)
        people.history.save(kept / "history.jsonl")
        run["evidence"] = kept.name
    note(file, run)
    return death, people


def _of_role(platform: PlatformUnderTest, role: Role, site: str) -> str:
    """Return a site of a role: the primary, a random standby, or the site itself where any will do."""
    if role == "any":
        return site
    holder = platform.holder()
    return holder if role == "primary" else random.choice([one for one in SITES if one != holder])


def _look_again(platform: PlatformUnderTest, survivors: list[tuple[Death, RecordedWriters]], file: RunFile) -> None:
    """At the end of a platform's life: look again for everything of every earlier death, and verify every journal."""
    lost = missing = 0
    announce(file, {"look": "again"})
    try:
        platform.wait_for_writes(20)
        for death, people in survivors:
            look_for_everything(platform, people, death)
            lost, missing = lost + death.lost, missing + death.pictures_missing
        verified = platform.lifeboat("journal").returncode == 0 if _has_journals(platform) else True
    except TROUBLES as trouble:
        note(file, {"look": "again", "trouble": words(trouble)})
        return
    said = list(Whispers(platform).faults())
    note(file, {"look": "again", "deaths": len(survivors), "lost": lost, "pictures_missing": missing,
                "journals_verified": verified, "secrets_said": said})  # fmt: skip


def _has_journals(platform: PlatformUnderTest) -> bool:
    return any(platform.reach.platform.journals.glob("*.jsonl"))


def announce(file: RunFile, what: dict[str, Any]) -> None:
    """Leave word of what begins now, for whoever finds that it does not end."""
    under_way(file).write_text(json.dumps({**what, "began": time.time()}))


def under_way(file: RunFile) -> Path:
    """Return the file that says what a life is in the middle of."""
    file.path.parent.mkdir(parents=True, exist_ok=True)
    return file.path.with_suffix(".now")


def keep_evidence(folder: Path, file: RunFile) -> Path:
    """Keep the ends of all logs, and all journals, and return where: the sites are started anew."""
    kept = (RUNS if file.kept else file.path.parent) / f"deaths-evidence-{time.time():.0f}"
    kept.mkdir(parents=True, exist_ok=True)
    for log in (folder / "logs").glob("*"):
        (kept / log.name).write_bytes(log.read_bytes()[-LOG_BYTES:])
    shutil.copytree(folder / "journal", kept / "journal", dirs_exist_ok=True) if (folder / "journal").exists() else None
    return kept


def words(trouble: BaseException) -> str:
    """Return what went wrong, with names of files and without where they lie: it is kept as evidence."""
    said = re.sub(r"(?:/[\w.@+-]+)+/", "", " ".join(str(trouble).split()))
    return f"{type(trouble).__name__}: {said[:400]}"


def note(file: RunFile, run: dict[str, Any], say: Callable[[str], None] = print) -> None:
    file.add(run)
    say(str({name: value for name, value in run.items() if value not in ([], "", 0, None)}))
