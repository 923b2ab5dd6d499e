"""A planned round trip under load: aws hands over to gcp, gcp to azure, azure back to aws; then aws dies after all."""

import asyncio

import pytest

from scripts.embedded import programs
from scripts.embedded.local_sites import LocalSites
from scripts.embedded.writers import Writers, read_back
from tests.acceptance.conftest import Person, start_mortal_agent
from tests.told_environment import served_agent

pytestmark = pytest.mark.acceptance


def test_both_agents_may_die_in_the_middle(local: LocalSites, person: Person) -> None:
    """The old primary's after it drained and after it released, the new one's while it waits: the move goes on by itself."""
    assert person.waits_until(lambda: person.lifeboat("switchover", "--to", "gcp").returncode == 0)
    for site in ("aws", "gcp"):
        local.supervisor.kill(site, "agent")
    old, new = start_mortal_agent(local, "aws", "drain"), start_mortal_agent(local, "gcp", "await_hand_over")
    assert person.waits_until(lambda: person.lifeboat("switchover", "--to", "gcp").returncode == 0)
    word = person.begins("switchover", "--to", "gcp", "--yes")
    drained = person.waits_until(lambda: old.find() is None)
    old = start_mortal_agent(local, "aws", "hand_over")
    released = person.waits_until(lambda: old.find() is None)
    heard = person.waits_until(lambda: new.find() is None)
    for site in ("aws", "gcp"):
        local.supervisor.start(programs.agent(local.layout, site))
    said, complaint = word.communicate(timeout=120)

    assert (drained, released, heard) == (True, True, True)
    assert word.returncode == 0, complaint
    assert "switchover to gcp is done" in said
    assert person.waits_until(lambda: person.status()["sites"]["aws"]["following"] == "gcp")
    home = person.lifeboat("failback", "--yes")
    assert home.returncode == 0, home.stderr
    assert person.waits_until(lambda: person.status()["sites"]["gcp"]["following"] == "aws")
    assert person.status()["epoch"] == 3


def test_agents_need_no_folder(local: LocalSites, person: Person) -> None:
    """Started from their environment alone, as in a cloud, they keep the lease and their word; the moves below are theirs."""
    for site in ("aws", "gcp", "azure"):
        before = person.status()["sites"][site]["started"]
        local.supervisor.kill(site, "agent")
        local.supervisor.start(served_agent(local.layout, site))
        assert person.waits_until(lambda site=site, before=before: person.status()["sites"][site]["started"] != before)
    assert person.waits_until(lambda: person.readiness().get("writable") is True)
    assert person.status()["epoch"] == 3


def test_around_and_back_and_then_a_death(local: LocalSites, person: Person, people: Writers) -> None:
    """Every move loses nothing, both other sites follow each new primary, and the last death finds a way out."""
    assert person.waits_until(lambda: len(people.ledger.posts) > 5)

    for epoch, (old, new) in enumerate((("aws", "gcp"), ("gcp", "azure"), ("azure", "aws")), 4):
        before = len(people.ledger.posts)
        moved = person.lifeboat("switchover", "--to", new, "--yes")
        assert moved.returncode == 0, moved.stderr
        assert person.waits_until(lambda before=before: len(people.ledger.posts) > before + 5)
        assert person.waits_until(lambda new=new, old=old: person.status()["sites"][old]["following"] == new)
        status = person.status()
        assert (status["primary"], status["epoch"]) == (new, epoch)
        assert {site["following"] for name, site in status["sites"].items() if name != new} == {new}
        assert set(status["rule"][0]["sync"]) == {"aws", "gcp", "azure"} - {new}
    local.supervisor.kill("aws")
    died = person.lifeboat("failover", "--to", "gcp", "--yes")
    after = len(people.ledger.posts)

    assert died.returncode == 0, died.stderr
    assert person.waits_until(lambda: len(people.ledger.posts) > after + 3)
    back = asyncio.run(read_back(local.layout.app_url("gcp"), people.ledger))
    assert (back.lost_posts, back.lost_pictures) == ((), ())


def test_a_primary_that_is_gone_cannot_hand_over(local: LocalSites, person: Person) -> None:
    """It says that this is a case for a failover, and changes nothing."""
    local.supervisor.kill("gcp", "agent")
    assert person.waits_until(lambda: person.lifeboat("switchover", "--to", "azure").returncode != 0)

    refused = person.lifeboat("switchover", "--to", "azure", "--yes")

    assert refused.stderr.strip() == "gcp does not answer, so it cannot hand over: use `lifeboat failover --to azure`."
