"""The preview as one value: graphs, changes and parity put together, and which rule is broken."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.costing.bill import CostChange, compare_bills, make_bill
from scripts.costing.prices import read_prices
from scripts.previewing.diff import DELETE, KINDS, REPLACE, REPLACING, Change, Table, compare
from scripts.previewing.graph import Graph
from scripts.previewing.parity import Row, parity
from scripts.previewing.policy import Policy

LEGEND = "A value in ‹…› is given by the provider during `up`; nobody knows it before."


@dataclass(frozen=True)
class Preview:
    """Everything there is to say, in a fixed order; `base` is None where nothing was compared."""

    base: str | None
    notes: tuple[str, ...]
    graphs: Mapping[str, Graph]
    changes: Mapping[str, tuple[Change, ...]]
    rows: tuple[Row, ...]
    broken: tuple[str, ...]
    policy: Mapping[str, Policy] = field(default_factory=dict)
    costs: Mapping[str, CostChange] = field(default_factory=dict)

    def count(self, cloud: str, kind: str) -> int:
        return sum(change.kind == kind for change in self.changes.get(cloud, ()))

    @property
    def harmful(self) -> tuple[tuple[str, Change], ...]:
        """What destroys something: every replace and every delete, cloud by cloud."""
        return tuple(
            (cloud, one) for cloud, changes in self.changes.items() for one in changes if one.kind in (REPLACE, DELETE)
        )

    @property
    def not_known(self) -> tuple[tuple[str, Change], ...]:
        """Updates of which the table does not say that they do not replace."""
        return tuple((cloud, one) for cloud, changes in self.changes.items() for one in changes if one.not_known)


def make_preview(
    now: Mapping[str, Graph],
    before: Mapping[str, Graph | None],
    table: Table,
    base: str | None = None,
    notes: tuple[str, ...] = (),
    policy: Mapping[str, Policy] | None = None,
) -> Preview:
    """Compare every cloud with its base, where there is one, and the clouds with each other."""
    changes = {cloud: compare(before[cloud], graph, table) for cloud, graph in now.items() if cloud in before}
    new = tuple(f"{cloud} is not in {base}: everything in it is new." for cloud in changes if before[cloud] is None)
    rows = parity(now)
    judged = policy or {}
    broken = (*_broken_protection(changes), *_broken_policy(judged), *_broken_parity(rows))
    idle = tuple(line for one in judged.values() for line in one.idle)
    return Preview(base, (*notes, *new, *idle), now, changes, rows, broken, judged, _costs(now, before))


def _costs(now: Mapping[str, Graph], before: Mapping[str, Graph | None]) -> dict[str, CostChange]:
    prices = read_prices() if before else ()
    bills = {cloud: make_bill(graph, prices) for cloud, graph in now.items() if cloud in before}
    old = {cloud: make_bill(graph, prices) for cloud, graph in before.items() if graph}
    return {cloud: compare_bills(old.get(cloud), bill) for cloud, bill in bills.items()}


def _broken_policy(policy: Mapping[str, Policy]) -> list[str]:
    return [f"policy: {sentence}" for one in policy.values() for sentence in one.broken]


def _broken_protection(changes: Mapping[str, tuple[Change, ...]]) -> list[str]:
    done = {REPLACE: "replaced", DELETE: "deleted"}
    return [
        f"{cloud}: {one.type} {one.name} is protected and would be {done[one.kind]}{_through(one)}."
        for cloud, ones in changes.items()
        for one in ones
        if one.protected and one.kind in done
    ]


def _through(one: Change) -> str:
    causes = [field.path for field in one.fields if field.effect in REPLACING]
    return f" through {', '.join(causes)}" if causes else ""


def _broken_parity(rows: tuple[Row, ...]) -> list[str]:
    return [
        f"parity: {row.capability}, {row.aspect}: {row.note} "
        f"({', '.join(f'{cloud} {cell}' for cloud, cell in row.cells.items())})."
        for row in rows
        if row.broken
    ]


def totals(preview: Preview, cloud: str) -> dict[str, int]:
    """Return the numbers of the first table: resources, and changes of each kind."""
    return {"resources": len(preview.graphs[cloud].provided), **{kind: preview.count(cloud, kind) for kind in KINDS}}
