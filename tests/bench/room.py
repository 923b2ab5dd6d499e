"""`python -m tests.bench.room`: what the control room costs while it shows an hour of events, fast-forwarded.

A thousand journal records lie in the ledgers and a day of log growth is remembered; three sites speak every second, the
picture is drawn twice a second, and every part that changed is told to one browser. Printed: processor time for one second
of the page, what is sent in it, and how the memory grew after the first tenth.
"""

import argparse
import json
import time
from dataclasses import replace

import psutil

from scripts.control_room.history import History, LogPoints
from scripts.control_room.journals import RunbookCopy
from scripts.control_room.live import DRAW_SECONDS
from scripts.control_room.posting import Posting
from scripts.control_room.render import Renderer
from scripts.control_room.sight import Sight
from scripts.control_room.sources import OutsideWord, StoreWord
from scripts.control_room.standing import Moment, stand
from scripts.runbook.journal import BEGINNING, Record
from scripts.runbook.lease import LeaseSighting
from tests.control_room.pictures import RECORD, SITES, SOURCES, TERMS, in_step

RECORDS, RUNBOOKS = 1000, 50
DAY_SECONDS = 24 * 3600
# One renewal of the lease, in seconds, as the local sites have it.
RENEWAL_SECONDS = 5


def journals() -> dict[str, RunbookCopy]:
    """Return a thousand records in fifty runbooks."""
    steps = RECORDS // RUNBOOKS
    return {
        f"failover-{number}": RunbookCopy(
            f"failover-{number}",
            tuple(
                Record(step, f"failover-{number}", "be_followed", number, number * 100.0 + step, number * 100.5 + step,
                       "done", {"followers": ["gcp", "azure"]}, BEGINNING)
                for step in range(1, steps + 1)
            ),
        )
        for number in range(RUNBOOKS)
    }  # fmt: skip


class Hour:
    """An hour of the page: what the sources give at each second, and what is drawn from it."""

    def __init__(self) -> None:
        self.history, self.renderer, self.posting = (
            History(),
            Renderer.create(15.0, dict.fromkeys(SITES, "full")),
            Posting("http://127.0.0.1:9"),
        )
        self.journals = journals()
        self.shown: dict[str, str] = {}

    def remember_a_day(self) -> None:
        """Let the history learn a day of log growth, one point a second."""
        points = self.history.logs.setdefault("aws", LogPoints())
        for second in range(DAY_SECONDS):
            points.add(second - DAY_SECONDS, second)

    def draw(self, now: float) -> int:
        """Draw the page at a moment, and return how many bytes one browser is sent."""
        second = int(now)
        words = {
            site: in_step(site, sequence=second, at=1_900_000_000.0 + second, log=DAY_SECONDS + second * 4000,
                          applied=DAY_SECONDS + second * 4000 - 900)
            for site in SITES
        }  # fmt: skip
        record = replace(RECORD, seq=second // RENEWAL_SECONDS, nonce=str(second // RENEWAL_SECONDS))
        sights = {
            "register": Sight().heard(LeaseSighting(record, True), now),
            **{f"store-{site}": Sight().heard(StoreWord(words), now) for site in SITES},
            **{f"ledger-{site}": Sight().heard(self.journals, now) for site in SITES},
            "readiness": Sight().heard([], now),
            "outside": Sight().heard(OutsideWord("aws", True, "primary"), now),
        }
        self.history.learn(sights, now)
        self.posting.count(now)
        standing = stand(SITES, SOURCES, sights, self.history, TERMS, Moment(now, 1_900_000_000.0 + now))
        parts = self.renderer.parts(standing, self.posting)
        new = {name: part for name, part in parts.items() if self.shown.get(name) != part}
        self.shown |= new
        return sum(len(part.encode()) for part in new.values())


def measure(seconds: int) -> dict[str, float]:
    """Fast-forward through some seconds of the page."""
    hour, process = Hour(), psutil.Process()
    hour.remember_a_day()
    sent, draws, cpu, settled = 0, int(seconds / DRAW_SECONDS), 0.0, 0
    for number in range(draws):
        began = time.process_time()
        sent += hour.draw(number * DRAW_SECONDS)
        cpu += time.process_time() - began
        if number == draws // 10:
            settled = process.memory_info().rss
    return {
        "cpu_ms_a_second": round(1000 * cpu / seconds, 2),
        "kib_sent_a_second": round(sent / seconds / 1024, 1),
        "memory_mib": round(process.memory_info().rss / 2**20, 1),
        "growth_mib": round((process.memory_info().rss - settled) / 2**20, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.room", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=3600, help="how much of the page's time to fast-forward")
    print(json.dumps(measure(parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
