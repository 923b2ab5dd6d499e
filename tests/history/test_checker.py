"""The checker itself: it is silent about what can have happened, and names every thing that cannot."""

import itertools
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.history.checker import broken_promises, check
from tests.history.operations import Add, History, Operation, Read, Remove, Sight, TakeOver

ASKED = frozenset({"a"})


def add(start: float = 1, end: float = 2, ending: str = "ok", **more: str) -> Add:
    return Add(**{"session": "s", "key": "k", "element": "a", "made": "1"} | more, start=start, end=end, ending=ending)


def read(start: float, end: float, *found: str, **more: object) -> Read:
    return Read(**{"session": "other", "asked": ASKED} | more, found=found, start=start, end=end)


def kinds(*operations: Operation) -> list[str]:
    return [violation.kind for violation in check(History.of(operations))]


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [add(), read(3, 4, "a")],
        [add(1, 5), read(2, 3), read(2, 3, "a")],
        [add(ending="unknown"), read(3, 4)],
        [add(ending="unknown"), read(3, 4), read(5, 6, "a")],
        [add(ending="refused"), read(3, 4)],
        [add(), Remove("s", "a", 3, 4, "ok"), read(5, 6)],
        [add(), Remove("s", "a", 3, 4, "unknown"), read(5, 6, "a"), read(7, 8)],
        [add(), read(3, 4, at_primary=False)],
        [add(ending="unknown"), add(3, 4), read(5, 6, "a")],
        [TakeOver(2, "gcp", 1, 2, "ok"), Sight(1, "aws", 0, 1.5), Sight(2, "gcp", 1.5, 3), Sight(2, "gcp", 4, 5)],
        [TakeOver(2, "gcp", 1, 2, "unknown"), Sight(1, "aws", 3, 4), Sight(2, "gcp", 5, 6)],
    ],
)
def test_what_can_have_happened_is_let_pass(operations: list[Operation]) -> None:
    """It says nothing of a history that some order of its operations explains."""
    assert kinds(*operations) == []


@pytest.mark.parametrize(
    ("kind", "operations"),
    [
        ("lost", [add(), read(3, 4)]),
        ("unconfirmed", [add(ending="unknown"), read(3, 4, "a"), read(5, 6)]),
        ("unconfirmed", [add(1, 10), read(2, 3, "a"), read(4, 5), read(11, 12, "a")]),
        ("lost", [add(1, 10), read(2, 3, "a"), read(4, 5), read(11, 12)]),
        ("stale", [add(), read(3, 4), read(5, 6, "a")]),
        ("came back", [add(), Remove("s", "a", 3, 4, "ok"), read(5, 6, "a")]),
        ("unconfirmed", [add(), Remove("s", "a", 3, 9, "unknown"), read(4, 5), read(6, 7, "a")]),
        ("from nothing", [read(3, 4, "a")]),
        ("from nothing", [add(ending="refused"), read(3, 4, "a")]),
        ("from nothing", [add(5, 6), read(3, 4, "a")]),
        ("duplicate", [add(), read(3, 4, "a", "a")]),
        ("duplicate", [add(), add(3, 4, made="2")]),
        ("own write missed", [add(), read(3, 4, session="s", at_primary=False)]),
        ("epoch", [Sight(2, "aws", 1, 2), Sight(2, "gcp", 1, 2)]),
        ("epoch", [Sight(1, "aws", 0, 1), TakeOver(2, "gcp", 1, 2, "ok"), Sight(1, "aws", 3, 4)]),
        ("epoch", [TakeOver(2, "gcp", 1, 2, "unknown"), Sight(2, "gcp", 3, 4), Sight(1, "aws", 5, 6)]),
        ("epoch", [Sight(1, "aws", 0, 1), TakeOver(2, "gcp", 5, 6, "ok"), Sight(2, "gcp", 3, 4)]),
    ],
)
def test_what_cannot_have_happened_is_named(kind: str, operations: list[Operation]) -> None:
    """It names each contradiction once, by its kind; only what nobody had been told of is no broken promise."""
    assert kinds(*operations) == [kind]
    assert bool(broken_promises(History.of(operations))) == (kind != "unconfirmed")


