"""From facts to a plan, or to the exact sentence that refuses it."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from scripts.runbook.errors import DataMayBeLost, LifeboatError, NobodyFollows, OtherTables, PrimaryWentBack
from scripts.runbook.health import Health
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.plan import Facts, FailoverPlan, new_rule, plan_failover, plan_switchover, plan_to_resume
from scripts.runbook.rule import Clause, Rule
from tests.runbook.invented_status import status_of

SITES = ("aws", "gcp", "azure")
ANY_OF_BOTH = Rule.of("gcp", "azure")
HELD = LeaseRecord.first("aws", ANY_OF_BOTH, ("gcp", "azure"))
# gcp has won epoch 2 from aws, and azure is to follow it.
SWITCHING = LeaseRecord(2, "gcp", 0, "n", Rule.of("azure"), ANY_OF_BOTH, ("azure",), "confirm", "switching",
                        approved_by="someone", runbook_id="failover-2-to-gcp-abc")  # fmt: skip
WENT_BACK = Health(went_back="its database went back to an earlier state")
AT_NINE, AT_EIGHT = Health(revision="0009", schema="a1a1a1a1a1"), Health(revision="0008", schema="c3c3c3c3c3")
# A site whose agent or database was lost with its cloud.
GONE = 90.0


def facts(record: LeaseRecord | None = HELD, *, silent: tuple[str, ...] = ("aws",),
          never: tuple[str, ...] = (), **words: dict[str, Any]) -> Facts:  # fmt: skip
    """Give what a preflight found: who is `silent` for 90 s, who was `never` heard, and what else a site said."""
    said = {site: status_of(site, **words.get(site, {})) for site in SITES if site not in never}
    return Facts(record, said, {site: GONE if site in silent else 0.4 for site in said})


def test_a_failover_from_a_dead_primary_is_planned() -> None:
    """Both standbys are heard, the other one follows and its confirmation is the new rule; nothing is at risk."""
    plan = plan_failover(facts(), "gcp", SITES)

    assert plan == FailoverPlan(
        old="aws", new="gcp", from_epoch=1, rule=Rule.of("azure"), hears=("azure",), followers=("azure",),
        at_risk_bytes=0,
        evidence=(
            "aws holds epoch 1, last heard 90.0 s ago",
            "gcp has applied 8,000 bytes of its log, last heard 0.4 s ago",
            "azure has applied 8,600 bytes of its log, last heard 0.4 s ago",
        ),
    )  # fmt: skip
    assert plan.epoch == 2


@pytest.mark.parametrize(("to", "other"), [("gcp", "azure"), ("azure", "gcp")])
def test_either_standby_may_take_over(to: str, other: str) -> None:
    """Also the one that is behind: it takes the other's tail."""
    plan = plan_failover(facts(), to, SITES)

    assert (plan.new, plan.hears, plan.followers, plan.rule) == (to, (other,), (other,), Rule.of(other))


@dataclass(frozen=True)
class Refused:
    """One refusal: what was found, what was asked for, and the sentence."""

    why: str
    found: Facts
    sentence: str
    to: str = "gcp"
    single_copy: bool = False
    accept: int | None = None


AT_RISK = (
    "Refused: azure does not answer and may be the only one that holds up to {0} bytes of acknowledged writes. "
    "Bring it back, or accept that loss with --accept-data-loss {0}."
)
ALONE = (
    "Refused: azure would not follow gcp, so gcp could acknowledge nothing. Bring it back, or go on with one copy alone "
    "by --single-copy: every status shows it until it ends."
)
CANNOT = "{0} cannot take over: {1}. Choose another site, or bring {0} back first."

