"""`python -m tests.bench.deaths [--n 10] [--write]`: deaths under load, and whether anything acknowledged was lost.

--n counts all runs so far: 1,000 add up over as many slices as it takes. Sites live on from death to death: what died is
started again, follows again, and may be the next primary. --write makes docs/evidence/deaths.md of all of them.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from scripts.embedded.layout import SITES
from scripts.runbook.errors import LifeboatError
from tests.bench.deaths.death import Death, die, look_for_everything, to_json
from tests.bench.deaths.links import links
from tests.bench.deaths.platform_under_test import DidNotComeBack, PlatformUnderTest, platform_under_test
from tests.bench.deaths.report import report, summary
from tests.bench.deaths.ways import WAYS
from tests.bench.records import EVIDENCE, RUNS, RunFile
from tests.conftest import free_port
from tests.history.people import RecordedWriters

DEATHS = RunFile.of("deaths")
TROUBLES = (DidNotComeBack, LifeboatError, httpx.HTTPError, TimeoutError, OSError, subprocess.SubprocessError)


def live_and_die(count: int, seconds: float, ways: list[str], file: RunFile) -> None:
    """Go through so many deaths, on one platform as long as it can be brought back; stop after so many seconds."""
    end, left = time.monotonic() + seconds, count
    while left > 0 and time.monotonic() < end:
        with (
            links() as made,
            tempfile.TemporaryDirectory(prefix="lifeboat-deaths-") as folder,
        ):
            Path(folder).chmod(0o755)
            with platform_under_test(Path(folder) / "local", free_port()) as platform:
                survivors: list[tuple[Death, RecordedWriters]] = []
                while left > 0 and time.monotonic() < end:
                    left -= 1
                    way, site = random.choice(ways), random.choice(SITES)
                    try:
                        death, people = die(platform, made, way, site)
                    except TROUBLES as trouble:
                        _note(
                            file,
                            {"way": way, "site": site, "trouble": _words(trouble), "refusals": platform.refusals[-3:]},
                        )
                        break
                    survivors.append((death, people))
                    _note(file, to_json(death))
                    if death.violations:
                        people.history.save(RUNS / f"history-{time.time():.0f}.jsonl")
                    if death.did_not_come_back:
                        break
                _look_again(platform, survivors, file)


def _look_again(platform: PlatformUnderTest, survivors: list[tuple[Death, RecordedWriters]], file: RunFile) -> None:
    """At the end of a platform's life: look again for everything of every earlier death, and for what must not be said."""
    lost = missing = 0
    try:
        platform.wait_for_writes(20)
        for death, people in survivors:
            look_for_everything(platform, people, death)
            lost, missing = lost + death.lost, missing + death.pictures_missing
    except TROUBLES as trouble:
        _note(file, {"look": "again", "trouble": _words(trouble)})
        return
    journals = platform.lifeboat("journal").returncode if any((platform.folder / "journal").glob("*.jsonl")) else 0
    said = _secrets_said(platform)
    _note(file, {"look": "again", "deaths": len(survivors), "lost": lost, "pictures_missing": missing,
                 "journals_verified": journals == 0, "secrets_said": said})  # fmt: skip


def _secrets_said(platform: PlatformUnderTest) -> list[str]:
    """Return where a log, a journal or a process list shows a secret."""
    files = [*(platform.folder / "logs").glob("*"), *(platform.folder / "journal").glob("*")]
    files += [Path(f"/proc/{one.pid}/cmdline") for site in SITES for one in platform.supervisor.alive(site)]
    secrets, said = [secret.encode() for secret in platform.secrets()], []
    for path in files:
        text = path.read_bytes() if path.exists() else b""
        if any(secret in text for secret in secrets):
            said.append(path.name)
    return said


def _words(trouble: BaseException) -> str:
    return f"{type(trouble).__name__}: {' '.join(str(trouble).split())[:400]}"


def _note(file: RunFile, run: dict[str, object]) -> None:
    file.add(run)
    shown = {name: value for name, value in run.items() if value not in ([], "", 0, None)}
    print(shown, flush=True)


def main() -> None:
    """Go on until there are so many deaths, and print what they came to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.deaths", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--n", type=int, default=10, help="how many deaths there shall be in all, earlier runs included"
    )
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no death after so many seconds")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--write", action="store_true", help="write docs/evidence/deaths.md")
    options = parser.parse_args()
    done = sum("way" in run for run in DEATHS.read())
    live_and_die(options.n - done, options.seconds, options.ways, DEATHS)
    runs = DEATHS.keep() if options.write else DEATHS.read()
    print(summary(runs))
    if options.write:
        (EVIDENCE / "deaths.md").write_text(report(runs))
    sys.exit(1 if any(run.get("lost") or run.get("violations") for run in runs) else 0)


if __name__ == "__main__":
    main()
