"""Sites that were ended come back: fenced, with a store that counts only once it is let in again."""

import json
import time
from typing import Any

import pytest

from scripts.embedded.local_sites import LocalSites
from tests.acceptance.conftest import Person

pytestmark = pytest.mark.acceptance


def starts(person: Person, site: str) -> dict[str, Any]:
    done = person.lifeboat("local", "start", site, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_killed_standby_comes_back_and_counts_again(local: LocalSites, person: Person) -> None:
    """Its store is let in again, it follows as before, and the register then bears the loss of another store."""
    local.supervisor.kill("azure")

    back = starts(person, "azure")
    local.supervisor.kill("gcp", "objects")

    assert (back["readmitted"], back["wiped"], back["following"]) == (True, False, "aws")
    assert person.lifeboat("local", "start", "azure").stdout.startswith(
        "azure is a standby that follows aws. All of it"
    )
    assert person.waits_until(lambda: person.status()["sites"]["azure"]["applying"])
    epoch_is_renewed(person)
    assert starts(person, "gcp")["started"] == ["objects"]


def epoch_is_renewed(person: Person) -> None:
    """The lease is renewed with two stores: one term later writes are still open."""
    time.sleep(8)
    assert person.readiness()["writable"]
