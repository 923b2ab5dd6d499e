"""What a rule is: one function with one meaning, the benchmarks' numbers for it, and the sentences it finds."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from infra.policy.estate import UNKNOWN, Estate, Resource

BENCHMARKS = {
    "aws": "CIS Amazon Web Services Foundations Benchmark 7.0",
    "gcp": "CIS Google Cloud Platform Foundation Benchmark 5.0",
    "azure": "CIS Microsoft Azure Foundations Benchmark 6.0",
}
"""Numbers were read in the compliance files of prowler 5.46; those with CKV are checkov's, for a second opinion."""


@dataclass(frozen=True)
class Finding:
    """One resource that does not keep a rule; the sentence begins after the resource's name."""

    resource: str
    sentence: str
    type: str = ""


def fault(one: Resource, sentence: str) -> Finding:
    """Find something at one resource."""
    return Finding(one.name, sentence, one.type)


Findings = Iterator[Finding]
Check = Callable[[Estate], Findings]


@dataclass(frozen=True)
class Rule:
    """A rule: its meaning in one sentence, and by cloud its numbers, or why that cloud has nothing to look at."""

    name: str
    meaning: str
    numbers: Mapping[str, tuple[str, ...]]
    without: Mapping[str, str]
    check: Check

    def cis(self, cloud: str) -> tuple[str, ...]:
        """Return the recommendations of the cloud's own CIS benchmark."""
        return tuple(number for number in self.numbers.get(cloud, ()) if number[0].isdigit())

    def cited(self, cloud: str) -> str:
        """Return all numbers of a cloud for a reader; "" where the rule is ours alone."""
        return ", ".join(f"CIS {one}" if one[0].isdigit() else one for one in self.numbers.get(cloud, ()))


RULES: dict[str, Rule] = {}
"""Every rule by its name, in the order of the files and of the functions in them."""


def rule(aws: str = "", gcp: str = "", azure: str = "", without: Mapping[str, str] | None = None) -> Callable:
    """Make a rule of a function: its name and its docstring become the rule's; numbers are separated by spaces."""

    def register(check: FunctionType) -> FunctionType:
        name = check.__name__.replace("_", "-")
        numbers = {"aws": tuple(aws.split()), "gcp": tuple(gcp.split()), "azure": tuple(azure.split())}
        RULES[name] = Rule(name, (check.__doc__ or "").splitlines()[0], numbers, without or {}, check)
        return check

    return register


Accepts = Callable[[Any], bool]


def wants(ones: Iterable[Resource], path: str, accepts: Accepts, sentence: str) -> Findings:
    """Find every resource in which no value at a path is accepted; one that is not known yet counts as accepted."""
    for one in ones:
        if not any(value is UNKNOWN or accepts(value) for value in one.at(path)):
            yield fault(one, sentence)


def refuses(ones: Iterable[Resource], path: str, refused: Accepts, sentence: str) -> Findings:
    """Find every resource in which some value at a path is refused; one that is not there is not."""
    for one in ones:
        if any(value is not UNKNOWN and refused(value) for value in one.at(path)):
            yield fault(one, sentence)


def needs_one(ones: Iterable[Resource], found: Callable[[Resource], Iterable[Resource]], sentence: str) -> Findings:
    """Find every resource to which no other resource of a kind belongs."""
    for one in ones:
        if not list(found(one)):
            yield fault(one, sentence)


def is_true(value: Any) -> bool:
    return value is True


def is_set(value: Any) -> bool:
    return value not in (None, "", [], {}, False)


def equals(*wanted: Any) -> Accepts:
    """Accept a value that reads like one of some words, whatever its case."""
    words = {str(one).lower() for one in wanted}
    return lambda value: str(value).lower() in words


def at_least(least: float) -> Accepts:
    return lambda value: not isinstance(value, bool) and number(value) >= least


def number(value: Any) -> float:
    """Return a number that may be written as text, or with a unit of seconds; what is none is below every bound."""
    try:
        return float(str(value).removesuffix("s"))
    except ValueError:
        return float("-inf")


def statements(document: Any) -> list[Mapping[str, Any]]:
    """Return the statements of an AWS policy document; none where it is not known yet or is no document."""
    try:
        found = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return []
    inside = found.get("Statement", []) if isinstance(found, Mapping) else []
    return [one for one in (inside if isinstance(inside, list) else [inside]) if isinstance(one, Mapping)]


def words(value: Any) -> list[str]:
    """Return an entry of a policy document that may be one word or a list of them."""
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []
