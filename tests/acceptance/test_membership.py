"""A control store loses the register's object and is taken back; another is replaced for good; writes go on all the while."""

import time

import obstore
import pytest

from app.stores import open_store
from scripts.embedded.local_sites import LocalSites
from scripts.runbook import sites
from scripts.runbook.acceptors import register_key
from tests.acceptance.conftest import SHORT_TERMS, Person
from tests.acceptance.test_rule import red_lines

pytestmark = pytest.mark.acceptance


def renewals_go_on(person: Person) -> bool:
    """Say whether writes are still open when every term that was granted before has ended."""
    time.sleep(SHORT_TERMS.duration + 1)
    return bool(person.readiness().get("writable"))


def test_a_store_without_its_object_is_missed_and_taken_back(local: LocalSites, person: Person) -> None:
    """It counts for nothing until somebody re-admits it; then two others may be asked without it, or it with either."""
    platform = sites.load(local.layout.folder)
    lease = open_store(platform.outputs["gcp"].lease_url, platform.credentials())
    obstore.delete(lease, register_key(platform.cluster))

    missed = red_lines(person)["register stores"]
    planned = person.lifeboat("membership", "readmit", "gcp")
    taken_back = person.lifeboat("membership", "readmit", "gcp", "--yes")
    shown = person.lifeboat("membership", "show").stdout
    local.supervisor.kill("azure", "objects")

    assert "gcp" in missed
    assert "Nothing was changed" in planned.stdout
    assert taken_back.returncode == 0, taken_back.stderr
    assert "gcp votes again: the register is of configuration 2" in taken_back.stdout
    assert shown.count("epoch 1") == 3
    assert renewals_go_on(person)
    refused = person.lifeboat("membership", "readmit", "gcp", "--yes")
    assert refused.returncode == 1
    assert "azure" in refused.stderr
    assert person.lifeboat("local", "start", "azure").returncode == 0


def test_a_store_is_replaced_for_good(local: LocalSites, person: Person) -> None:
    """The agents read the new platform.json by themselves and go on; the old store is asked no more."""
    platform = sites.load(local.layout.folder)
    spare = platform.outputs["azure"].ledger_url

    known = person.lifeboat("membership", "replace", "gcp", "--url", platform.outputs["aws"].lease_url, "--yes")
    replaced = person.lifeboat("membership", "replace", "gcp", "--url", spare, "--name", "spare", "--yes")

    assert known.returncode == 2
    assert "a store counts once" in known.stderr
    assert replaced.returncode == 0, replaced.stderr
    assert set(sites.load(local.layout.folder).register_urls) == {"aws", "azure", "spare"}
    local.supervisor.kill("gcp", "objects")
    assert renewals_go_on(person)
    assert "spare" in person.lifeboat("membership", "show").stdout
