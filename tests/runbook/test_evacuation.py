"""What still depends on a site, and whether the one before is ready to be primary again: facts, or not known."""

import asyncio
from pathlib import Path

import pytest

from scripts.embedded.layout import LocalSettings, decide, write_platform
from scripts.embedded.postgres_binaries import find_postgres
from scripts.runbook import evacuation, failback, sites
from scripts.runbook.errors import CannotFailBack, CannotJoin
from scripts.runbook.evacuation import Item
from scripts.runbook.inventory import Entry
from scripts.runbook.join_steps import plan_join
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.plan import Facts
from scripts.runbook.requests import Wish
from scripts.runbook.rule import Rule
from scripts.runbook.sites import Platform
from scripts.runbook.status import SlotStatus
from tests.conftest import free_port
from tests.runbook.invented_status import status_of

SITES = ("aws", "gcp", "azure")
HELD = LeaseRecord.first("aws", Rule.of("gcp", "azure"), ("gcp", "azure"))


def facts(record: LeaseRecord | None = HELD, **words: dict[str, object]) -> Facts:
    said = {site: status_of(site, **words.get(site, {})) for site in SITES}
    return Facts(record, said, dict.fromkeys(SITES, 0.4))


def states(items: list[Item]) -> dict[str, bool | None]:
    return {item.what: item.remains for item in items}


def test_the_primary_is_needed_for_its_role_and_by_its_followers() -> None:
    """The others are needed for the rule alone."""
    assert states(evacuation.roles(facts(), "aws")) == {"role": True, "rule": False, "followers": True}
    assert states(evacuation.roles(facts(), "gcp")) == {"role": False, "rule": True, "followers": False}
    assert states(evacuation.roles(facts(None), "gcp")) == {"role": None}


def test_a_name_that_nobody_answers_for_is_unknown() -> None:
    """Not seen is not left."""
    assert evacuation.public_name({}, "http://x", "aws").remains is None
    assert evacuation.public_name({"site": "aws"}, "http://x", "aws").remains is True
    assert evacuation.public_name({"site": "gcp"}, "http://x", "aws").remains is False


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """Give a platform of which no store answers."""
    layout = decide(LocalSettings(tmp_path / "local", edge_port=free_port()), find_postgres())
    write_platform(layout)
    return sites.load(layout.folder)


def test_with_no_store_answering_nothing_is_called_left(platform: Platform) -> None:
    """Journals and pictures are unknown, and the register's object remains."""
    found = states(asyncio.run(evacuation.dependences(platform, facts(), {}, (), "gcp")))

    assert (found["journal"], found["media"], found["register"]) == (None, None, True)


def entry(kind: str, vendor: str, owner: str, site: str = "") -> Entry:
    return Entry(kind, vendor, owner, "somebody", "the other one", recovery=True, site=site)


def test_the_inventory_says_what_nobody_else_gives() -> None:
    """What stands with the site's owner, under another name of that company too; the rest is not of interest."""
    entries = (entry("state", "S3", "Amazon", "aws"), entry("state", "Blob", "Microsoft", "azure"),
               entry("registrar", "Route 53 Domains", "Amazon"), entry("mail", "Exchange", "Microsoft"))  # fmt: skip

    state, registrar = evacuation.listed(entries, "aws")

    assert (state.what, state.remains, state.fact) == (
        "state", False, "the inventory lists S3; also given by Microsoft")  # fmt: skip
    assert (registrar.remains, registrar.remedy) == (True, "the other one")
    assert registrar.fact == "the inventory lists Route 53 Domains; also given by nobody else"


LATE = SlotStatus(True, 0, 0, "reserved")
FAR = {"log": 20 * 2**20, "slots": {"azure": LATE}}
NOT_READY = {
    "it follows nobody": (
        facts(azure={"following": None}),
        "azure does not follow aws: let it follow with `lifeboat rejoin azure` first.",
    ),
    "it is far behind": (
        facts(aws=FAR),
        "azure is 20,971,520 bytes behind aws: wait until it is less than 16,777,216.",
    ),
    "the primary has no slot for it": (
        facts(aws={"slots": {}}),
        "aws does not say how far azure is: look at the agent of aws.",
    ),
    "it does not count yet": (
        facts(LeaseRecord.first("aws", Rule.of("gcp"), ("gcp",))),
        "azure does not count in the rule of aws yet: it does as soon as it has kept in step.",
    ),
    "it says nothing": (
        Facts(HELD, {"aws": status_of("aws")}, {"aws": 0.4}),
        "azure says nothing of itself: bring it back first, then let it follow with `lifeboat rejoin`.",
    ),
}


@pytest.mark.parametrize(("found", "sentence"), NOT_READY.values(), ids=NOT_READY.keys())
def test_a_site_that_is_not_in_step_does_not_fail_back(found: Facts, sentence: str) -> None:
    """The number, or the command that it takes."""
    with pytest.raises(CannotFailBack) as refused:
        failback.check(found, "azure")

    assert str(refused.value) == sentence


CANNOT_JOIN = {
    "the primary": ("aws", facts(), "aws is the primary; it cannot follow itself."),
    "a follower": ("azure", facts(), "azure follows aws already; there is nothing to do."),
    "one that was here before": (
        "azure",
        facts(azure={"following": None}),
        "aws keeps a slot for azure from before: let it return with `lifeboat rejoin azure --copy`.",
    ),
    "one without an agent": (
        "azure",
        Facts(HELD, {"aws": status_of("aws")}, {"aws": 0.4}),
        "azure does not answer, and its agent must do it: bring it back first.",
    ),
}


@pytest.mark.parametrize(("site", "found", "sentence"), CANNOT_JOIN.values(), ids=CANNOT_JOIN.keys())
def test_a_site_that_is_not_new_does_not_join(site: str, found: Facts, sentence: str) -> None:
    """One sentence, with the command that fits instead."""
    with pytest.raises(CannotJoin) as refused:
        plan_join(found, Wish("join", site), SITES)

    assert str(refused.value) == sentence


def test_a_new_site_joins() -> None:
    """Empty, heard, and nobody at the primary knows it yet."""
    plan = plan_join(facts(azure={"following": None}, aws={"slots": {}}), Wish("join", "azure"), SITES)

    assert (plan.primary, plan.epoch, plan.others) == ("aws", 1, ("gcp",))


def test_a_site_in_step_may_fail_back() -> None:
    """It follows, counts, and is a few bytes behind."""
    failback.check(facts(), "azure")
