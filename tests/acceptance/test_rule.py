"""A standby that stops confirming leaves the rule by itself and comes back by itself; one copy needs a person."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from scripts.embedded import harm
from scripts.embedded.local_sites import LocalSites
from scripts.embedded.writers import read_back
from scripts.runbook import sites
from tests.acceptance.conftest import Person
from tests.timed_writers import TimedWriters

pytestmark = pytest.mark.acceptance


def rule_of(person: Person) -> list[dict]:
    return person.status()["rule"]


def becomes(person: Person, *sync: str, seconds: float = 40) -> bool:
    """Wait until the register names exactly these standbys, any one of which is enough."""
    wanted = [{"sync": list(sync), "needed": 1}]
    return person.waits_until(lambda: rule_of(person) == wanted, seconds)


@contextmanager
def stopped(local: LocalSites, *sites: str) -> Iterator[None]:
    """Let whole clouds stand still: they accept connections and answer nothing."""
    for site in sites:
        harm.pause(local.layout.folder, site)
    try:
        yield
    finally:
        for site in sites:
            harm.resume(local.layout.folder, site)


async def under_load(url: str, scene: Callable[[], None]) -> TimedWriters:
    """Let four people post while a scene plays."""
    writers = TimedWriters(url, 4)
    await writers.start()
    await asyncio.to_thread(scene)
    await writers.stop()
    return writers


def test_a_standby_that_hangs_leaves_the_rule_and_returns(local: LocalSites, person: Person) -> None:
    """Writes go on all the while; nothing acknowledged is missing on the one that stayed."""
    assert person.waits_until(lambda: person.readiness().get("writable") is True)
    assert person.waits_until(lambda: set(red_lines(person)) == {"last drill or move"}), red_lines(person)
    seen: dict[str, bool] = {}
    moments: list[float] = []

    def scene() -> None:
        time.sleep(2)
        with stopped(local, "gcp"):
            moments.append(time.monotonic())
            seen["left"] = becomes(person, "azure")
            seen["said"] = "gcp left it" in red_lines(person)["rule"]
            time.sleep(2)
            moments.append(time.monotonic())
        seen["returned"] = becomes(person, "gcp", "azure")

    writers = asyncio.run(under_load(person.url, scene))
    during = writers.between(*moments)

    assert seen == {"left": True, "said": True, "returned": True}
    assert len(during) > 20
    assert max(one.seconds for one in during) < 3  # loaded machine; the bench has the figure
    assert writers.ledger.unknown == 0
    kept = asyncio.run(read_back(local.layout.app_url("azure"), writers.ledger))
    assert kept.lost_posts == ()


def test_without_any_standby_nothing_is_acknowledged(local: LocalSites, person: Person) -> None:
    """The app answers 503 in a sentence; no agent goes on with one copy by itself, and all is well when they wake."""
    account = asyncio.run(_token(person.url))
    with stopped(local, "gcp", "azure"):
        time.sleep(7)
        answer = httpx.post(f"{person.url}/api/v1/statuses", json={"status": "to nobody"}, timeout=30, trust_env=False,
                            headers={"Authorization": f"Bearer {account}"})  # fmt: skip
        alone = local_rule(local)

    assert answer.status_code == 503
    assert answer.json()["error"].count(".") <= 2
    assert all(clause["needed"] >= 1 for clause in alone)
    assert becomes(person, "gcp", "azure")


def test_one_copy_is_a_person_s_word_and_ends_by_itself(local: LocalSites, person: Person) -> None:
    """Refused while somebody confirms; then it is said by every status, until the first standby is back in step."""
    assert becomes(person, "gcp", "azure")
    needless = person.lifeboat("rule", "--single-copy", "--yes")
    for site in ("gcp", "azure"):
        local.supervisor.kill(site, "postgres")
    assert person.waits_until(lambda: "nothing is acknowledged" in person.lifeboat("rule").stdout)
    before = red_lines(person)

    shown = person.lifeboat("rule", "--single-copy")
    alone_before = local_rule(local)
    decided = person.lifeboat("rule", "--single-copy", "--yes")
    status = person.status()
    after = red_lines(person)

    assert needless.returncode == 1
    assert "One copy alone is not needed" in needless.stderr
    assert shown.returncode == 0
    assert "Nothing was changed" in shown.stdout
    assert all(clause["needed"] >= 1 for clause in alone_before)
    assert decided.returncode == 0, decided.stderr
    assert status["single_copy"] is True
    assert "nothing is acknowledged: no standby of the rule confirms" in before["rule"]
    assert "SINGLE COPY" in after["rule"]
    asyncio.run(_token(person.url))  # signing up is a write: it is acknowledged
    assert person.lifeboat("local", "start", "gcp").returncode == 0
    assert becomes(person, "gcp", seconds=60)
    assert person.status()["single_copy"] is False


def red_lines(person: Person) -> dict[str, str]:
    """Return what readiness shows in red: what it is, and what was seen."""
    return {line["what"]: line["seen"] for line in person.readiness_lines() if line["state"] in ("pre-stage", "go")}


def local_rule(local: LocalSites) -> list[dict]:
    """Read what the primary's fence obeys."""
    with psycopg.connect(sites.load(local.layout.folder).agent_url("aws")) as connection:
        row = connection.execute("SELECT rule FROM lifeboat.fence").fetchone()
    assert row
    return row[0]


async def _token(url: str) -> str:
    writers = TimedWriters(url, 0)
    application = await writers._sign_up_application()
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        return await writers._sign_up(client, 0, application)
