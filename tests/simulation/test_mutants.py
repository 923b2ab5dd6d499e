"""Ways of doing it wrong: each must break an invariant in some seed, or the simulation proves nothing about it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.runbook import lease
from scripts.runbook.founding import found_register
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.rule import Rule
from tests.runbook.memory_stores import Stores, run
from tests.simulation.mutants import MUTANTS
from tests.simulation.world import Variant, simulate

SEEDS = 80


def first_violation(variant: Variant, wanted: str, first_seed: int = 0, seconds: float = 1500.0) -> str | None:
    """Return the first violation of the invariant that any of `SEEDS` seeds shows."""
    for seed in range(first_seed, first_seed + SEEDS):
        for violation in simulate(seed, variant, seconds).violations:
            if violation.startswith(wanted):
                return f"seed {seed}: {violation}"
    return None


NAMED = {
    "counts the term from the reply": (Variant(counts_from_reply=True, mode="auto", pauses=40), "I2"),
    "compares wall clocks": (Variant(compares_wall_clocks=True, mode="auto"), "I2"),
    "takes a wiped store for empty": (
        Variant(takes_wiped_for_empty=True, remembers_ballots=False, damage="wipe"),
        "I",
    ),
    "trusts a store that was rolled back": (Variant(remembers_ballots=False, damage="roll back"), "I"),
    "promotes without hearing anybody": (Variant(hears_before_promotion=False), "I4"),
    "acts on what may never be committed": (Variant(waits_for_commitment=False), "I"),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_wrong_agent_is_caught(name: str) -> None:
    """It finds a seed in which this mistake breaks what must hold."""
    variant, wanted = NAMED[name]

    found = first_violation(variant, wanted)

    assert found is not None, f"an agent that {name} went unnoticed in {SEEDS} seeds"
    print(f"\n{name}: {found}")


def test_taking_over_without_checking_the_watched_key_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds two writable sites when a takeover does not ask again whether the watched renewal is the newest."""
    monkeypatch.setattr(lease.Move, "_refusal_by_watch", lambda move, record: None)

    found = first_violation(Variant(mode="auto"), "I2")

    assert found is not None


def test_forgetting_the_previous_rule_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds a lost write when a promotion during a move hears only the newest rule."""
    forgetful: Callable = lambda record: record.rule  # noqa: E731
    monkeypatch.setattr(LeaseRecord, "rule_to_hear", forgetful)

    found = first_violation(Variant(), "I4")

    assert found is not None


@pytest.mark.parametrize("name", MUTANTS)
def test_every_mutant_is_somebodys_test(name: str) -> None:
    """The list of mutants in the evidence names a test that is there."""
    path, _, test = MUTANTS[name].partition("::")
    function, _, parameter = test.removesuffix("]").partition("[")

    assert f"def {function}(" in (Path(__file__).parents[2] / path).read_text()
    assert not parameter or parameter in NAMED


def test_a_change_of_the_rule_without_a_joint_phase_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds a lost write when the fence goes from one rule straight to the other; three of the first 200 seeds show it."""
    monkeypatch.setattr(lease, "joint", lambda old, new: new)

    found = first_violation(Variant(), "I4", first_seed=90)

    assert found is not None


@pytest.mark.parametrize("waits", [True, False], ids=["waits", "does not wait"])
def test_a_change_of_the_rule_loses_a_write_unless_it_waits(waits: bool) -> None:
    """gcp alone confirmed a write and leaves the rule: a promotion that hears azure alone has it only if azure had to catch up."""
    positions, acknowledged = {"gcp": 100, "azure": 50}, 100
    either, azure = Rule.of("gcp", "azure"), Rule.of("azure")
    assert either.satisfied_by({site for site, position in positions.items() if position >= acknowledged})

    async def clock() -> float:
        return 0.0

    async def obey(rule: Rule) -> None:
        pass

    async def caught_up(rule: Rule) -> None:
        positions.update(dict.fromkeys(rule.sites if waits else (), acknowledged))

    async def schedule() -> lease.LeaseAnswer:
        stores = Stores()
        await found_register(stores, "test", LeaseRecord.first("aws", either, either.sites).to_value())
        aws, terms = stores.register("aws"), lease.Terms(duration=3.0, renew_every=0.5, drift=0.01, guard=0.3)
        await lease.change_rule(aws, "aws", 1, either, azure, terms, clock=clock, obey=obey, caught_up=caught_up)
        return await lease.take_over(stores.register("azure"), "azure", 1, Rule.single_copy(), terms, 0.0,
                                     runbook_id="aws and gcp are gone", approved_by="ada")  # fmt: skip

    won = run(schedule())

    assert won.record
    assert won.record.previous_rule
    assert won.record.previous_rule.promotable({"azure"}) is None
    assert (positions["azure"] < acknowledged) == (not waits)
