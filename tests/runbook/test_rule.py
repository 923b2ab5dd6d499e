"""The durability rule: who must confirm, and whom a promotion must hear."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.runbook.errors import BadRule
from scripts.runbook.rule import Clause, Rule, either, joint

SITES = ("aws", "azure", "gcp")
ANY_ONE = Rule.of("gcp", "azure")


@st.composite
def clauses(draw: st.DrawFn) -> Clause:
    sites = draw(st.lists(st.sampled_from(SITES), unique=True, max_size=3))
    return Clause(tuple(sites), draw(st.integers(1, len(sites))) if sites else 0)


rules = st.lists(clauses(), max_size=3).map(lambda found: Rule(tuple(found)))


def subsets() -> list[set[str]]:
    return [set(chosen) for size in range(4) for chosen in itertools.combinations(SITES, size)]


def test_the_text_is_the_one_that_fence_and_app_read() -> None:
    """It writes and reads exactly the agreed JSON."""
    text = '[{"sync": ["gcp", "azure"], "needed": 1}]'

    assert Rule.from_json(text) == ANY_ONE
    assert ANY_ONE.to_json() == text
    assert Rule.single_copy().to_json() == '[{"sync": [], "needed": 0}]'


@given(rules)
def test_json_returns_the_same_rule(rule: Rule) -> None:
    """It reads back what it wrote, as text and as the list of a jsonb column."""
    assert Rule.from_json(rule.to_json()) == rule
    assert Rule.from_json(rule.to_value()) == rule


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ('{"sync": []}', "must be a list"),
        ('[{"sync": ["gcp"]}]', "must look like"),
        ('[{"sync": "gcp", "needed": 1}]', "must look like"),
        ('[{"sync": ["gcp"], "needed": 0}]', "must be 1 to 1"),
        ('[{"sync": ["gcp"], "needed": 2}]', "must be 1 to 1"),
        ('[{"sync": [], "needed": 1}]', "must be 0 to 0"),
        ('[{"sync": ["gcp"], "needed": true}]', "must be 1 to 1"),
        ('[{"sync": ["gcp", "gcp"], "needed": 1}]', "twice"),
        ('[{"sync": ["G CP"], "needed": 1}]', "no site's name"),
        ('[{"sync": [1], "needed": 1}]', "no site"),
    ],
)
def test_a_strange_rule_is_refused_in_a_sentence(text: str, says: str) -> None:
    """It names what is wrong with the rule."""
    with pytest.raises(BadRule, match=says):
        Rule.from_json(text)


def test_every_clause_must_hold() -> None:
    """It acknowledges only what satisfies all clauses; an empty list acknowledges nothing, the single copy everything."""
    both = joint(ANY_ONE, Rule.of("azure"))

    assert both.satisfied_by({"azure"})
    assert not both.satisfied_by({"gcp"})
    assert not Rule(()).satisfied_by({"gcp", "azure"})
    assert Rule.single_copy().satisfied_by(set())
    assert not joint(ANY_ONE, Rule(())).satisfied_by({"gcp", "azure"})


def test_any_one_of_two_must_hear_both() -> None:
    """It wants n - k + 1 of the sites, and names who is missing."""
    refusal = ANY_ONE.promotable({"gcp"})

    assert [(hearing.sites, hearing.count) for hearing in ANY_ONE.must_hear()] == [(("gcp", "azure"), 2)]
    assert refusal is not None
    assert refusal.silent == ("azure",)
    assert "1 more of azure" in str(refusal)
    assert ANY_ONE.promotable({"gcp", "azure"}) is None
    assert Rule.of("gcp", "azure", needed=2).promotable({"gcp"}) is None


def test_the_single_copy_is_never_promotable() -> None:
    """It refuses however many are heard: the lost primary alone held the writes."""
    refusal = Rule.single_copy().promotable(set(SITES))

    assert Rule.single_copy().is_single_copy
    assert refusal is not None
    assert "single copy" in refusal.sentence


@given(rules, rules)
def test_whoever_acknowledges_is_heard(first: Rule, second: Rule) -> None:
    """It holds for all sets: one that acknowledges under either rule meets every set that may promote."""
    heard_enough = [heard for heard in subsets() if either(first, second).promotable(heard) is None]

    for rule in (first, second, joint(first, second)):
        for confirmed in subsets():
            if rule.satisfied_by(confirmed):
                assert all(confirmed & heard for heard in heard_enough)


@given(rules, rules)
def test_the_joint_rule_obeys_both(first: Rule, second: Rule) -> None:
    """It acknowledges exactly what both acknowledge."""
    for confirmed in subsets():
        both = first.satisfied_by(confirmed) and second.satisfied_by(confirmed)
        assert joint(first, second).satisfied_by(confirmed) == both
