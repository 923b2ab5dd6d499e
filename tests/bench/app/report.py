"""The record of what the app costs, as Markdown."""

from collections.abc import Iterable
from statistics import median
from typing import Any

from tests.bench.app.compare import CLIENTS
from tests.bench.records import EVIDENCE, machine, markdown

NAMES = ("home", "public", "post", "picture")
HEAD = (
    "scenario", "clients", "turns", "app/s", "bare/s", "ratio", "app per core", "bare per core", "ratio", "app p50",
    "bare p50", "app p99", "bare p99", "client busy",
)  # fmt: skip

GROWTH_HEAD = ("posts", "page: blocks", "ms", "entities: blocks", "ms")


def write(runs: list[dict[str, Any]]) -> None:
    """Write docs/evidence/app.md of all runs."""
    (EVIDENCE / "app.md").write_text(report(runs))


def report(runs: list[dict[str, Any]]) -> str:
    """Return the record as Markdown."""
    compared = [run for run in runs if "scenario" in run]
    text = (
        "# What the app costs, beside a bare program\n\n"
        "Written by `python -m tests.bench.app --write`. The bare program is FastAPI and psycopg by hand: it sends the SQL\n"
        "that the app sends, checks the same token, waits for the same standby, and answers the same bytes (checked before\n"
        "each scenario; what is made anew keeps its own key and time). It has no models, limits, log, figures or security\n"
        "headers. Both are served by uvicorn, one process each, on one core; the client is one process on the other core,\n"
        "which it shares with PostgreSQL. They take turns. 1,000 follows, 100,000 posts; rates are requests per second, per\n"
        "core means per CPU second of the program itself; medians; p50 and p99 in milliseconds. `client busy` is the\n"
        "largest share of a core that the client took: near 1, it would be what is measured. Buckets are in memory.\n\n"
        + markdown(HEAD, _rows(compared))
        + "\nGoals: 0.8 of the bare program for timelines, 0.9 for writes; a ratio below is a goal not met.\n"
        "[app-profile.md](app-profile.md) names what the\n"
        "difference is made of.\n"
    )
    if grown := [run for run in runs if "grown" in run]:
        cells = ((f"{run['grown']:,}", *run["page"].values(), *run["entities"].values()) for run in grown)
        text += (
            "\n## As posts grow in number\n\nThe home timeline of the same reader: the page of keys, then all that\n"
        )
        text += "its entities need.\n\n" + markdown(GROWTH_HEAD, cells)
    if held := [run for run in runs if "memory" in run]:
        text += (
            "\n## Memory of one process\n\nMiB in RAM after so many timelines and posts more, of a process that had "
        )
        text += "answered all of the above: "
        text += "; ".join(", ".join(f"{count}: {mib}" for count, mib in run["memory"]) for run in held) + ".\n"
    commits = ", ".join(sorted({run["commit"] for run in runs}))
    when = f"\nFrom {runs[0]['at']} to {runs[-1]['at']}, commits {commits}.\n"
    return text + when + f"{machine()}. Other work ran beside it.\n"


def _rows(runs: list[dict[str, Any]]) -> Iterable[tuple[object, ...]]:
    for name in NAMES:
        for clients in CLIENTS:
            chosen = [run for run in runs if (run["scenario"], run["clients"]) == (name, clients)]
            app, bare = ([run for run in chosen if run["program"] == program] for program in ("app", "bare"))
            if app and bare:
                rate = [median(run["requests"] / run["took"] for run in several) for several in (app, bare)]
                core = [median(run["requests"] / run["cpu"] for run in several) for several in (app, bare)]
                waits = [median(run[at] for run in several) for at in ("p50", "p99") for several in (app, bare)]
                yield (
                    name, clients, min(len(app), len(bare)), *(f"{one:.1f}" for one in rate), f"{rate[0] / rate[1]:.2f}",
                    *(f"{one:.0f}" for one in core), f"{core[0] / core[1]:.2f}", *(f"{one:.1f}" for one in waits),
                    max(run["busy"] for run in chosen),
                )  # fmt: skip
