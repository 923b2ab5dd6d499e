"""Who may decide on one copy alone, and when: only a person, only at the primary, only while nobody confirms."""

import dataclasses

import pytest

from scripts.runbook.confirmations import NOBODY_CONFIRMS
from scripts.runbook.errors import MoveUnderWay, NotAlone, PrimarySilent, RegisterUnreachable
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.plan import Facts
from scripts.runbook.requests import Wish
from scripts.runbook.rule import Rule
from scripts.runbook.single_copy import AlonePlan, plan_alone
from scripts.runbook.verbs import VERBS
from tests.runbook.invented_status import status_of

SITES = ("aws", "gcp", "azure")
RECORD = LeaseRecord.first("aws", Rule.of("gcp", "azure"), ("gcp", "azure"))
SILENCE = (NOBODY_CONFIRMS, "gcp has confirmed nothing for 9 s")


def facts(alarms: tuple[str, ...] = SILENCE, record: LeaseRecord | None = RECORD, age: float = 0.5) -> Facts:
    return Facts(record, {"aws": status_of("aws", alarms=alarms)}, {"aws": age})


def test_a_person_may_decide_it_while_nobody_confirms() -> None:
    """The plan names the primary, the epoch and what was seen, and is the same after it was signed and stored."""
    plan = plan_alone(facts(), "aws", SITES)

    assert (plan.site, plan.epoch, plan.lines) == ("aws", 1, SILENCE)
    assert AlonePlan.from_body(plan.to_body()) == plan
    assert VERBS["single_copy"].plan(facts(), Wish("single_copy", "aws"), SITES) == plan
    assert "until" in plan.rows()


@pytest.mark.parametrize(
    ("known", "site", "error", "says"),
    [
        (facts(alarms=()), "aws", NotAlone, "gcp or azure confirms"),
        (facts(), "gcp", NotAlone, "aws is the primary, not gcp"),
        (facts(record=None), "aws", RegisterUnreachable, "cannot be read"),
        (facts(age=60), "aws", PrimarySilent, "does not answer"),
        (facts(record=dataclasses.replace(RECORD, rule=Rule.single_copy(), approved_by="ada")), "aws", NotAlone, "ada"),
        (
            facts(record=dataclasses.replace(RECORD, state="switching", previous_rule=Rule.of("gcp"))),
            "aws",
            MoveUnderWay,
            "taking over",
        ),
    ],
)
def test_anything_else_is_refused_in_a_sentence(known: Facts, site: str, error: type[Exception], says: str) -> None:
    """It says why one copy is not needed or cannot be decided now."""
    with pytest.raises(error, match=says):
        plan_alone(known, site, SITES)
