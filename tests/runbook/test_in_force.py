"""Which rule a primary takes for the one in force, when answers are lost, late, or come in another order."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.runbook import lease
from scripts.runbook.founding import found_register
from scripts.runbook.in_force import InForce, next_act
from scripts.runbook.lease import LeaseRecord, Terms
from scripts.runbook.rule import Rule, joint
from tests.runbook.memory_stores import Stores, run

TERMS = Terms(duration=3.0, renew_every=0.5, drift=0.01, guard=0.3)
ANY_ONE, GCP, AZURE, NOBODY = Rule.of("gcp", "azure"), Rule.of("gcp"), Rule.of("azure"), Rule(())
FIRST = LeaseRecord.first("aws", ANY_ONE, ("gcp", "azure"))


def test_an_older_record_never_replaces_a_newer_one() -> None:
    """A reading that was slow brings neither an old rule nor an old epoch back."""
    known = InForce()
    for epoch, seq in ((1, 5), (1, 3), (2, 0), (1, 9)):
        known.take(replace(FIRST, epoch=epoch, seq=seq))

    assert known.record is not None
    assert (known.record.epoch, known.record.seq) == (2, 0)


def test_only_a_renewal_begun_after_a_doubt_ends_it() -> None:
    """A new process is in doubt; so is one whose proposal was not answered, until it has proposed again."""
    known = InForce()
    assert known.in_doubt
    known.renewed(FIRST, began=10.0)
    assert not known.in_doubt
    known.unheard(12.0)
    known.renewed(FIRST, began=11.0)
    assert known.in_doubt
    known.renewed(FIRST, began=12.5)
    assert not known.in_doubt


@pytest.mark.parametrize(
    ("in_force", "obeyed", "wanted", "in_doubt", "act"),
    [
        (ANY_ONE, ANY_ONE, ANY_ONE, True, "nothing"),
        (ANY_ONE, ANY_ONE, AZURE, False, "change"),
        (ANY_ONE, ANY_ONE, AZURE, True, "change"),
        (ANY_ONE, joint(ANY_ONE, AZURE), ANY_ONE, False, "obey"),
        (ANY_ONE, joint(ANY_ONE, AZURE), ANY_ONE, True, "ask"),
        (ANY_ONE, joint(ANY_ONE, AZURE), GCP, True, "ask"),
        (ANY_ONE, joint(ANY_ONE, AZURE), GCP, False, "change"),
        (AZURE, AZURE, NOBODY, False, "acknowledge nothing"),
        (AZURE, NOBODY, NOBODY, False, "nothing"),
        (AZURE, NOBODY, AZURE, False, "obey"),
    ],
)
def test_a_fence_in_a_joint_phase_asks_before_it_leaves_it(
    in_force: Rule, obeyed: Rule, wanted: Rule, in_doubt: bool, act: str
) -> None:
    """It obeys, changes or asks, and acknowledges nothing when nobody may count."""
    assert next_act(in_force, obeyed, wanted, in_doubt=in_doubt) == act


rules = st.sampled_from([ANY_ONE, GCP, AZURE, NOBODY, joint(ANY_ONE, AZURE), joint(ANY_ONE, GCP)])


@given(rules, rules, rules)
def test_in_doubt_a_joint_phase_is_never_left(in_force: Rule, obeyed: Rule, wanted: Rule) -> None:
    """Whatever is wanted, a fence that obeys another rule than the known one stays, or gets stricter, or asks."""
    act = next_act(in_force, obeyed, wanted, in_doubt=True)

    if obeyed != in_force:
        assert act in ("nothing", "ask", "acknowledge nothing")


def test_a_change_that_was_committed_unheard_is_found_out() -> None:
    """Its answer is lost and a slow reading still shows the old rule: only the next renewal tells that the new one rules."""

    async def scene() -> None:
        stores = Stores()
        await found_register(stores, "test", FIRST.to_value())
        register, known, obeyed = stores.register("aws"), InForce(), [ANY_ONE]
        first = await lease.renew(register, "aws", 1, TERMS, 0.0)
        assert first.record
        known.renewed(first.record, 0.0)
        await asyncio.sleep(1)
        for name in ("gcp", "azure"):
            stores[name].hold_writes = True

        async def obey(rule: Rule) -> None:
            obeyed.append(rule)

        async def nothing(*_: object) -> float:
            return 1.0

        answer = await lease.change_rule(register, "aws", 1, ANY_ONE, AZURE, TERMS, clock=nothing, obey=obey,
                                         caught_up=nothing)  # fmt: skip
        known.unheard(1.0)
        known.take(first.record)
        assert answer.kind == "unknown"
        assert next_act(ANY_ONE, obeyed[-1], ANY_ONE, in_doubt=known.in_doubt) == "ask"
        for name in ("gcp", "azure"):
            stores[name].hold_writes = False
            stores[name].land()
        renewal = await lease.renew(register, "aws", 1, TERMS, 2.0)
        assert renewal.record
        known.renewed(renewal.record, 2.0)

        assert known.record is not None
        assert known.record.rule == AZURE
        assert next_act(AZURE, obeyed[-1], AZURE, in_doubt=known.in_doubt) == "obey"

    run(scene())
