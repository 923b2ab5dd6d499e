"""The site that takes over dies in the middle of it: the third site goes on, or says in one sentence what that may cost."""

import re

import pytest

from scripts.embedded.local_sites import LocalSites
from tests.acceptance.conftest import Person, start_mortal_agent

pytestmark = pytest.mark.acceptance

AT_RISK = re.compile(r"Refused: gcp does not answer .* accept that loss with --accept-data-loss (\d+)\.")


def end_but_for_its_store(local: LocalSites, site: str) -> None:
    """End everything of a site but its object store, so that two deaths leave the register readable."""
    for name in ("agent", "app", "worker", "postgres"):
        if any(one.name == name for one in local.supervisor.alive(site)):
            local.supervisor.kill(site, name)


def test_the_third_site_goes_on_for_a_stated_price(local: LocalSites, person: Person) -> None:
    """gcp dies after it was promoted: what it alone may have confirmed is a number, and no other number is accepted."""
    assert person.waits_until(lambda: person.lifeboat("failover", "--to", "gcp").returncode == 0)
    end_but_for_its_store(local, "aws")
    local.supervisor.kill("gcp", "agent")
    mortal = start_mortal_agent(local, "gcp", "promote")
    assert person.waits_until(lambda: person.lifeboat("failover", "--to", "gcp").returncode == 0)
    first = person.begins("failover", "--to", "gcp", "--yes")
    assert person.waits_until(lambda: mortal.find() is None)
    end_but_for_its_store(local, "gcp")
    first.terminate()
    first.communicate(timeout=20)

    assert person.waits_until(lambda: AT_RISK.search(person.lifeboat("failover", "--to", "azure").stderr) is not None)
    found = AT_RISK.search(person.lifeboat("failover", "--to", "azure", "--yes").stderr)
    assert found is not None
    other = person.lifeboat(
        "failover", "--to", "azure", "--single-copy", "--accept-data-loss", str(int(found[1]) + 1), "--yes"
    )
    price = ("--single-copy", "--accept-data-loss", found[1])
    moved = person.lifeboat("failover", "--to", "azure", *price, "--yes")

    assert AT_RISK.search(other.stderr) is not None
    assert moved.returncode == 0, moved.stderr
    status = person.status()
    assert (status["primary"], status["epoch"], status["single_copy"]) == ("azure", 3, True)
    assert person.waits_until(lambda: person.readiness().get("writable") is True)
