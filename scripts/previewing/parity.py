"""The three clouds side by side: what each declares, and where they differ without a reason."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.spec import CAPABILITIES
from scripts.previewing.graph import OUTSIDE, Graph, Resource
from scripts.previewing.parity_facts import AMOUNTS, DATA, EXCEPTIONS, PRESENT, PROMISES, Amount, Ask, Promise

NOT_DECLARED = "not declared"
ORDER = (*CAPABILITIES, OUTSIDE)

SAME, DIFFERS, EXCEPTED, SHOWN = "same", "differs", "excepted", "shown"
"""Verdicts of a row; `shown` rows are for reading and are not compared."""

SCALE = {"number": 1.0, "seconds": 1 / (24 * 3600), "gibibytes": 1024.0}


@dataclass(frozen=True)
class Row:
    """One line of the table: what each cloud declares, the verdict, and in words what differs or why it may."""

    capability: str
    aspect: str
    cells: Mapping[str, str]
    verdict: str
    note: str = ""

    @property
    def broken(self) -> bool:
        return self.verdict == DIFFERS


def parity(graphs: Mapping[str, Graph]) -> tuple[Row, ...]:
    """Return the whole table for the clouds at hand, in one order: capability by capability."""
    rows = [row for capability in _capabilities(graphs) for row in _rows_of(capability, graphs)]
    return (*rows, _outputs(graphs))


def _capabilities(graphs: Mapping[str, Graph]) -> list[str]:
    found = {name for graph in graphs.values() for name in graph.by_capability}
    return sorted(found, key=lambda name: (ORDER.index(name) if name in ORDER else len(CAPABILITIES), name))


def _rows_of(capability: str, graphs: Mapping[str, Graph]) -> Iterator[Row]:
    counts = {cloud: str(len(graph.by_capability.get(capability, ()))) for cloud, graph in graphs.items()}
    missing = [cloud for cloud, count in counts.items() if count == "0"]
    yield Row(capability, "resources", counts, DIFFERS if missing else SHOWN, _lacks(missing))
    yield _protected(capability, graphs)
    yield _tagged(capability, graphs)
    for promise in PROMISES:
        if promise.capability == capability:
            yield _promise(promise, graphs)
    for amount in AMOUNTS:
        if amount.capability == capability:
            yield _amount(amount, graphs)


def _lacks(missing: Sequence[str]) -> str:
    return f"nothing in {', '.join(missing)}" if missing else ""


def _protected(capability: str, graphs: Mapping[str, Graph]) -> Row:
    data = {
        cloud: [one for one in graph.by_capability.get(capability, ()) if one.type in DATA]
        for cloud, graph in graphs.items()
    }
    kept = {cloud: [one.name for one in ones if one.protect] for cloud, ones in data.items()}
    cells = {cloud: f"{len(kept[cloud])} of {len(ones)}" if ones else "holds no data" for cloud, ones in data.items()}
    bare = [f"{cloud}: {one.name}" for cloud, ones in data.items() for one in ones if not one.protect]
    return Row(capability, "data protected", cells, DIFFERS if bare else SHOWN, _unkept(bare))


def _tagged(capability: str, graphs: Mapping[str, Graph]) -> Row:
    cells, bare = {}, []
    for cloud, graph in graphs.items():
        taggable = [one for one in graph.by_capability.get(capability, ()) if one.tagged_by]
        bare += [f"{cloud}: {one.name}" for one in taggable if not _is_tagged(one)]
        cells[cloud] = f"{sum(map(_is_tagged, taggable))} of {len(taggable)}"
    return Row(capability, "tagged", cells, DIFFERS if bare else SHOWN, _unkept(bare))


def _is_tagged(one: Resource) -> bool:
    tags = one.inputs.get(one.tagged_by or "")
    return isinstance(tags, dict) and {"lifeboat-site", "lifeboat-capability"} <= tags.keys()


def _unkept(bare: Sequence[str]) -> str:
    shown = ", ".join(bare[:3]) + (f" and {len(bare) - 3} more" if len(bare) > 3 else "")
    return f"not {shown}" if bare else ""


def _promise(promise: Promise, graphs: Mapping[str, Graph]) -> Row:
    cells, failing = {}, []
    for cloud, graph in graphs.items():
        asked = {}
        for ask in promise.asks.get(cloud, ()):
            for one in _asked(ask, promise.capability, graph):
                asked[one.place] = asked.get(one.place, True) and _keeps(one, ask)
        cells[cloud] = f"{sum(asked.values())} of {len(asked)}" if asked else NOT_DECLARED
        if not asked or not all(asked.values()):
            failing.append(cloud)
    return _judged(promise.capability, promise.aspect, cells, failing, "does not keep it")


def _asked(ask: Ask, capability: str, graph: Graph) -> list[Resource]:
    return [
        one for one in graph.by_capability.get(capability, ()) if one.type == ask.type and one.name.endswith(ask.ending)
    ]


def _keeps(one: Resource, ask: Ask) -> bool:
    found = values(one.inputs, ask.path)
    if ask.wanted is PRESENT:
        return any(value not in (None, "", [], {}) for value in found)
    return any(value == ask.wanted and isinstance(value, bool) == isinstance(ask.wanted, bool) for value in found)


def values(inputs: Any, path: str) -> list[Any]:
    """Return what stands at a dotted path; a list on the way means every entry of it."""
    found = [inputs]
    for part in path.split("."):
        flat = [inner for one in found for inner in (one if isinstance(one, list) else [one])]
        found = [one[part] for one in flat if isinstance(one, dict) and part in one]
    return found


def _amount(amount: Amount, graphs: Mapping[str, Graph]) -> Row:
    found = {
        cloud: [_number(ask, amount.capability, graph) for ask in amount.asks.get(cloud, ())]
        for cloud, graph in graphs.items()
    }
    totals = {cloud: math.fsum(ones) for cloud, ones in found.items() if ones}
    cells = {
        cloud: f"{totals[cloud]:g}" if math.isfinite(totals.get(cloud, math.nan)) else NOT_DECLARED for cloud in found
    }
    wanted = _most_common(list(cells.values()))
    failing = [cloud for cloud, cell in cells.items() if cell != wanted or cell == NOT_DECLARED]
    return _judged(amount.capability, amount.aspect, cells, failing, "is not like the others")


def _number(ask: Ask, capability: str, graph: Graph) -> float:
    found = [value for one in _asked(ask, capability, graph) for value in values(one.inputs, ask.path)]
    digits = [re.search(r"\d+(\.\d+)?", str(value)) for value in found if not isinstance(value, bool)]
    numbers = {float(one[0]) * SCALE[ask.unit] for one in digits if one}
    return numbers.pop() if len(numbers) == 1 else math.nan


def _most_common(cells: list[str]) -> str:
    declared = [cell for cell in cells if cell != NOT_DECLARED]
    return max(declared, key=lambda cell: (declared.count(cell), cell)) if declared else ""


def _judged(capability: str, aspect: str, cells: Mapping[str, str], failing: Sequence[str], fault: str) -> Row:
    reasons = {
        cloud: None if cells[cloud] == NOT_DECLARED else EXCEPTIONS.get((capability, aspect, cloud))
        for cloud in failing
    }
    unexplained = [cloud for cloud, reason in reasons.items() if reason is None]
    if unexplained:
        return Row(capability, aspect, cells, DIFFERS, f"{', '.join(unexplained)} {fault}")
    note = "; ".join(f"{cloud}: {reason}" for cloud, reason in reasons.items())
    return Row(capability, aspect, cells, EXCEPTED if note else SAME, note)


def _outputs(graphs: Mapping[str, Graph]) -> Row:
    names = {cloud: set(graph.outputs) for cloud, graph in graphs.items()}
    every = set().union(*names.values())
    lacking = {cloud: sorted(every - found) for cloud, found in names.items()}
    note = "; ".join(f"{cloud} lacks {', '.join(ones)}" for cloud, ones in lacking.items() if ones)
    cells = {cloud: str(len(found)) for cloud, found in names.items()}
    return Row(OUTSIDE, "outputs by name", cells, DIFFERS if note else SAME, note)
