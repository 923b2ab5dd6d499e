"""A whole cloud that hangs instead of dying: it accepts connections, answers nothing, and comes back later."""

import time

import httpx
import psutil
import psycopg
import pytest

from scripts.embedded import harm
from scripts.embedded.local_sites import LocalSites
from scripts.runbook import sites
from tests.acceptance.conftest import Person

pytestmark = pytest.mark.acceptance


def takes_writes(address: str) -> object:
    try:
        return httpx.get(f"{address}/readyz", timeout=2, trust_env=False).json().get("writable")
    except httpx.HTTPError:
        return None


def test_a_hung_primary_is_left_behind_and_fenced_when_it_wakes(local: LocalSites, person: Person) -> None:
    """The failover waits for nothing of it; awake again it takes no writes, says so, and the epoch stays won."""
    assert person.waits_until(lambda: person.lifeboat("failover", "--to", "azure").returncode == 0)
    harm.pause(person.folder, "aws")
    try:
        began = time.monotonic()
        moved = person.lifeboat("failover", "--to", "azure", "--yes")
        took = time.monotonic() - began
        frozen_only_aws = person.status()
    finally:
        harm.resume(person.folder, "aws")

    assert moved.returncode == 0, moved.stderr
    # Nine steps, none of which may wait for the dead: each call to it has its own deadline of seconds.
    assert took < 60
    assert (frozen_only_aws["primary"], frozen_only_aws["epoch"]) == ("azure", 2)
    assert person.waits_until(lambda: takes_writes(local.layout.app_url("aws")) is False)
    with (
        psycopg.connect(sites.load(person.folder).agent_url("aws"), autocommit=True) as aws,
        pytest.raises(psycopg.Error) as refused,
    ):
        aws.execute("INSERT INTO lifeboat.heartbeat VALUES ('late', 1, 1, now())")
    assert refused.value.sqlstate == "LB001"
    assert person.waits_until(lambda: person.status()["sites"]["aws"]["role"] == "fenced")
    assert person.status()["primary"] == "azure"
    assert takes_writes(person.url) is True
    assert all(
        process.status() != psutil.STATUS_STOPPED for one in local.supervisor.alive("aws") if (process := one.find())
    )
