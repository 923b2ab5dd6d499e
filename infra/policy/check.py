"""All rules on one site: what breaks them, what may break them for a while, and which exceptions have run out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from infra.policy import (
    audit,
    control,
    database,
    edge,
    identity,
    keys,
    names,
    network,
    ranges,
    replication,
    stores,
    values,
)
from infra.policy.estate import Estate
from infra.policy.exceptions import Excepted
from infra.policy.rule import RULES, Finding, Rule

RULE_FILES = (database, replication, stores, control, keys, network, edge, audit, identity, names, values, ranges)
"""Loading these registers their rules."""


@dataclass(frozen=True)
class Result:
    """One rule on one resource: broken, or excepted by a line that still holds."""

    rule: str
    cloud: str
    type: str
    resource: str
    sentence: str
    cited: str
    excepted: Excepted | None = None
    expired: Excepted | None = None

    def __str__(self) -> str:
        """Say it as one sentence, with the benchmarks' numbers and the end of an exception."""
        cited = f" ({self.cited})" if self.cited else ""
        said = f"{self.rule}{cited}: {self.cloud}: {self.resource} {self.sentence}."
        if self.expired:
            said += f" The exception of {self.expired.owner} for it ended on {self.expired.expires}."
        if self.excepted:
            line = self.excepted
            said += f" Allowed until {line.expires} by {line.owner}: {line.reason}"
        return said


@dataclass(frozen=True)
class Verdict:
    """All results of one site, and the exceptions that nothing breaks any more."""

    broken: tuple[Result, ...]
    excepted: tuple[Result, ...]
    idle: tuple[Excepted, ...]


def check(estate: Estate, exceptions: Iterable[Excepted], today: date) -> Verdict:
    """Hold every rule against one site."""
    own = [one for one in exceptions if one.cloud == estate.cloud]
    results = [result for rule in RULES.values() for result in examine(rule, estate, own, today)]
    used = {id(line) for result in results for line in (result.excepted, result.expired) if line}
    return Verdict(
        broken=tuple(one for one in results if not one.excepted),
        excepted=tuple(one for one in results if one.excepted),
        idle=tuple(line for line in own if id(line) not in used),
    )


def examine(rule: Rule, estate: Estate, exceptions: Iterable[Excepted], today: date) -> Iterator[Result]:
    """Hold one rule against one site, each fault once and in the order of resources."""
    found = sorted(set(rule.check(estate)), key=lambda one: (one.resource, one.sentence))
    for one in found:
        line = _line(rule, estate, one, exceptions)
        held = line if line and line.holds(today) else None
        yield Result(
            rule.name,
            estate.cloud,
            one.type,
            one.resource,
            one.sentence,
            rule.cited(estate.cloud),
            excepted=held,
            expired=None if held else line,
        )


def _line(rule: Rule, estate: Estate, one: Finding, exceptions: Iterable[Excepted]) -> Excepted | None:
    wanted = (rule.name, estate.cloud, one.resource)
    return next((line for line in exceptions if (line.rule, line.cloud, line.resource) == wanted), None)
