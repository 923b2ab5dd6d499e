"""The table of all runs so far: docs/evidence/failover.md."""

import statistics
from collections.abc import Iterable
from typing import Any

from tests.bench.failover.clusters import KINDS
from tests.bench.records import EVIDENCE, machine, markdown, spread

FIGURES = {
    "failover": "kill -9 of the primary's whole node, to the first write that another node acknowledged",
    "after_the_word": "a person's word (`lifeboat failover --yes` is typed), to the same write",
    "after_last_renewal": "mode auto: the beginning of the last renewal that counted, to the same write",
    "switchover": "planned hand-over: the longest time without an acknowledged write",
}
# What is compared with what: our median over the peer's.
RATIOS = (
    ("failover", "lifeboat-auto-30", "patroni-30", "<= 1.25"),
    ("failover", "lifeboat-auto-20", "patroni-20", "<= 1.25"),
    ("failover", "lifeboat", "patroni-30", None),
    ("failover", "lifeboat", "patroni-20", None),
    ("failover", "lifeboat", "pg_auto_failover", None),
    ("switchover", "lifeboat", "patroni-30", "<= 0.5"),
    ("switchover", "lifeboat", "patroni-20", "<= 0.5"),
    ("switchover", "lifeboat", "pg_auto_failover", None),
)


def write(runs: list[dict[str, Any]]) -> None:
    """Write the file."""
    (EVIDENCE / "failover.md").write_text(_text(runs))


def _text(runs: list[dict[str, Any]]) -> str:
    parts = [
        "# How long nobody can write\n",
        "Written by `python -m tests.bench.failover --write`. The same eight writers for every cluster; they know\n"
        "all addresses and use the one that takes writes, so DNS and the edge are not on their way. Lifeboat's share a pool and\n"
        "the helper that waits for the other clouds, as requests of one app process do; a peer's have a connection each. A node\n"
        "is ended with SIGKILL at a random moment, as a whole. `lifeboat` runs in mode confirm: somebody who watches says the word when\n"
        "three looks in a row find nobody who takes writes. `lifeboat-called` is the same with a person whom the alarm called\n"
        "and who comes 10 s later. The others decide by themselves. All times in seconds. Goals:\n"
        "1.5 s after the word; in mode auto the term and 1.5 s after the last renewal; 0.5 s for a hand-over.\n\n"
        "The last renewal is read from the dead site's fence. One that the death interrupted, when it was in the register and\n"
        "not yet in the fence, counts for the others and not there: such a run looks one renewal, 5 s, longer than it was.\n",
    ]
    for name, title in FIGURES.items():
        parts.append(f"## {title[0].upper()}{title[1:]}\n")
        parts.append(markdown(("cluster", "runs", "min", "median", "max"), _rows(runs, name)))
    parts.append("## Ratios of the medians\n")
    parts.append(markdown(("figure", "cluster", "to", "ratio", "goal"), [_ratio(runs, *pair) for pair in RATIOS]))
    parts.append("## What ran\n")
    parts += [f"- **{kind}**: {_version(runs, kind)}" for kind in KINDS]
    parts.append(f"\n{_when(runs)}\n{machine()}. Other work ran beside it, so times are upper bounds.\n")
    return "\n".join(parts)


def _rows(runs: list[dict[str, Any]], name: str) -> Iterable[tuple[object, ...]]:
    for kind in KINDS:
        if name == "after_last_renewal" and "auto" not in kind:
            continue  # a person's word waits for no term
        if found := values(runs, kind, name):
            yield (kind, *spread(found).values())
        elif not name.startswith("after"):
            yield (kind, 0, None, None, None)


def _ratio(runs: list[dict[str, Any]], name: str, kind: str, peer: str, goal: str | None) -> tuple[object, ...]:
    ours, theirs = values(runs, kind, name), values(runs, peer, name)
    ratio = f"{statistics.median(ours) / statistics.median(theirs):.3f}" if ours and theirs else None
    return (name, kind, peer, ratio, goal)


def values(runs: list[dict[str, Any]], kind: str, name: str) -> list[float]:
    """Return one figure of every run of a kind that has it."""
    return [run[name] for run in runs if run["cluster"] == kind and run.get(name) is not None]


def _version(runs: list[dict[str, Any]], kind: str) -> str:
    versions = [run["version"] for run in runs if run["cluster"] == kind]
    return versions[-1] if versions else f"no run: {KINDS[kind][0]() or 'not asked for yet'}"


def _when(runs: list[dict[str, Any]]) -> str:
    return f"From {runs[0]['at']} to {runs[-1]['at']}, commits {', '.join(sorted({run['commit'] for run in runs}))}."
