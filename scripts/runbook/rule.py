"""The durability rule: which standbys must have confirmed a write before a user is told that it is saved.

A rule is a list of clauses. A write is acknowledged when EVERY clause holds: at least `needed` of the sites in `sync`
have confirmed it. Two clauses are the joint phase between two rules; an empty list acknowledges nothing; one clause
without sites is the single copy, which only a person may choose. Every set of sites that can acknowledge meets every
set that a promotion hears: that, and no clock, is what keeps an acknowledged write.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from scripts.runbook.errors import BadRule

_SITE = re.compile(r"[a-z][a-z0-9-]*")
_LOOKS_LIKE = '{"sync": ["gcp", "azure"], "needed": 1}'


@dataclass(frozen=True)
class Hearing:
    """At least `count` of `sites` have to be heard; more than there are means that no hearing is ever enough."""

    sites: tuple[str, ...]
    count: int

    def missing(self, heard: Collection[str]) -> int:
        """Return how many more of the sites must be heard."""
        return max(0, self.count - sum(site in heard for site in self.sites))


@dataclass(frozen=True)
class Refusal:
    """Why a promotion may lose acknowledged writes: `silent` are the sites whose word would help."""

    silent: tuple[str, ...]
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Clause:
    """`needed` of the sites in `sync`; raises BadRule when that cannot be."""

    sync: tuple[str, ...]
    needed: int

    def __post_init__(self) -> None:
        if len(set(self.sync)) != len(self.sync):
            raise BadRule(f"The durability rule names a site twice in {list(self.sync)}; name each once.")
        if strange := [site for site in self.sync if not (isinstance(site, str) and _SITE.fullmatch(site))]:
            raise BadRule(f"The durability rule names {strange[0]!r}, which is no site's name.")
        lowest = 1 if self.sync else 0
        if type(self.needed) is not int or not lowest <= self.needed <= len(self.sync):
            raise BadRule(
                f"The durability rule needs {self.needed!r} of {list(self.sync)}; "
                f"it must be {lowest} to {len(self.sync)} "
                '(the single copy is {"sync": [], "needed": 0}).'
            )

    def satisfied_by(self, confirmed: Collection[str]) -> bool:
        """Tell whether enough of this clause's sites are among those that confirmed."""
        return sum(site in confirmed for site in self.sync) >= self.needed

    def must_hear(self) -> Hearing:
        """Return whom a promotion must hear: of n sites with k needed, n - k + 1, so that it meets every k of them."""
        return Hearing(self.sync, len(self.sync) - self.needed + 1)


@dataclass(frozen=True)
class Rule:
    """A list of clauses, all of which must hold."""

    clauses: tuple[Clause, ...]

    @classmethod
    def of(cls, *sync: str, needed: int = 1) -> "Rule":
        """Return the rule of one clause: `needed` of the sites `sync`."""
        return cls((Clause(sync, needed),))

    @classmethod
    def single_copy(cls) -> "Rule":
        """Return the rule under which the primary acknowledges alone; choosing it needs a person's name."""
        return cls((Clause((), 0),))

    @classmethod
    def from_json(cls, value: str | list[Any]) -> "Rule":
        """Read the JSON text, or the list that a jsonb column gives; raises BadRule in one sentence."""
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except ValueError as error:
            raise BadRule(f"The durability rule is not JSON ({error}).") from error
        if not isinstance(found, list):
            raise BadRule(f"The durability rule must be a list of clauses like {_LOOKS_LIKE}, not {found!r}.")
        return cls(tuple(_clause(entry) for entry in found))

    def to_value(self) -> list[dict[str, Any]]:
        """Return the list of plain dictionaries that goes into the lease record."""
        return [{"sync": list(clause.sync), "needed": clause.needed} for clause in self.clauses]

    def to_json(self) -> str:
        """Return the JSON text that goes into the fence row."""
        return json.dumps(self.to_value())

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites that any clause names, each once, in order."""
        return tuple(dict.fromkeys(site for clause in self.clauses for site in clause.sync))

    @property
    def is_single_copy(self) -> bool:
        """Whether the primary alone can acknowledge: there are clauses, and none needs anybody."""
        return bool(self.clauses) and not any(clause.needed for clause in self.clauses)

    def satisfied_by(self, confirmed: Collection[str]) -> bool:
        """Tell whether a write that `confirmed` hold may be acknowledged."""
        return bool(self.clauses) and all(clause.satisfied_by(confirmed) for clause in self.clauses)

    def must_hear(self) -> tuple[Hearing, ...]:
        """Return every hearing that a promotion owes this rule.

        All clauses count, not just one: a write may be older than the clause that came last.
        """
        return tuple(clause.must_hear() for clause in self.clauses)

    def promotable(self, heard: Collection[str]) -> Refusal | None:
        """Return why a promotion that heard these sites may lose acknowledged writes, or None when it cannot."""
        for hearing in self.must_hear():
            if not hearing.sites:
                return Refusal(
                    (),
                    "The old primary acknowledged alone (single copy), so nothing that another site says proves that "
                    "its writes are safe.",
                )
            if missing := hearing.missing(heard):
                return _too_few(hearing, heard, missing)
        return None


def joint(old: Rule, new: Rule) -> Rule:
    """Return the rule that obeys both; an empty one acknowledges nothing, so nor does its joint."""
    return either(old, new) if old.clauses and new.clauses else Rule(())


def either(first: Rule, second: Rule) -> Rule:
    """Return the rule whose hearings find every write acknowledged under the one or under the other."""
    return Rule(tuple(dict.fromkeys(first.clauses + second.clauses)))


def _clause(entry: object) -> Clause:
    if not isinstance(entry, dict) or set(entry) != {"sync", "needed"} or not isinstance(entry["sync"], list):
        raise BadRule(f"A clause of the durability rule must look like {_LOOKS_LIKE}, not {entry!r}.")
    if not all(isinstance(site, str) for site in entry["sync"]):
        raise BadRule(f"A clause of the durability rule names something that is no site: {entry['sync']!r}.")
    return Clause(tuple(entry["sync"]), entry["needed"])


def _too_few(hearing: Hearing, heard: Collection[str], missing: int) -> Refusal:
    silent = tuple(site for site in hearing.sites if site not in heard)
    answered = [site for site in hearing.sites if site in heard]
    return Refusal(
        silent,
        f"Acknowledged writes may be lost: {hearing.count} of {', '.join(hearing.sites)} must be heard, "
        f"{'only ' + ', '.join(answered) if answered else 'none'} answered, "
        f"{missing} more of {', '.join(silent)} must.",
    )
