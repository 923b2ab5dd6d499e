"""`lifeboat demo`: three clouds, people posting, one cloud ends, and everything that was acknowledged is still there."""

import contextlib
import os
import random
import sys
import time
import webbrowser
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts import failover
from scripts.console import Console, two_columns
from scripts.embedded import local_sites
from scripts.embedded.layout import SITES, LocalSettings
from scripts.embedded.local_sites import LocalSites
from scripts.embedded.writers import Ledger, ReadBack, people_posting, read_back
from scripts.room import Room
from scripts.runbook import event_loop, outside, sites
from scripts.runbook.errors import DemoLost, UsageError
from scripts.runbook.journal import Record
from scripts.runbook.requests import Wish

# The exit code of a command that Ctrl-C ended before it was done.
INTERRUPTED = 130
WRITERS = 8
# The moment of the death is drawn from one whole renewal of the lease, so that no phase of it is favoured.
SECONDS_BEFORE, SECONDS_AFTER = (4.0, 9.0), 3.0
# A site counts as gone after this many probes of its address in a row found nobody who takes writes.
PROBES, PROBE_SECONDS = 3, 0.05


@dataclass(frozen=True)
class Outcome:
    """What one demo showed; `seconds_without_writes` runs from the kill to the first answer after the silence."""

    killed: str
    primary: str
    epoch: int
    ledger: Ledger
    back: ReadBack
    seconds_without_writes: float
    cold_start_seconds: float
    records: list[Record]
    memory_mib: float

    def to_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        return {
            "killed": self.killed, "primary": self.primary, "epoch": self.epoch, "acked": len(self.ledger.posts),
            "lost": len(self.back.lost_posts), "unknown": self.ledger.unknown, "images_acked": len(self.ledger.pictures),
            "images_lost": len(self.back.lost_pictures), "rto_seconds": self.seconds_without_writes,
            "cold_start_seconds": self.cold_start_seconds, "memory_mib": self.memory_mib,
            "steps": {record.step: round(record.end - record.start, 3) for record in self.records},
        }  # fmt: skip

    def to_rows(self) -> dict[str, object]:
        steps = "\n".join(f"{record.end - record.start:6.2f} s  {record.step}" for record in self.records)
        return {
            "killed": self.killed, "new primary": f"{self.primary} (epoch {self.epoch})",
            "acknowledged": f"{len(self.ledger.posts)} posts, {len(self.ledger.pictures)} pictures",
            "lost": f"{len(self.back.lost_posts)} posts, {len(self.back.lost_pictures)} pictures",
            "unknown": f"{self.ledger.unknown} (never answered)", "seconds without writes": self.seconds_without_writes,
            "cold start": f"{self.cold_start_seconds} s",
            "memory before the kill": f"{self.memory_mib:.0f} MiB for three sites", "steps": steps,
        }  # fmt: skip


def command(
    context: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="Unattended: a cloud is ended by itself, then everything.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --once: print one JSON object as the last line.")
    ] = False,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where the browser finds the app.")] = 8080,
    room_port: Annotated[
        int, typer.Option("--room-port", min=1, max=65535, help="Where the browser finds the control room.")
    ] = 8090,
    pg_bin: Annotated[
        Path | None, typer.Option("--pg-bin", help="The folder of another PostgreSQL's programs.")
    ] = None,
) -> None:
    """Start three clouds on this machine, and end one: by hand in the browser, or with --once unattended."""
    console: Console = context.obj
    settings = LocalSettings(console.folder, edge_port=port, pg_bin=pg_bin, links=not once)
    if once:
        _unattended(settings, console, as_json)
    elif as_json:
        raise UsageError("--json counts what was lost, so it goes with --once.")
    else:
        _by_hand(settings, console, room_port)


def _by_hand(settings: LocalSettings, console: Console, room_port: int) -> None:
    """Start the sites and the control room, and leave the rest to whoever opens it, until Ctrl-C."""
    # Ctrl-C ends the wait and then everything; during the start it ends what was started by then.
    with contextlib.suppress(KeyboardInterrupt), _running(settings, console):
        opened = Room.open(sites.load(settings.folder), room_port)
        console.tell(f"The control room opens once at {opened.link}")
        console.tell("There: let people post, end aws, fail over to gcp, read everything back. Ctrl-C ends everything.")
        if _has_desktop():
            webbrowser.open(opened.link)
        opened.serve()


def _has_desktop() -> bool:
    """Say whether there is a screen on which a browser could open."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _unattended(settings: LocalSettings, console: Console, as_json: bool) -> None:
    outcome = None
    try:
        with _running(settings, console) as running:
            outcome = show_a_death(running, console)
            _report(outcome, console, as_json)
    except KeyboardInterrupt:
        console.say("ended")
    if outcome is None:
        raise typer.Exit(INTERRUPTED)
    if outcome.back.lost_posts or outcome.back.lost_pictures:
        raise DemoLost(len(outcome.back.lost_posts), len(outcome.back.lost_pictures))


def show_a_death(running: LocalSites, console: Console, to: str | None = None) -> Outcome:
    """Let people post, end the primary's whole site, fail over, and read back everything that was acknowledged."""
    killed = running.layout.settings.primary
    new = to or next(site for site in SITES if site != killed)
    address = f"http://127.0.0.1:{running.layout.settings.edge_port}"
    console.say(f"{WRITERS} people sign up and post, each with a picture")
    with people_posting(address, WRITERS) as people:
        time.sleep(random.uniform(*SECONDS_BEFORE))  # noqa: S311  (no secret depends on it)  # nosec B311
        memory = round(sum(running.supervisor.memory_mib().values()), 1)
        console.say(f"ending {killed}: every process, at once")
        moment = time.monotonic()
        running.supervisor.kill(killed)
        _notice_death(address)
        console.say(f"nobody answers; failing over to {new}")
        records = failover.say_the_word(console, Wish("failover", new)).records
        time.sleep(SECONDS_AFTER)
    console.say(f"reading back {len(people.ledger.posts)} posts and {len(people.ledger.pictures)} pictures from {new}")
    back = event_loop.run(read_back(running.layout.app_url(new), people.ledger))
    gap = people.ledger.silence_after(moment)
    if gap is None:
        raise DemoLost(0, 0)
    return Outcome(killed, new, records[0].epoch, people.ledger, back, gap, running.cold_start_seconds, records, memory)


def _notice_death(address: str) -> None:
    silent = 0
    while silent < PROBES:
        silent = 0 if outside.readiness(address).get("writable") else silent + 1
        time.sleep(PROBE_SECONDS)


@contextlib.contextmanager
def _running(settings: LocalSettings, console: Console) -> Generator[LocalSites]:
    running = local_sites.up(settings, console.say)
    console.tell(
        f"The app is at http://social.localhost:{settings.edge_port} (cold start {running.cold_start_seconds} s)"
    )
    try:
        yield running
    finally:
        console.say("ending every process that was started here")
        local_sites.down(settings)


def _report(outcome: Outcome, console: Console, as_json: bool) -> None:
    if as_json:
        console.print_json(outcome.to_json())
    else:
        console.show(two_columns("A whole cloud died", outcome.to_rows()))
