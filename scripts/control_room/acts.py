"""What a person can do from the page: the same plans, refusals and requests as the command line, and nothing more."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scripts import drill
from scripts.console import Console
from scripts.embedded import coming_back, harm
from scripts.local import kill_site
from scripts.runbook import asking, event_loop, operator_keys, requests, sites
from scripts.runbook.asking import Follower, Preflight
from scripts.runbook.errors import PlanChanged, UsageError
from scripts.runbook.failover import Reach
from scripts.runbook.requests import Wish
from scripts.runbook.verbs import VERBS

DRILLS = {"rehearse": "Rehearse, and change nothing", "in-place": "Go once around, for real"}

HARMS = {
    "kill": "End it at once",
    "kill-wipe": "End it and its data",
    "pause": "Let it hang",
    "resume": "Let it go on",
    "cut": "Cut it off from the others",
    "mend": "Mend its links",
    "refuse": "Its buckets answer 403",
    "start": "Start it again",
}


@dataclass(frozen=True)
class Shown:
    """A plan as it is shown: its rows, its steps, and the hash by which the act will know it again."""

    wish: Wish
    rows: Mapping[str, object]
    steps: tuple[str, ...]
    plan_hash: str


@dataclass(frozen=True)
class Acts:
    """The acts of one platform's folder, by the operator whose key lies there; `operator`: which, where several do."""

    folder: Path
    operator: str | None = None

    def plan(self, wish: Wish) -> Shown:
        """Plan what the command would plan. Raises UsageError for an unknown verb, and whatever the planner refuses by."""
        with event_loop.opened() as loop:
            found = self._preflight(wish, loop)[1]
        if found.plan is None:
            raise UsageError(f"{wish.to} is at it already: {found.running.runbook if found.running else wish.verb}")
        steps = tuple(step.title for step in VERBS[wish.verb].steps)
        return Shown(wish, found.plan.rows(), steps, requests.hash_of_plan(found.plan.to_body()))

    def act(self, wish: Wish, plan_hash: str) -> str:
        """Ask for the plan that was shown, and follow it to its end. Raises PlanChanged when it is another one by now."""
        with event_loop.opened() as loop:
            reach, found = self._preflight(wish, loop)
            if found.plan is None or requests.hash_of_plan(found.plan.to_body()) != plan_hash:
                raise PlanChanged(wish.verb)
            signer = operator_keys.signer_here(reach.platform, self.operator)
            asked = asking.ask(reach, signer, found)
            records = Follower.open(reach, wish.to, asked.nonce, lambda _: None, lambda _: None).to_the_end(
                until=asked.expires
            )
        took = records[-1].end - records[0].start if records else 0.0
        return f"{wish.verb} {wish.to} is done: {len(records)} steps in {took:.1f} s."

    def drill(self, kind: str) -> str:
        """Rehearse every move, or go once around for real, as `lifeboat drill` does; the report is kept as it keeps it."""
        if kind not in DRILLS:
            raise UsageError(f"there is no drill called {kind[:40]}: choose one of {', '.join(DRILLS)}")
        console = Console(self.folder)
        report = drill.rehearsal(console) if kind == "rehearse" else drill.once_around(console)
        shown = drill.keep(report, self.folder)
        left_out = next(
            (f" {move.verb} {move.to} was not possible: {move.left_out}" for move in report.moves if move.left_out), ""
        )
        done = f"{len(report.moves)} moves, {report.acknowledged} writes acknowledged, {report.lost} lost."
        return f"{done}{left_out} The report is at {shown}."

    def harm(self, name: str, site: str) -> str:
        """Harm a local site, or bring it back. Raises UsageError, UnknownSite, NothingRunning or AlreadyDead."""
        if name not in HARMS:
            raise UsageError(f"there is no way to harm a site called {name[:40]}: choose one of {', '.join(HARMS)}")
        return _HARM[name](self.folder, site)

    def _preflight(self, wish: Wish, loop: asyncio.Runner) -> tuple[Reach, Preflight]:
        if wish.verb not in VERBS:
            raise UsageError(f"there is no verb {wish.verb[:40]}: choose one of {', '.join(VERBS)}")
        platform = sites.load(self.folder)
        platform.known(wish.to)
        reach = Reach.open(platform, "operator", loop)
        return reach, asking.preflight(reach, wish)


def _kill(folder: Path, site: str, *, wipe: bool = False) -> str:
    return f"{site} is gone{' with its data' if wipe else ''}: {kill_site(folder, site, wipe=wipe)} processes ended at once."


def _pause(folder: Path, site: str) -> str:
    return f"{site} hangs: {harm.pause(folder, site)} processes were stopped where they stood."


def _resume(folder: Path, site: str) -> str:
    return f"{site} goes on: {harm.resume(folder, site)} processes."


def _cut(folder: Path, site: str) -> str:
    harm.cut(folder, site)
    return f"{site} is cut off: nobody else reaches its database or its store."


def _mend(folder: Path, site: str) -> str:
    harm.mend(folder, site)
    return f"{site} can be reached again."


def _refuse(folder: Path, site: str) -> str:
    return f"{site}'s buckets answer 403 from now on ({harm.refuse(folder, site)})."


def _start(folder: Path, site: str) -> str:
    return f"{site} is {coming_back.start(folder, site, lambda _: None).standing}."


_HARM: dict[str, Callable[[Path, str], str]] = {
    "kill": _kill, "kill-wipe": partial(_kill, wipe=True), "pause": _pause, "resume": _resume, "cut": _cut, "mend": _mend,
    "refuse": _refuse, "start": _start,
}  # fmt: skip
