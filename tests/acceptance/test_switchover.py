"""A planned round trip under load: aws hands over to gcp, gcp to azure, azure back to aws; then aws dies after all."""

import asyncio

import pytest

from scripts.embedded.local_sites import LocalSites
from scripts.embedded.writers import Writers, read_back
from tests.acceptance.conftest import Person

pytestmark = pytest.mark.acceptance


def test_around_and_back_and_then_a_death(local: LocalSites, person: Person, people: Writers) -> None:
    """Every move loses nothing, both other sites follow each new primary, and the last death finds a way out."""
    assert person.waits_until(lambda: len(people.ledger.posts) > 5)

    for epoch, (old, new) in enumerate((("aws", "gcp"), ("gcp", "azure"), ("azure", "aws")), 2):
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
