"""What readiness says of a platform that is well, and of each way in which it is not."""

import dataclasses
from typing import Any

import pytest

from scripts.runbook.ballots import AcceptorState, Ballot
from scripts.runbook.health import Health
from scripts.runbook.lease import LeaseRecord, Terms
from scripts.runbook.nameserver import Answer
from scripts.runbook.readiness import Line, ReadinessFacts, Seen, State, is_red, worst
from scripts.runbook.readiness_facts import judge
from scripts.runbook.rule import Rule
from scripts.runbook.status import SiteStatus, SlotStatus
from tests.runbook.invented_status import status_of

SITES = ("aws", "gcp", "azure")
EDGE = "aws.edge.social.test"
WELL = Health(
    schema="same", published="tables", followed="tables", proved_age=10.0, proven=("gcp", "azure"), clock_ahead=0.2,
    certificate_days=300.0, disk_free=90 << 30, disk_total=100 << 30, versions={"postgres": "17.2"},
    reached=dict.fromkeys(SITES, ""),
)  # fmt: skip
SLOTS = {site: SlotStatus(True, 9_000, 512, "reserved") for site in ("gcp", "azure")}


def word(site: str, **changes: Any) -> SiteStatus:
    """Return the word of a site that is well."""
    parts: dict[str, Any] = {"health": WELL, "slots": SLOTS if site == "aws" else {}}
    return status_of(site, **{**parts, **changes})


def record(**changes: Any) -> LeaseRecord:
    return dataclasses.replace(LeaseRecord.first("aws", Rule.of("gcp", "azure"), ("gcp", "azure")), **changes)


def facts(**changes: Any) -> ReadinessFacts:
    """Return what is known of a platform that could move right now."""
    vote = AcceptorState("test", 1, Ballot(9, "aws", "x"), Ballot(8, "aws", "x"), record().to_value())
    names = tuple(Answer(vendor, EDGE, 1) for vendor in ("knot", "local"))
    well = ReadinessFacts(
        sites=SITES, terms=Terms(15, 5, 0.01, 0.5), record=record(), votes=dict.fromkeys(SITES, vote),
        seen={site: Seen(word(site), 0.4) for site in SITES}, reader_ahead=-0.3, names=names, wanted=EDGE,
        drill_days=3.0, inventory=(), images=dict.fromkeys(SITES, "sha256:1"), is_local=True,
    )  # fmt: skip
    return dataclasses.replace(well, **changes)


def with_word(site: str, **changes: Any) -> ReadinessFacts:
    """Return the facts with something else in one site's word."""
    seen = {**facts().seen, site: Seen(word(site, **changes), 0.4)}
    return facts(seen=seen)


def with_health(site: str, **changes: Any) -> ReadinessFacts:
    return with_word(site, health=dataclasses.replace(WELL, **changes))


def red(known: ReadinessFacts) -> list[Line]:
    return [line for line in judge(known) if line.state >= State.PRE_STAGE]


def test_a_platform_that_is_well_is_not_red() -> None:
    """It shows green lines, and honestly what was never set up."""
    lines = judge(facts())

    assert red(facts()) == []
    assert worst(lines) is State.ARM
    assert {line.what for line in lines if line.state is State.ARM} == {"escrow", "notices"}
    assert all(line.to_do for line in lines if line.state)
    assert not any(line.to_do for line in lines if not line.state)


