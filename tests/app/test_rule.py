"""The durability rule as values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rule import read_rule

ANY_OF_BOTH = [{"sync": ["gcp", "azure"], "needed": 1}]
JOINT = [*ANY_OF_BOTH, {"sync": ["gcp"], "needed": 1}]
SITES = ["gcp", "azure"]


@pytest.mark.parametrize(
    ("rule", "confirmed", "met"),
    [
        (ANY_OF_BOTH, {"gcp": 10}, True),
        (ANY_OF_BOTH, {"gcp": 9, "azure": 10}, True),
        (ANY_OF_BOTH, {"gcp": 9, "azure": 9}, False),
        (ANY_OF_BOTH, {"aws": 99}, False),
        (ANY_OF_BOTH, {}, False),
        (JOINT, {"azure": 10}, False),
        (JOINT, {"gcp": 10}, True),
        ([{"sync": ["gcp", "azure"], "needed": 2}], {"gcp": 10}, False),
        ([{"sync": ["gcp"], "needed": 2}], {"gcp": 10}, False),
        ([{"sync": [], "needed": 0}], {}, True),
        ([], {"gcp": 10, "azure": 10}, False),
    ],
)
def test_a_write_is_acknowledged_when_every_clause_holds(rule: Any, confirmed: dict[str, int], met: bool) -> None:
    """It counts the sites of each clause that reached the position, and an empty rule acknowledges nothing."""
    assert read_rule(rule).met(confirmed, 10) is met


def test_every_standby_means_every_site_of_every_clause() -> None:
    """It waits for all named sites, though one would do for an ordinary write."""
    rule = read_rule(ANY_OF_BOTH)

    assert not rule.met({"gcp": 10}, 10, every_standby=True)
    assert rule.met({"gcp": 10, "azure": 11}, 10, every_standby=True)


@given(
    st.lists(
        st.fixed_dictionaries({"sync": st.lists(st.sampled_from(SITES), unique=True), "needed": st.integers(0, 2)})
    ),
    st.dictionaries(st.sampled_from(SITES), st.integers(0, 20)),
)
def test_another_clause_never_makes_a_rule_weaker(rule: list[Any], confirmed: dict[str, int]) -> None:
    """It acknowledges under a joint rule only what the old and the new rule both acknowledge."""
    joint = [*rule, *ANY_OF_BOTH]

    if read_rule(joint).met(confirmed, 10):
        assert not rule or read_rule(rule).met(confirmed, 10)
        assert read_rule(ANY_OF_BOTH).met(confirmed, 10)


@pytest.mark.parametrize("value", [None, "x", [{"needed": 1}], [{"sync": ["gcp"]}], [3]])
def test_a_value_that_is_no_rule_is_an_error(value: Any) -> None:
    """It refuses to guess, so nothing is acknowledged by a damaged row."""
    with pytest.raises(ValueError, match="durability rule"):
        read_rule(value)


def test_only_the_single_copy_needs_no_second_cloud_for_pictures() -> None:
    """It asks for one more cloud unless a person decided on a single copy; an empty rule is no such decision."""
    assert read_rule([{"sync": [], "needed": 0}]).copies_elsewhere == 0
    assert read_rule(ANY_OF_BOTH).copies_elsewhere == 1
    assert read_rule([]).copies_elsewhere == 1