REFUSALS = [
    Refused(
        "no register",
        facts(None),
        "The register cannot be read: 2 of the 3 control stores must answer (no answer). "
        "Restore access to one, then try again.",
    ),
    Refused("it is the primary", facts(), "aws is the primary already, at epoch 1; there is nothing to do.", to="aws"),
    Refused(
        "a move is under way",
        facts(SWITCHING),
        "gcp is taking over at epoch 2, by the word of someone (failover-2-to-gcp-abc) and answers: let it end, "
        "or finish it with `lifeboat failover --to gcp --yes`.",
        to="azure",
    ),
    Refused(
        "its agent",
        facts(silent=("aws", "gcp")),
        CANNOT.format("gcp", "its agent has said nothing for 90.0 s"),
    ),
    Refused(
        "never heard",
        facts(never=("gcp",)),
        CANNOT.format("gcp", "its agent has said nothing for longer than anybody remembers"),
    ),
    Refused(
        "it stands at another migration",
        facts(aws={"health": AT_NINE}, gcp={"health": AT_EIGHT}, azure={"health": AT_NINE}),
        "gcp cannot take over: its tables are not those of aws (revision 0008, not 0009). Choose azure, or make them the same "
        "first: `lifeboat readiness` says how.",
    ),
    Refused(
        "it has other columns",
        facts(
            aws={"health": AT_NINE}, gcp={"health": replace(AT_NINE, schema="b2b2b2b2b2")}, azure={"health": AT_NINE}
        ),
        "gcp cannot take over: its tables are not those of aws (other columns or keys: b2b2b2b2, not a1a1a1a1). Choose azure, "
        "or make them the same first: `lifeboat readiness` says how.",
    ),
    Refused(
        "its database went back",
        facts(gcp={"health": WENT_BACK}),
        CANNOT.format("gcp", "its database went back to an earlier state"),
    ),
    Refused(
        "the other's database went back, so that its word saves nothing",
        facts(azure={"health": WENT_BACK}),
        "Refused: azure went back to an earlier state of its database and may have been the only one that held up to 1000 "
        "bytes of acknowledged writes. Bring it back, or accept that loss with --accept-data-loss 1000.",
    ),
    Refused(
        "an old primary that came back",
        facts(replace(HELD, holder="gcp", rule=Rule.of("azure"), epoch=2), silent=("gcp",), gcp={"following": None}),
        CANNOT.format("aws", "it follows nobody, and gcp holds the lease"),
        to="aws",
    ),
    Refused(
        "it follows an earlier primary",
        facts(replace(HELD, holder="azure", rule=Rule.of("gcp")), silent=("azure",)),
        CANNOT.format("gcp", "it follows aws, and azure holds the lease"),
    ),
    Refused("the old primary's log was ahead", facts(silent=("aws", "azure")), AT_RISK.format(1_000)),
    Refused(
        "the silent standby was ahead of every word of the old primary",
        facts(silent=("aws", "azure"), azure={"applied": 9_700}),
        AT_RISK.format(1_700),
    ),
    Refused("only the standby's word is left", facts(never=("aws",), silent=("azure",)), AT_RISK.format(600)),
    Refused("nobody knows how much", facts(never=("aws", "azure")), AT_RISK.format(1)),
    Refused("all seemed equal", facts(silent=("aws", "azure"), gcp={"applied": 9_900}), AT_RISK.format(1)),
    Refused("another number was accepted", facts(silent=("aws", "azure")), AT_RISK.format(1_000), accept=999),
    Refused("a single copy saves no data", facts(silent=("aws", "azure")), AT_RISK.format(1_000), single_copy=True),
    Refused("loss accepted, nobody follows", facts(silent=("aws", "azure")), ALONE, accept=1_000),
    Refused(
        "nothing is lost, but nobody follows",
        facts(replace(HELD, rule=Rule.of("gcp", "azure", needed=2)), silent=("aws", "azure")),
        ALONE,
    ),
    Refused(
        "the primary acknowledged alone",
        facts(replace(HELD, rule=Rule.single_copy())),
        AT_RISK.format(400).replace("azure", "aws"),
    ),
    Refused(
        "a standby that follows somebody else is not heard",
        facts(azure={"following": None}),
        AT_RISK.format(1_000),
    ),
    Refused(
        "a move whose holder died: under the earlier rule gcp alone may have confirmed",
        facts(SWITCHING, silent=("aws", "gcp")),
        AT_RISK.format(400).replace("azure", "gcp"),
        to="azure",
    ),
]


def test_with_nobody_left_to_follow_all_others_are_named() -> None:
    """The old primary and the one that died on its way count as others too."""
    with pytest.raises(NobodyFollows, match=r"^Refused: aws and gcp would not follow azure, so azure could"):
        plan_failover(facts(SWITCHING, silent=("aws", "gcp")), "azure", SITES, accept_data_loss=400)


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.why)
def test_it_refuses_in_one_sentence(case: Refused) -> None:
    """The reason, the number and the way out are in it."""
    with pytest.raises(LifeboatError) as refused:
        plan_failover(case.found, case.to, SITES, single_copy=case.single_copy, accept_data_loss=case.accept)

    assert str(refused.value) == case.sentence


