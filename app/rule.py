"""The durability rule as pure values: which sites must have confirmed a position before a write is acknowledged.

A rule is a list of clauses, and every clause must hold. Two clauses are the joint phase of a change of rule; one
clause that needs nobody is the single copy that a person decided on; an empty list acknowledges nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Clause:
    """At least `needed` of the sites in `sync` must have confirmed."""

    sync: frozenset[str]
    needed: int

    def holds(self, confirmed: frozenset[str]) -> bool:
        """Say whether the sites that confirmed are enough for this clause."""
        return len(self.sync & confirmed) >= self.needed


@dataclass(frozen=True)
class Rule:
    """All clauses together; the same text stands in the register and in the fence row."""

    clauses: tuple[Clause, ...]

    @property
    def sites(self) -> frozenset[str]:
        """Every site that any clause names: the live standbys."""
        return frozenset().union(*(clause.sync for clause in self.clauses))

    @property
    def copies_elsewhere(self) -> int:
        """How many other clouds must hold a picture before its upload is acknowledged (0 only for a single copy)."""
        return 0 if self.clauses and all(clause.needed == 0 for clause in self.clauses) else 1

    def met(self, confirmed: Mapping[str, int], position: int, *, every_standby: bool = False) -> bool:
        """Say whether enough sites confirmed `position` (bytes of WAL), or all of them for `every_standby`."""
        have = frozenset(site for site, reached in confirmed.items() if reached >= position)
        if every_standby and not self.sites <= have:
            return False
        return bool(self.clauses) and all(clause.holds(have) for clause in self.clauses)


def read_rule(value: Any) -> Rule:
    """Read the JSON value of the fence row; raises ValueError for one that is not a rule."""
    try:
        return Rule(tuple(Clause(frozenset(clause["sync"]), int(clause["needed"])) for clause in value))
    except (TypeError, KeyError) as error:
        raise ValueError(f"the durability rule {value!r} in the fence row cannot be read") from error
