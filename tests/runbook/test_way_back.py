"""From what the sites say to the way back, or to the exact sentence that refuses it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from scripts.runbook.errors import CopyNeeded, LifeboatError
from scripts.runbook.health import Health
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.plan import Facts
from scripts.runbook.requests import hash_of_plan
from scripts.runbook.rule import Rule
from scripts.runbook.status import SlotStatus, TookOverStatus
from scripts.runbook.way_back import ReturnPlan, astray, plan_return
from tests.runbook.invented_status import status_of

SITES = ("aws", "gcp", "azure")
RECORD = LeaseRecord(2, "gcp", 3, "n", Rule.of("azure"), None, ("azure",), "confirm", "held", approved_by="someone")
SOUND, LOST = SlotStatus(False, 8_000, 512, "reserved"), SlotStatus(False, 8_000, 512, "lost")
PRIMARY: dict[str, Any] = {
    "epoch": 2, "holder": "gcp", "role": "primary", "writable": True, "applying": False, "following": None, "log": 6_000,
    "slots": {"aws": SOUND, "azure": replace(SOUND, active=True)}, "took_over": TookOverStatus("aws", 8_000),
    "table_bytes": 300 << 20,
}  # fmt: skip
FENCED: dict[str, Any] = {
    "epoch": 2, "holder": "gcp", "role": "fenced", "writable": False, "following": None, "log": 9_000,
    "slots": {"gcp": SOUND},
}  # fmt: skip
FOLLOWS: dict[str, Any] = {"epoch": 2, "holder": "gcp", "following": "gcp", "following_epoch": 2}


def facts(record: LeaseRecord | None = RECORD, silent: tuple[str, ...] = (), **words: dict[str, Any]) -> Facts:
    """Give aws fenced after its death, gcp as the new primary and azure following it, with changes."""
    told = {"aws": FENCED, "gcp": PRIMARY, "azure": FOLLOWS}
    said = {site: status_of(site, **{**told[site], **words.get(site, {})}) for site in SITES}
    return Facts(record, said, {site: 90.0 if site in silent else 0.4 for site in SITES})


def test_an_old_primary_goes_on_from_its_slot() -> None:
    """It is planned without a copy, with what it alone has as evidence, and survives being written down."""
    plan = plan_return(facts(), "aws", SITES)

    assert (plan.copy, plan.was_primary, plan.position, plan.alone_bytes) == (False, True, 8_000, 1_000)
    assert ReturnPlan.from_body(json.loads(json.dumps(plan.to_body()))) == plan


@pytest.mark.parametrize(
    "trouble", [{"went_back": "its database went back"}, {"trouble": ("a transaction was skipped",)}]
)
def test_a_follower_that_lacks_rows_may_be_copied(trouble: dict[str, Any]) -> None:
    """Though it follows: what it lacks does not come by following."""
    plan = plan_return(facts(azure={"health": Health(**trouble)}), "azure", SITES, copy=True)

    assert (plan.copy, plan.site) == (True, "azure")


def test_what_an_operator_signs_does_not_age() -> None:
    """Log that grows, tables that grow and words that age change no decision."""
    later = facts(aws={"log": 9_500}, gcp={"table_bytes": 400 << 20})

    hashes = {hash_of_plan(plan_return(now, "aws", SITES).to_body()) for now in (facts(), later)}

    assert len(hashes) == 1


def test_a_standby_that_was_not_heard_goes_on_from_its_understudy_slot() -> None:
    """It followed the same old primary, so the two share a history."""
    behind = {"following": "aws", "following_epoch": 1, "applied": 7_000, "slots": {"gcp": SOUND}}
    plan = plan_return(facts(azure=behind, gcp={"slots": {"azure": SOUND}}), "azure", SITES)

    assert (plan.copy, plan.was_primary, plan.old, plan.alone_bytes) == (False, False, "aws", 0)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"gcp": {"slots": {}}}, "the slot for aws on gcp is not there"),
        ({"gcp": {"slots": {"aws": LOST}}}, "the slot for aws on gcp is lost"),
        ({"aws": {"slots": {}}}, "the slot for gcp on aws is not there"),
        ({"gcp": {"took_over": TookOverStatus("azure", 5)}},
         "gcp took over from azure, and aws follows nobody: they share no history since then"),
        ({"aws": {"health": Health(went_back="its database went back")}}, "aws says that its database went back"),
        ({"gcp": {"took_over": None}}, "gcp took over from nobody, and aws follows nobody: they share no history since then"),
    ],
)  # fmt: skip
def test_a_copy_is_announced_with_its_reason_and_size(words: dict[str, Any], reason: str) -> None:
    """It is refused until a person allows it; then the plan carries the same reason."""
    with pytest.raises(CopyNeeded) as refused:
        plan_return(facts(**words), "aws", SITES)

    assert str(refused.value) == f"aws needs a full copy of 300.0 MiB, because {reason}: add --copy to allow it."
    assert plan_return(facts(**words), "aws", SITES, copy=True).reason == reason


@pytest.mark.parametrize(
    ("found", "site", "sentence"),
    [
        (facts(None), "aws", "2 of the 3 control stores must answer"),
        (facts(), "gcp", "gcp holds the lease of epoch 2: a primary follows nobody."),
        (facts(), "azure", "azure follows gcp already; there is nothing to do."),
        (facts(silent=("aws",)), "aws", "its agent has said nothing for 90.0 s"),
        (facts(silent=("gcp",)), "aws", "its agent has said nothing for 90.0 s"),
        (facts(replace(RECORD, state="switching", previous_rule=Rule.of("gcp"), runbook_id="failover-2")), "aws",
         "gcp is taking over at epoch 2 (failover-2)"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(found: Facts, site: str, sentence: str) -> None:
    """It names what stands in the way."""
    with pytest.raises(LifeboatError) as refused:
        plan_return(found, site, SITES)

    assert sentence in str(refused.value)


def test_who_is_astray() -> None:
    """A site that answers and follows nobody, or from a slot that is lost; a silent one cannot be helped."""
    assert astray(facts(), SITES) == ("aws",)
    assert astray(facts(gcp={"slots": {"aws": SOUND, "azure": LOST}}), SITES) == ("aws", "azure")
    assert astray(facts(silent=("aws",)), SITES) == ()