def test_what_a_person_accepted_is_in_the_plan() -> None:
    """With the exact number and --single-copy it goes on alone, and the plan says what that may cost."""
    plan = plan_failover(facts(silent=("aws", "azure")), "gcp", SITES, single_copy=True, accept_data_loss=1_000)

    assert (plan.at_risk_bytes, plan.hears, plan.followers, plan.rule) == (1_000, (), (), Rule.single_copy())


def test_a_single_copy_still_hears_a_standby_that_answers() -> None:
    """Nobody follows by the person's choice, but what the other standby has is taken first."""
    plan = plan_failover(facts(), "gcp", SITES, single_copy=True)

    assert (plan.hears, plan.followers, plan.at_risk_bytes) == (("azure",), (), 0)


def test_under_a_rule_of_both_one_standby_has_everything() -> None:
    """Every acknowledged write is on each of them, so a silent one puts nothing at risk."""
    record = replace(HELD, rule=Rule.of("gcp", "azure", needed=2))

    plan = plan_failover(facts(record, silent=("aws", "azure")), "gcp", SITES, single_copy=True)

    assert plan.at_risk_bytes == 0


def test_a_move_whose_holder_died_is_planned_on_the_log_that_the_candidate_follows() -> None:
    """gcp won epoch 2 and died; azure still follows aws: positions are asked for in the log of aws, under epoch 3."""
    found = facts(SWITCHING, silent=("aws", "gcp"))

    plan = plan_failover(found, "azure", SITES, single_copy=True, accept_data_loss=400)

    assert (plan.old, plan.new, plan.from_epoch, plan.epoch) == ("aws", "azure", 2, 3)


def test_the_clause_of_the_joint_phase_counts_too() -> None:
    """In a joint rule a silent site of either clause may hold what nobody else has."""
    joint = Rule((Clause(("gcp", "azure"), 1), Clause(("gcp",), 1)))

    with pytest.raises(DataMayBeLost) as refused:
        plan_failover(facts(replace(HELD, rule=joint), silent=("aws", "azure")), "gcp", SITES)

    assert refused.value.at_risk_bytes == 1_000


@pytest.mark.parametrize(
    ("followers", "rule"), [(("azure",), Rule.of("azure")), (SITES[1:], ANY_OF_BOTH), ((), Rule.single_copy())]
)
def test_the_first_rule_of_a_new_primary(followers: tuple[str, ...], rule: Rule) -> None:
    """Any one of those who follow, or the single copy."""
    assert new_rule(followers) == rule


def resumed(found: Facts, to: str = "gcp", accept: int | None = None) -> FailoverPlan:
    plan = plan_to_resume(found, to, accept)
    assert plan
    assert plan.resumes == "failover-2-to-gcp-abc"
    return plan


def test_a_move_that_was_begun_is_resumed_as_it_was_decided() -> None:
    """The epoch, the rule and the followers are those of the register, and the runbook keeps its name."""
    plan = resumed(facts(SWITCHING))

    assert (plan.old, plan.new, plan.from_epoch, plan.epoch) == ("aws", "gcp", 1, 2)
    assert (plan.rule, plan.hears, plan.followers, plan.at_risk_bytes) == (Rule.of("azure"), ("azure",), ("azure",), 0)
    assert plan.evidence == ("gcp won epoch 2 by failover-2-to-gcp-abc, which did not end",)


@pytest.mark.parametrize(
    ("record", "to"),
    [
        (None, "gcp"),
        (HELD, "gcp"),
        (HELD, "aws"),
        (SWITCHING, "azure"),
        (replace(SWITCHING, runbook_id=None), "gcp"),
        (replace(SWITCHING, state="held", previous_rule=None), "gcp"),
    ],
)
def test_there_is_nothing_to_resume(record: LeaseRecord | None, to: str) -> None:
    """A settled lease, another site's move and a move without a name are no runs of ours."""
    assert plan_to_resume(facts(record), to) is None


def test_after_the_promotion_a_resumed_run_asks_only_its_followers() -> None:
    """It follows nobody any more, so nothing can be taken from anybody; its old primary is the one that said so last."""
    plan = resumed(facts(replace(SWITCHING, rule=Rule.single_copy()), gcp={"following": None}))

    assert (plan.old, plan.hears, plan.followers) == ("aws", (), ())