BROKEN = {
    "a clock 10 s off": (with_health("gcp", clock_ahead=10.0), "gcp: clock", "10.0 s ahead of the stores"),
    "this machine's clock off": (facts(reader_ahead=-75.0), "this machine: clock", "75.0 s behind the stores"),
    "an agent paused 90 s": (
        facts(seen={**facts().seen, "azure": Seen(word("azure"), 90.0)}), "azure: agent", "heard 90.0 s ago"),
    "an agent never heard": (
        facts(seen={**facts().seen, "azure": Seen(None, failures={"aws": "403"})}), "azure: agent", "aws: 403"),
    "a slot lost": (
        with_word("aws", slots={**SLOTS, "gcp": SlotStatus(False, 1, 1, "lost")}), "gcp: slot", "the log it needs is gone"),
    "a slot gone": (with_word("aws", slots={"gcp": SLOTS["gcp"]}), "azure: slot", "no slot for it"),
    "a slot that keeps too much log": (
        with_word("aws", slots={**SLOTS, "gcp": SlotStatus(True, 9_000, 9 << 30, "extended")}), "gcp: slot", "9,216 MiB"),
    "another schema": (with_health("azure", schema="other"), "azure: schema", "another one"),
    "a subscription in error": (
        with_health("gcp", trouble=("its subscription lifeboat_from_aws is disabled",)), "gcp: subscription", "disabled"),
    "a standby whose database went back": (
        with_health("gcp", went_back="its database went back to an earlier state"), "gcp: database", "earlier state"),
    "other tables": (with_health("gcp", followed="fewer"), "gcp: subscription", "other tables"),
    "a full disk": (with_health("azure", disk_free=2 << 30), "azure: disk", "2.0 of 100 GiB free"),
    "an expired database credential": (
        with_health("azure", reached={"aws": "password authentication failed"}),
        "azure: link to the database of aws", "password authentication failed"),
    "an expired store credential": (
        with_word("gcp", store_failures={"azure": "403 AuthenticationFailed"}), "gcp: reaches control stores", "403"),
    "a certificate about to end": (with_health("aws", certificate_days=2.0), "aws: database certificate", "2 days"),
    "a link that would carry nothing": (
        with_health("gcp", reached={"aws": "", "azure": "no answer within 2 seconds"}),
        "gcp: link to the database of azure", "no answer"),
    "a role with more rights than it needs": (
        with_health("gcp", excess=("lifeboat_app owns posts",)), "gcp: rights beyond need", "owns posts"),
    "an edge whose certificate was not renewed": (
        with_health("azure", edge_days=2.0), "azure: certificate for the app's name", "2 days"),
    "an edge that would serve nobody": (
        with_health("azure", edge_days=60.0, edge_fault="it answered HTTP/1.1 504"), "azure: edge", "serve nobody"),
    "a zone failover that would lose the slots": (
        with_health("azure", frail_settings=("sync_replication_slots",)), "azure: settings", "no slot would survive"),
    "a setting that waits": (with_health("azure", pending=("wal_level",)), "azure: settings", "wal_level"),
    "a site that follows nobody": (with_word("gcp", following=None, following_epoch=0), "gcp: follows", "nobody"),
    "no measurement": (with_word("gcp", health=None), "gcp: health", "not measured"),
    "one standby out of the rule": (
        facts(record=record(rule=Rule.of("azure"), live=("azure",))), "rule", "gcp left it"),
    "one copy": (facts(record=record(rule=Rule.single_copy(), live=(), approved_by="ada")), "rule", "by the word of ada"),
    "nobody confirms": (
        with_word("aws", alarms=("nothing is acknowledged: no standby of the rule confirms",)), "rule", "nothing is acknow"),
    "a primary that takes no writes": (with_word("aws", writable=False), "lease", "takes no writes"),
    "a move under way": (facts(record=record(state="switching", previous_rule=Rule.of("gcp"))), "lease", "switching"),
    "a migration under way": (facts(record=record(migration="migrate-1")), "lease", "in the middle of migrate-1"),
    "a register store gone": (facts(votes={**facts().votes, "azure": "no such object"}), "register stores", "no such object"),
    "two register stores gone": (
        facts(votes={"aws": facts().votes["aws"], "gcp": "403", "azure": "403"}), "register stores", "gcp: 403"),
    "a DNS vendor down": (facts(names=(Answer("knot", error="knot did not answer."), facts().names[1])), "DNS", "knot"),
    "DNS elsewhere": (facts(names=(Answer("knot", "gcp.edge.social.test", 0), facts().names[1])), "DNS", "gcp.edge"),
    "no drill for a month": (facts(drill_days=31.0), "last drill or move", "31 days"),
    "no drill ever": (facts(drill_days=None), "last drill or move", "never"),
    "two servers' versions": (with_health("azure", versions={"postgres": "18.1"}), "PostgreSQL", "azure: 18"),
    "two images": (facts(images={"aws": "1", "gcp": "1", "azure": "2"}), "image", "azure: 2"),
    "no TLS in public": (facts(is_local=False), "public certificate", "without TLS"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_said_before(name: str) -> None:
    """It is red for exactly that reason, in a line that names what was seen and what to do."""
    known, what, says = BROKEN[name]

    lines = red(known)

    assert is_red(judge(known))
    assert {line.what for line in lines} == {what}
    assert says in lines[0].seen
    assert lines[0].to_do


def test_little_trouble_only_arms() -> None:
    """An unproved way back, a single DNS vendor, an alarm or a busy disk is said, and blocks nothing."""
    for known, what in (
        (with_health("gcp", proven=()), "gcp: could be followed"),
        (facts(names=facts().names[:1]), "DNS"),
        (with_word("gcp", alarms=("the agent of azure says nothing",)), "alarm of gcp"),
        (with_health("azure", disk_free=15 << 30), "azure: disk"),
        (with_health("aws", frail_slots=("to_gcp",)), "aws: slots"),
    ):
        assert red(known) == []
        assert what in {line.what for line in judge(known) if line.state is State.ARM}


def test_without_a_register_the_sites_are_still_judged() -> None:
    """It says that nobody can become primary, and goes on with what each site says of itself."""
    lines = judge(facts(record=None, wanted=None, votes=dict.fromkeys(SITES, "403")))

    assert lines[0] == Line("register stores", State.GO, lines[0].seen, lines[0].to_do)
    assert "azure: agent" in {line.what for line in lines}
