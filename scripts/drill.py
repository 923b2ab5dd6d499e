"""`lifeboat drill`: prove that a move works, by rehearsing it without effect or by making it in place, and write down how long it took."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from scripts import drill_page, failover
from scripts.console import Console
from scripts.drill_report import DrilledMove, DrillReport
from scripts.embedded.writers import Ledger, people_posting, read_back
from scripts.runbook import event_loop, sites
from scripts.runbook.errors import DrillFailed, LifeboatError, RegisterUnreachable, UsageError
from scripts.runbook.failover import Reach, gather_facts
from scripts.runbook.lag_sampler import LagSampler
from scripts.runbook.plan import Facts
from scripts.runbook.requests import Wish
from scripts.runbook.sites import Platform
from scripts.runbook.verbs import VERBS

WRITERS, PAUSE_SECONDS = 4, 0.05
# After a move people post for so long before the next one; before it, each standby must be in step again.
SECONDS_BETWEEN = 3.0
IN_STEP_SECONDS = 60.0


def command(
    context: typer.Context,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="All checks and plans, and no effect.")] = False,
    in_place: Annotated[bool, typer.Option("--in-place", help="Move the running platform once around.")] = False,
    skip: Annotated[list[str] | None, typer.Option("--skip", help="A step to leave out, by its name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Prove that every standby could take over: --rehearse changes nothing, --in-place moves the platform around."""
    console: Console = context.obj
    if rehearse == in_place:
        raise UsageError(
            "Say --rehearse or --in-place: the first changes nothing, the second moves the platform around."
        )
    report = rehearsal(console) if rehearse else once_around(console, tuple(skip or ()))
    shown = keep(report, console.folder)
    if as_json:
        console.print_json(report.to_json())
    else:
        console.tell(report.to_text())
        console.tell(f"The report is at {shown}, beside it as JSON and as text.")
    if report.lost:
        raise DrillFailed(f"{report.lost} acknowledged posts or pictures are lost: this is a defect, please report it.")
    if failed := [move for move in report.moves if move.left_out]:
        raise DrillFailed(f"{failed[0].verb} to {failed[0].to} was not possible: {failed[0].left_out}")


def keep(report: DrillReport, folder: Path) -> Path:
    """Write a drill's report as JSON, as text and as a page that needs no network; returns the page's path."""
    written = report.write(folder / "drills")
    return drill_page.write(report, written.with_suffix(".html"))


def rehearsal(console: Console) -> DrillReport:
    """Let the agent of every standby plan a failover to itself and look at all it would need."""
    platform, facts, began = *_look(console.folder), time.time()
    moves = [_attempted(console, Wish("rehearse", site)) for site in platform.others(_holder(facts))]
    skipped = tuple(step.name for step in VERBS["failover"].steps)
    return DrillReport(
        "rehearsal",
        platform.cluster,
        began,
        time.time(),
        tuple(moves),
        skipped_steps=skipped,
        versions=_versions(facts),
    )


def _attempted(console: Console, wish: Wish) -> DrilledMove:
    began = time.monotonic()
    console.say(f"{wish.verb} {wish.to}")
    try:
        return DrilledMove.of(wish.verb, wish.to, failover.say_the_word(console, wish), time.monotonic() - began)
    except LifeboatError as refused:
        return DrilledMove(wish.verb, wish.to, left_out=str(refused))


def once_around(console: Console, skips: tuple[str, ...] = ()) -> DrillReport:
    """Go once around the sites under load: failover, rejoin, failover, rejoin, and home by switchover."""
    platform, facts, began = *_look(console.folder), time.time()
    home = _holder(facts)
    first, second = platform.others(home)
    route = (Wish("failover", first, skips=skips), Wish("rejoin", home), Wish("failover", second, skips=skips),
             Wish("rejoin", first), Wish("switchover", home, skips=skips))  # fmt: skip
    moves: list[DrilledMove] = []
    console.say(f"{WRITERS} people post through {platform.outside_url}")
    clock = time.time() - time.monotonic()
    with (
        people_posting(platform.outside_url, WRITERS, PAUSE_SECONDS) as people,
        LagSampler(platform) as lag,
    ):
        for wish in route:
            _until_in_step(console.folder, wish)
            moves.append(_moved(console, wish, people.ledger))
            if moves[-1].left_out:
                break
    console.say(f"reading back {len(people.ledger.posts)} posts and {len(people.ledger.pictures)} pictures")
    back = event_loop.run(read_back(platform.outside_url, people.ledger))
    return DrillReport(
        "in-place", platform.cluster, began, time.time(), tuple(moves), len(people.ledger.posts),
        people.ledger.unknown, len(back.lost_posts) + len(back.lost_pictures), skips,
        answers=tuple((round(clock + post.at - began, 3), round(post.took, 3)) for post in people.ledger.posts),
        lags=tuple((round(at - began, 3), site, behind) for at, site, behind in lag.samples), versions=_versions(facts),
    )  # fmt: skip


def _versions(facts: Facts) -> dict[str, str]:
    """Return what each site said that it runs."""
    said = {site: status.health.versions for site, status in facts.statuses.items() if status.health}
    return {site: ", ".join(f"{name} {value}" for name, value in versions.items()) for site, versions in said.items()}


def _moved(console: Console, wish: Wish, ledger: Ledger) -> DrilledMove:
    """Make one move under load, and measure how long nobody was told that a post is saved."""
    if wish.verb not in VERBS:
        return DrilledMove(wish.verb, wish.to, left_out=f"this version knows no {wish.verb}")
    console.say(f"{wish.verb} {wish.to}")
    moment = time.monotonic()
    try:
        done = failover.say_the_word(console, wish)
    except LifeboatError as refused:
        return DrilledMove(wish.verb, wish.to, left_out=str(refused))
    took = time.monotonic() - moment
    time.sleep(SECONDS_BETWEEN)
    gap = ledger.silence_after(moment) if wish.verb in ("failover", "switchover") else None
    return DrilledMove.of(wish.verb, wish.to, done, took, gap)


def _until_in_step(folder: Path, wish: Wish) -> None:
    """Wait until a move that needs the standbys has them; one that does not come is named by the move itself."""
    if wish.verb == "rejoin":
        return
    _wait(lambda: _is_in_step(folder, wish.to), IN_STEP_SECONDS)


def _is_in_step(folder: Path, to: str) -> bool:
    platform, facts = _look(folder)
    holder = _holder(facts)
    standbys = [site for site in platform.others(holder) if facts.answers(site)]
    return to in standbys and all(facts.statuses[site].following == holder for site in standbys)


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)


def _look(folder: Path) -> tuple[Platform, Facts]:
    platform = sites.load(folder)
    with event_loop.opened() as loop:
        return platform, gather_facts(Reach.open(platform, "operator", loop))


def _holder(facts: Facts) -> str:
    if facts.record is None:
        raise RegisterUnreachable(tuple(facts.statuses))
    return facts.record.holder