def test_the_old_primary_of_a_resumed_run_is_the_one_of_the_epoch_before() -> None:
    """With two sites outside the earlier rule, the one that held the epoch before is meant."""
    record = replace(SWITCHING, epoch=3, holder="azure", rule=Rule.of("gcp"), previous_rule=Rule.of("azure"))
    found = facts(record, silent=("aws", "gcp"), azure={"following": None}, aws={"role": "fenced"},
                  gcp={"role": "primary", "epoch": 2})  # fmt: skip

    plan = plan_to_resume(found, "azure")

    assert plan
    assert plan.old == "gcp"


def test_a_standby_that_fell_silent_meanwhile_stops_a_resumed_run() -> None:
    """It was killed before it had the silent site's tail: the number comes again, and is accepted in the same way."""
    record, found = replace(SWITCHING, rule=Rule.single_copy()), ("aws", "azure")

    with pytest.raises(DataMayBeLost) as refused:
        plan_to_resume(facts(record, silent=found), "gcp")
    accepted = resumed(facts(record, silent=found), accept=1_000)

    assert str(refused.value) == AT_RISK.format(1_000)
    assert (accepted.hears, accepted.at_risk_bytes) == ((), 1_000)


def test_a_follower_that_fell_silent_meanwhile_is_still_asked() -> None:
    """The register says that it follows: the run waits for its word and does not go on as if there were none."""
    record = replace(SWITCHING, previous_rule=Rule.of("gcp", "azure", needed=2))

    plan = resumed(facts(record, silent=("aws", "azure")))

    assert plan.hears == plan.followers == ("azure",)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (facts(SWITCHING, never=("gcp",)), "its agent has said nothing for longer than anybody remembers"),
        (facts(SWITCHING, silent=("gcp",)), "its agent has said nothing for 90.0 s"),
    ],
)
def test_a_dead_site_does_not_resume(found: Facts, why: str) -> None:
    """It won its epoch and died: one sentence, as for a new move."""
    with pytest.raises(LifeboatError) as refused:
        plan_to_resume(found, "gcp")

    assert str(refused.value) == CANNOT.format("gcp", why)


def test_a_primary_whose_database_went_back_hands_nothing_over() -> None:
    """It would wait for a standby to confirm what that confirmed already for something else; the sentence names the way out."""
    with pytest.raises(PrimaryWentBack) as refusal:
        plan_switchover(facts(silent=(), aws={"health": WENT_BACK}), "gcp", SITES)

    assert str(refusal.value) == (
        "aws must not hand over: its database went back to an earlier state. Use `lifeboat failover --to gcp`."
    )


def test_a_standby_takes_over_from_a_primary_whose_database_went_back() -> None:
    """It answers, holds the lease still, and is left behind all the same."""
    plan = plan_failover(facts(silent=(), aws={"health": WENT_BACK}), "gcp", SITES)

    assert (plan.old, plan.new, plan.followers) == ("aws", "gcp", ("azure",))


def test_where_no_standby_has_the_primary_s_tables_the_plan_says_so() -> None:
    """A dead primary helps nobody: the platform goes on with what there is, and a person reads it before they act."""
    plan = plan_failover(
        facts(aws={"health": AT_NINE}, gcp={"health": AT_EIGHT}, azure={"health": AT_EIGHT}), "gcp", SITES
    )

    assert "gcp's tables are not those of aws: revision 0008, not 0009" in plan.evidence


def test_a_planned_move_waits_until_the_tables_are_the_same() -> None:
    """Nothing presses: the sentence says what to do first."""
    here = facts(silent=(), aws={"health": AT_NINE}, gcp={"health": AT_EIGHT}, azure={"health": AT_EIGHT})

    with pytest.raises(OtherTables, match=r"aws \(revision 0008, not 0009\)\. Make them the same first"):
        plan_switchover(here, "gcp", SITES)


def test_the_middle_of_a_migration_has_rules_of_its_own() -> None:
    """The sites differ there for a moment: a primary that fell silent in it can be replaced."""
    marked = replace(HELD, migration="migrate-1-to-aws-abc")
    here = facts(marked, aws={"health": AT_NINE}, gcp={"health": AT_EIGHT}, azure={"health": AT_NINE})

    assert plan_failover(here, "gcp", SITES).over_migration == "migrate-1-to-aws-abc"
