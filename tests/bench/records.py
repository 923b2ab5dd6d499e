"""What every bench writes down: one JSON line a run, so that slices add up over days, and on which machine it was."""

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "docs" / "evidence"
# Where runs lie until a report is written from them; not committed.
RUNS = ROOT / ".lifeboat" / "bench"
# Where they lie from then on, beside the report, so that any clone can go on from there.
KEPT = EVIDENCE / "runs"


@dataclass(frozen=True)
class RunFile:
    """The runs of one bench, oldest first. A line that was torn when a run was ended is left out, and only the last."""

    path: Path
    kept: Path | None = None

    @classmethod
    def of(cls, bench: str) -> "RunFile":
        return cls(RUNS / f"{bench}.jsonl", KEPT / f"{bench}.jsonl")

    def add(self, run: dict[str, Any]) -> dict[str, Any]:
        """Append one run with its time and commit, see it on disk, and return what was written."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = {"at": utc(), "commit": commit(), **run}
        whole = self.path.read_bytes() if self.path.exists() else b""
        if whole and not whole.endswith(b"\n"):
            self.path.write_bytes(whole[: whole.rfind(b"\n") + 1])
        with self.path.open("a") as file:
            file.write(json.dumps(line, sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return line

    def read(self) -> list[dict[str, Any]]:
        """Return every whole line, kept ones first. Raises ValueError for one that is broken and is not the last."""
        return [json.loads(line) for line in self._lines(self.kept) + self._lines(self.path)]

    def keep(self) -> list[dict[str, Any]]:
        """Move the runs beside the report that is to be written of them, and return all of them."""
        assert self.kept is not None, "these runs are nobody's evidence"
        self.kept.parent.mkdir(parents=True, exist_ok=True)
        with self.kept.open("a") as file:
            file.writelines(f"{line}\n" for line in self._lines(self.path))
        self.path.unlink(missing_ok=True)
        return self.read()

    @staticmethod
    def _lines(path: Path | None) -> list[str]:
        return path.read_text().split("\n")[:-1] if path and path.exists() else []


def utc() -> str:
    """Return the time now, in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@cache
def commit() -> str:
    """Return the short name of the commit that this process began with; `+` says that files differ from it."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*"], cwd=ROOT, capture_output=True, text=True
    )
    return asked.stdout.strip() or "no git"


def machine() -> str:
    """Return the machine in one line: cores, processor, memory, kernel, Python."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release()} on {platform.machine()}"
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory_gib:.0f} GiB, {system}, Python {platform.python_version()}"
    )


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unnamed processor"


def spread(values: Iterable[float], digits: int = 3) -> dict[str, float]:
    """Return how many there are, with min, median and max."""
    numbers = sorted(values)
    return {
        "runs": len(numbers),
        "min": round(numbers[0], digits),
        "median": round(statistics.median(numbers), digits),
        "max": round(numbers[-1], digits),
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` (0 to 1) of all values do not exceed."""
    numbers = sorted(values)
    return numbers[min(len(numbers) - 1, max(0, -int(-share * len(numbers) // 1) - 1))]


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; None becomes an empty cell."""
    lines = [list(head), ["--"] * len(head), *([("" if cell is None else str(cell)) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
