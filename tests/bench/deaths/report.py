"""What all deaths so far came to, as one line and as Markdown."""

import statistics
from collections.abc import Iterable
from typing import Any

from tests.bench.deaths.ways import WAYS
from tests.bench.records import machine, markdown, percentile

COUNTS = ("acknowledged", "lost", "unknown", "unconfirmed", "overlaps", "pictures", "pictures_missing")
GOAL = 1000

INVARIANTS = """After each death (`tests/bench/deaths/invariants.py`): I1 one holder for each epoch, I3 epochs only grow and every
journal record carries one, I4 whatever is acknowledged is at the primary (all three by the history), I2 as mode `confirm`
has it (overlaps), I6 every journal verifies and each start of a run goes through its steps in order, I7 no DNS vendor's
answer is empty, or names another than the new primary after the move, I8 what a site alone had is in its salvage report,
I9 every picture is there, I10 no published table takes values from a sequence, I12 no secret in logs, journals, state or
process lists. Beside them: the three sites come to hold the same rows. I5 is I4 here: no command accepts a loss, so the
bound is 0. I11 is not measured by packets: nothing listens at a dead site's addresses, and the commands succeed. The first
9 deaths were checked for I1 to I4, I7 at the end, I9 and I12 alone.
"""

Runs = list[dict[str, Any]]


def summary(runs: Runs) -> str:
    """Return all deaths in one line."""
    deaths = [run for run in runs if "seconds" in run]
    troubled = sum("trouble" in run and "way" in run for run in runs)
    if not deaths:
        return f"no death was gone through, {troubled} could not be judged"
    counts = ", ".join(f"{sum(run[name] for run in deaths)} {name.replace('_', ' ')}" for name in COUNTS)
    return (
        f"{len(deaths)} deaths: {counts}; seconds without an acknowledgement {_seconds(deaths)}; {troubled} not judged"
    )


def report(runs: Runs) -> str:
    """Return the record as Markdown."""
    deaths = [run for run in runs if "seconds" in run]
    again = [run for run in runs if run.get("look") == "again" and "trouble" not in run]
    troubles = [run for run in runs if "trouble" in run]
    violations = [f"- {run['way']} of {run['site']}: {one}" for run in deaths for one in run["violations"]]
    stranded = [
        f"- {run['way']} of {run['site']}: {run['did_not_come_back']}" for run in deaths if run["did_not_come_back"]
    ]
    verified = sum(run["journals_verified"] for run in again)
    said = sorted({name for run in again for name in run["secrets_said"]})
    return "\n".join([
        "# Deaths under load\n",
        "Written by `python -m tests.bench.deaths --n N --write`; runs add up. Four people post, read and delete through the\n"
        "app's public address; a random site dies in a random way at a random moment; an operator lets another site take over\n"
        "where the primary is gone; what died is started again and follows again. Then everything is read back at the\n"
        "primary, and the history of every client operation is checked (`tests/history/checker.py` says against what).\n",
        "Where an agent carries out a command (failover, rejoin), it is killed in the middle of it in three of ten cases.\n",
        f"**{len(deaths)} deaths of the {GOAL:,} that are the goal.** {summary(runs)}.\n",
        markdown(
            ("way to die", "of", "deaths", *(name.replace("_", " ") for name in COUNTS), "seconds min / median / p99"),
            _rows(deaths),
        ),
        "`lost`: acknowledged and not there, or removed and there again. `unknown`: no answer within 30 s of asking again.\n"
        "`unconfirmed`: seen by a reader before anybody was told that it is saved, and gone with the primary (decision 12).\n"
        "`overlaps`: acknowledged by a site that had been left. Seconds: the longest time without an acknowledgement.\n",
        f"At the end of each of {len(again)} platforms everything of all its deaths was looked for again: "
        f"{sum(run['lost'] for run in again)} lost, {sum(run['pictures_missing'] for run in again)} pictures missing; "
        f"the journals verified in {verified} of {len(again)}; secrets found in logs, journals or process lists: "
        f"{', '.join(said) or 'none'}.\n",
        f"A death took {_took(deaths)}. In {sum(bool(run.get('agents_died')) for run in deaths)} the agent that carried"
        f" out the failover or the rejoin was killed in the middle of it as well; {sum(run.get('salvaged', 0) for run in deaths)}"
        " posts that a dead primary alone had were found in its salvage reports.\n",
        INVARIANTS,
        "## Broken promises\n", *(violations or ["None."]),
        "\n## Did not come back\n",
        "The death was judged, but the site could not be brought back, so the next death met new sites:\n",
        *(stranded or ["None."]),
        "\n## Not judged\n",
        "Deaths after which the platform did not come back in time; nothing is known of them but this:\n",
        *([f"- {run.get('way', 'the last look')} of {run.get('site', 'all')}: {run['trouble']}" for run in troubles] or ["None."]),
        f"\nFrom {runs[0]['at']} to {runs[-1]['at']}, commits {', '.join(sorted({run['commit'] for run in runs}))}.\n"
        f"{machine()}. Other work ran beside it, so times are upper bounds.\n",
    ])  # fmt: skip


def _rows(deaths: Runs) -> Iterable[tuple[object, ...]]:
    for way in WAYS:
        for primary in (True, False):
            chosen = [run for run in deaths if (run["way"], run["was_primary"]) == (way, primary)]
            counts = [sum(run[name] for run in chosen) for name in COUNTS] if chosen else [None] * len(COUNTS)
            yield (way, "primary" if primary else "standby", len(chosen), *counts, _seconds(chosen) if chosen else None)


def _took(deaths: Runs) -> str:
    """Say how long deaths took from the first sign-up to the last check, where that was measured."""
    values = [run["took"]["all"] for run in deaths if run.get("took")]
    return f"{statistics.median(values):.0f} s (median of {len(values)})" if values else "an unmeasured time"


def _seconds(deaths: Runs) -> str:
    values = [run["seconds"] for run in deaths]
    return f"{min(values):.2f} / {statistics.median(values):.2f} / {percentile(values, 0.99):.2f}"
