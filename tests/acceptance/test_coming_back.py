"""Sites that were ended come back under load: fenced first, then behind the primary, and in the end as the primary again."""

import asyncio
import json
import shutil
import subprocess
import time
from typing import Any

import pytest

from scripts.embedded.local_sites import LocalSites
from scripts.embedded.starter import Starter
from scripts.embedded.supervisor import Supervisor
from scripts.embedded.writers import Writers, read_back
from tests.acceptance.conftest import SHORT_TERMS, Person

pytestmark = pytest.mark.acceptance


def starts(person: Person, site: str) -> dict[str, Any]:
    done = person.lifeboat("local", "start", site, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_death_and_the_way_back(local: LocalSites, person: Person, people: Writers) -> None:
    """aws dies and gcp takes over; aws starts fenced, rejoins without a copy, and takes its place again; nothing is lost."""
    assert person.waits_until(lambda: len(people.ledger.posts) > 5)
    local.supervisor.kill("aws")
    took = person.lifeboat("failover", "--to", "gcp", "--yes")
    assert took.returncode == 0, took.stderr

    back = starts(person, "aws")
    assert (back["holder"], back["following"], back["readmitted"]) == ("gcp", None, False)
    assert "lifeboat rejoin aws" in back["standing"]
    assert person.waits_until(lambda: person.status()["sites"]["aws"]["role"] == "fenced")
    shown = person.lifeboat("rejoin", "aws")
    assert "without a copy" in shown.stdout, shown.stderr
    rejoined = person.lifeboat("rejoin", "aws", "--yes")
    assert rejoined.returncode == 0, rejoined.stderr
    assert person.waits_until(lambda: person.status()["sites"]["aws"]["following"] == "gcp")
    report = json.loads(next((local.layout.folder / "salvage").glob("*.json")).read_text())
    assert (report["site"], report["primary"], report["acknowledged"]) == ("aws", "gcp", 0)

    assert "follows" in person.lifeboat("reprotect").stderr
    before = len(people.ledger.posts)
    home = person.lifeboat("switchover", "--to", "aws", "--yes")
    assert home.returncode == 0, home.stderr
    assert person.waits_until(lambda: len(people.ledger.posts) > before + 5)
    assert person.waits_until(
        lambda: {site["following"] for site in person.status()["sites"].values()} == {None, "aws"}
    )
    for site in ("aws", "gcp", "azure"):
        lost = asyncio.run(read_back(local.layout.app_url(site), people.ledger))
        assert (lost.lost_posts, lost.lost_pictures) == ((), ())


def test_a_wiped_standby_comes_back_by_a_copy_that_is_announced(local: LocalSites, person: Person) -> None:
    """Its store is let in again; the copy is refused with its reason and size until it is allowed; then it follows."""
    assert person.lifeboat("local", "kill", "azure", "--wipe").returncode == 0

    back = starts(person, "azure")
    assert (back["wiped"], back["readmitted"], back["following"]) == (True, True, None)
    assert person.waits_until(lambda: person.lifeboat("reprotect").stderr.startswith("azure needs a full copy of"))
    copied = person.lifeboat("reprotect", "--copy", "--yes")

    assert copied.returncode == 0, copied.stderr
    assert person.waits_until(lambda: person.status()["sites"]["azure"]["following"] == "aws")
    local.supervisor.kill("gcp", "objects")
    time.sleep(8)
    assert person.readiness()["writable"]
    assert starts(person, "gcp")["started"] == ["objects"]


def test_a_primary_that_comes_back_before_anybody_took_over_goes_on(local: LocalSites, person: Person) -> None:
    """It says so, and takes writes again with its next renewal: nobody else can have written meanwhile."""
    local.supervisor.kill("aws")

    back = starts(person, "aws")

    assert (back["holder"], back["wiped"]) == ("aws", False)
    assert "it takes writes again with its next renewal" in back["standing"]
    assert person.waits_until(lambda: bool(person.readiness().get("writable")))


def restart_database(local: LocalSites, site: str, source: str, target: str) -> None:
    """End a site's database alone, copy one folder over another beside its files, and start it: as a provider restores one."""
    # Commands started processes since: their folder knows which.
    supervisor = Supervisor.load(local.layout.folder)
    assert supervisor.kill(site, "postgres") > 0
    folder = local.layout.server(site).folder
    shutil.rmtree(folder / target, ignore_errors=True)
    subprocess.run(["cp", "-a", folder / source, folder / target], check=True)
    Starter(local.layout, supervisor).postgres(site)


def test_a_primary_whose_database_was_restored_stops_by_itself(
    local: LocalSites, person: Person, people: Writers
) -> None:
    """Its standbys would seem to confirm what they do not have: it takes no writes, gcp has all that was acknowledged."""
    data = local.layout.server("aws").data.name
    restart_database(local, "aws", data, "saved")
    before = len(people.ledger.posts)
    assert person.waits_until(lambda: len(people.ledger.posts) > before + 10)

    restart_database(local, "aws", "saved", data)
    assert person.waits_until(lambda: "aws: database" in seen_in_readiness(person)), seen_in_readiness(person)
    time.sleep(3 * SHORT_TERMS.renew_every)
    writable, refused = person.readiness()["writable"], person.lifeboat("switchover", "--to", "gcp", "--yes")
    took = person.lifeboat("failover", "--to", "gcp", "--yes")
    back = asyncio.run(read_back(local.layout.app_url("gcp"), people.ledger))
    needs_a_copy = person.lifeboat("rejoin", "aws", "--yes")
    copied = person.lifeboat("rejoin", "aws", "--copy", "--yes")

    assert not writable
    assert refused.stderr.startswith("aws must not hand over: its database went back to an earlier state, by ")
    assert took.returncode == 0, took.stderr
    assert (back.lost_posts, back.lost_pictures) == ((), ())
    assert "its database went back to an earlier state" in needs_a_copy.stderr
    assert copied.returncode == 0, copied.stderr
    assert person.waits_until(lambda: person.status()["sites"]["aws"]["following"] == "gcp")
    assert "aws: database" not in seen_in_readiness(person)


def seen_in_readiness(person: Person) -> dict[str, str]:
    return {line["what"]: line["seen"] for line in person.readiness_lines()}