def moments(low: float = 0, high: float = 9) -> st.SearchStrategy[tuple[float, float]]:
    pair = st.tuples(st.integers(int(low), int(high)), st.integers(int(low), int(high)))
    return pair.map(lambda two: (float(min(two)), max(two) + 0.5))


@st.composite
def lives(draw: st.DrawFn) -> list[Operation]:
    """One element's add, perhaps its removal after that, and readings at random, which nothing need explain."""
    start, end = draw(moments(0, 4))
    one = add(start, end, draw(st.sampled_from(["ok", "unknown"])))
    removal = []
    if draw(st.booleans()):
        begun, ended = draw(moments(int(end) + 1, 9))
        removal = [Remove("s", "a", begun, ended, draw(st.sampled_from(["ok", "unknown"])))]
    several = draw(st.lists(st.tuples(moments(), st.booleans()), max_size=4))
    readings = [read(*times, *(["a"] if shown else [])) for times, shown in several]
    return [one, *removal, *readings]


def some_order_explains(operations: list[Operation]) -> bool:
    """Try every order: the definition of linearizability itself. What is unknown may also be left out."""
    optional = [one for one in operations if isinstance(one, Add | Remove) and one.ending == "unknown"]
    for left_out in itertools.chain.from_iterable(
        itertools.combinations(optional, count) for count in range(len(optional) + 1)
    ):
        done = [one for one in operations if one not in left_out]
        if any(_is_explained(order) for order in itertools.permutations(done)):
            return True
    return False


def _is_explained(order: tuple[Operation, ...]) -> bool:
    there, latest_start = False, -math.inf
    for one in order:
        end = math.inf if isinstance(one, Add | Remove) and one.ending == "unknown" else one.end
        latest_start = max(latest_start, one.start)
        if end < latest_start:
            return False
        if isinstance(one, Read):
            if (one.found == ("a",)) is not there:
                return False
        else:
            there = isinstance(one, Add)
    return True


@settings(max_examples=300, deadline=None)
@given(lives())
def test_it_decides_as_the_definition_does(operations: list[Operation]) -> None:
    """It agrees with a search through every order, in both directions."""
    removes = [one for one in operations if isinstance(one, Remove)]
    assume(not removes or operations[0].ending == "ok")  # nobody removes what he was not told is there

    assert (kinds(*operations) == []) == some_order_explains(operations)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.001, 5), st.floats(0, 1)), min_size=2, max_size=40), st.data())
def test_a_real_set_passes_and_a_lost_element_is_found(
    drawn: list[tuple[float, float, float]], data: st.DataObject
) -> None:
    """It passes what a set did whose operations took effect at one moment each, and finds one element taken out of it."""
    posts = [
        Add(f"s{number % 3}", f"k{number}", f"e{number}", start, start + long, "ok", str(number))
        for number, (start, long, _) in enumerate(drawn)
    ]
    effect = {post.element: post.start + (post.end - post.start) * drawn[n][2] for n, post in enumerate(posts)}
    everything = frozenset(effect)
    readings = [
        Read("reader", everything, tuple(one for one in everything if effect[one] <= at), at - 0.5, at + 0.5)
        for at in (*(post.end for post in posts), 200.0)
    ]
    assert kinds(*posts, *readings) == []

    taken = data.draw(st.sampled_from(sorted(everything)))
    without = [replace(one, found=tuple(found for found in one.found if found != taken)) for one in readings]
    assert kinds(*posts, *without) == ["lost"]


def test_a_history_is_kept_whole(tmp_path: Path) -> None:
    """It writes one line an operation, readings with everything they asked for."""
    history = History.of([add(), read(3, 4, "a"), Sight(1, "aws", 0, 1)])

    history.save(tmp_path / "history.jsonl")

    lines = (tmp_path / "history.jsonl").read_text().splitlines()
    assert len(lines) == 3
    assert '"asked": ["a"]' in lines[1]
