"""`python -m tests.bench.deaths [--n 10] [--write]`: deaths under load, and whether anything acknowledged was lost.

--n counts all runs so far: 1,000 add up over as many starts as it takes. Sites live on from death to death: what died is
started again, follows again, and may be the next primary. --write makes docs/evidence/deaths.md of all of them.
It may be ended and started again at any time: the deaths that were written down count, and leftover sites are ended.
"""

import argparse
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from scripts.embedded import local_sites
from scripts.embedded.layout import LocalSettings
from scripts.embedded.supervisor import Supervisor
from tests.bench.deaths.life import Wanted, keep_evidence, live, note, under_way
from tests.bench.deaths.report import report, summary
from tests.bench.deaths.ways import WAYS
from tests.bench.records import EVIDENCE, ROOT, RunFile

DEATHS = RunFile.of("deaths")
# What takes longer than this hangs, and cannot be judged any more.
DEADLINE_SECONDS = 400.0
LOOK_SECONDS = 1.0


def _folder() -> Path:
    """Return where the sites of this clone live: the next start finds what an earlier one could not end."""
    clone = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"lifeboat-deaths-{os.getuid()}-{clone}" / "local"


def live_and_die(options: argparse.Namespace) -> None:
    """Start one life after the other, each in a process of its own, until there are so many deaths."""
    until = time.monotonic() + options.seconds
    folder = _folder()
    folder.parent.mkdir(mode=0o755, exist_ok=True)
    while (left := options.n - _deaths()) > 0 and time.monotonic() < until:
        _end_leftovers(folder)
        argv = [sys.executable, "-m", "tests.bench.deaths", "--one-life", "--n", str(min(left, options.life)),
                "--seconds", str(until - time.monotonic()), "--role", options.role, *(["--in-turn"] if options.in_turn else []),
                "--ways", *options.ways]  # fmt: skip
        with subprocess.Popen(argv, cwd=ROOT, start_new_session=True) as life:
            _note_process(life.pid)
            try:
                _watch(life, folder)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(life.pid, signal.SIGKILL)
    _end_leftovers(folder)


def _watch(life: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Wait until a life has ended; one in which nothing has ended for too long is noted as such and ended."""
    noted, since, before = _size(), time.monotonic(), time.monotonic()
    while life.poll() is None:
        time.sleep(LOOK_SECONDS)
        if _size() != noted:
            noted, since = _size(), time.monotonic()
        if time.monotonic() - since > DEADLINE_SECONDS:
            _note_trouble(folder, f"it had no end after {DEADLINE_SECONDS:g} s")
            return
    if life.returncode:
        _note_trouble(folder, f"the bench itself ended with {life.returncode} after {time.monotonic() - before:.0f} s")


def _note_trouble(folder: Path, words: str) -> None:
    now = under_way(DEATHS)
    what = json.loads(now.read_text()) if now.exists() else {}
    what.pop("began", None)
    note(DEATHS, {**what, "trouble": words, "evidence": keep_evidence(folder, DEATHS).name})
    now.unlink(missing_ok=True)


def _end_leftovers(folder: Path) -> None:
    """End the life that an earlier start of this bench left behind, and its sites."""
    path = _process_file()
    if path.exists():
        known = json.loads(path.read_text())
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if abs(psutil.Process(known["pid"]).create_time() - known["created"]) < 1:
                os.killpg(known["pid"], signal.SIGKILL)
        path.unlink()
    if any(one.find() for one in Supervisor.load(folder).started) or (folder.exists() and any(folder.iterdir())):
        local_sites.down(LocalSettings(folder))


def _note_process(pid: int) -> None:
    path = _process_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"pid": pid, "created": psutil.Process(pid).create_time()}))


def _process_file() -> Path:
    return DEATHS.path.with_suffix(".pid")


def _size() -> int:
    return DEATHS.path.stat().st_size if DEATHS.path.exists() else 0


def _deaths() -> int:
    return sum("way" in run for run in DEATHS.read())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.deaths", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--n", type=int, default=10, help="how many deaths there shall be in all, earlier runs included"
    )
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no death after so many seconds")
    parser.add_argument("--ways", "--way", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--role", choices=("any", "primary", "standby"), default="any", help="who dies")
    parser.add_argument("--in-turn", action="store_true", help="one way after the other, not at random")
    parser.add_argument("--life", type=int, default=50, help="how many deaths one set of sites goes through")
    parser.add_argument("--one-life", action="store_true", help="go through --n more on one set of sites, here")
    parser.add_argument("--write", action="store_true", help="write docs/evidence/deaths.md")
    return parser.parse_args()


def main() -> None:
    """Go on until there are so many deaths, and print what they came to."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    options = _options()
    if options.one_life:
        wanted = Wanted(options.n, time.monotonic() + options.seconds, options.ways, options.role, options.in_turn)
        live(_folder(), wanted, DEATHS)
        return
    live_and_die(options)
    runs = DEATHS.keep() if options.write else DEATHS.read()
    print(summary(runs))
    if options.write:
        (EVIDENCE / "deaths.md").write_text(report(runs))
    sys.exit(1 if any(run.get("lost") or run.get("violations") for run in runs) else 0)


if __name__ == "__main__":
    main()
