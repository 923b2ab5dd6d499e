"""One platform's bad night, in order: what is refused, what an agent's death does, and a takeover that is killed again and again."""

import asyncio
import json
import re

import psycopg
import pytest

from scripts.embedded import programs
from scripts.embedded.local_sites import LocalSites
from scripts.embedded.writers import Writers, read_back
from scripts.runbook import sites
from scripts.runbook.journal import read_journal
from tests.acceptance.conftest import Person, start_mortal_agent

pytestmark = pytest.mark.acceptance


def test_the_sites_say_how_they_stand(person: Person) -> None:
    """One site takes writes, two follow it, and together they stay under 1.2 GiB."""
    assert person.waits_until(lambda: set(person.status()["sites"]) == {"aws", "gcp", "azure"})

    status = person.status()

    assert (status["primary"], status["epoch"], status["single_copy"]) == ("aws", 1, False)
    assert {site: one["role"] for site, one in status["sites"].items()} == {
        "aws": "primary",
        "gcp": "standby",
        "azure": "standby",
    }
    assert status["memory_total_mib"] < 1.2 * 1024


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("mars", "There is no site mars; this platform has aws, gcp, azure."),
        ("aws", "aws is the primary already, at epoch 1; there is nothing to do."),
    ],
)
def test_a_failover_to_nowhere_is_refused(person: Person, to: str, sentence: str) -> None:
    """It says in one sentence why, and nothing changes."""
    refused = person.lifeboat("failover", "--to", to, "--yes")

    assert refused.returncode != 0
    assert refused.stderr.strip() == sentence
    assert person.status()["epoch"] == 1


def test_the_plan_alone_changes_nothing(person: Person) -> None:
    """Without --yes the plan is printed, with what may be lost, and the epoch stays."""
    planned = person.lifeboat("failover", "--to", "gcp")

    assert planned.returncode == 0
    assert "nothing that was acknowledged" in planned.stdout
    assert "Nothing was changed" in planned.stdout
    assert person.status()["epoch"] == 1


def test_without_its_agent_a_site_becomes_read_only(person: Person, local: LocalSites) -> None:
    """Killing only the agent closes the fence when the term ends; a new agent opens it again under the same epoch."""
    local.supervisor.kill("aws", "agent")

    became_read_only = person.waits_until(lambda: person.readiness().get("writable") is False)
    with (
        psycopg.connect(sites.load(person.folder).agent_url("aws"), autocommit=True) as agent,
        pytest.raises(psycopg.Error) as refused,
    ):
        agent.execute("INSERT INTO lifeboat.heartbeat VALUES ('late', 1, 1, now())")
    local.supervisor.start(programs.agent(local.layout, "aws"))

    assert became_read_only
    assert refused.value.sqlstate == "LB001"
    assert person.waits_until(lambda: person.readiness().get("writable") is True)
    assert person.status()["epoch"] == 1


def test_a_standby_that_does_not_answer_stops_a_failover(person: Person, local: LocalSites) -> None:
    """It is refused with the number of bytes that may be lost; when the standby speaks again it is not."""
    local.supervisor.kill("azure", "agent")
    person.waits_until(lambda: person.lifeboat("failover", "--to", "gcp").returncode != 0, 60)

    refused = person.lifeboat("failover", "--to", "gcp", "--yes")
    local.supervisor.start(programs.agent(local.layout, "azure"))

    assert refused.returncode == 1
    assert refused.stderr.startswith("Refused: azure does not answer and may be the only one that holds up to ")
    assert "--accept-data-loss" in refused.stderr
    assert person.status()["epoch"] == 1
    assert person.waits_until(lambda: person.lifeboat("failover", "--to", "gcp").returncode == 0, 60)


@pytest.fixture(scope="module")
def told(local: LocalSites) -> Writers:
    """Give what people were told is saved before the primary's whole site is ended."""
    people = Writers(f"http://127.0.0.1:{local.layout.settings.edge_port}", 2)

    async def post_for_a_while() -> None:
        await people.start()
        await asyncio.sleep(2)
        await people.stop()

    asyncio.run(post_for_a_while())
    return people


STEPS = (
    "win_epoch",
    "stop_applying",
    "take_tail",
    "promote",
    "be_followed",
    "open_writes",
    "point_dns",
    "verify_outside",
    "settle_register",
)


def test_killed_at_every_step_it_reaches_the_same_end(person: Person, local: LocalSites, told: Writers) -> None:
    """The primary's site dies; the new one's agent dies after each step's act, before its record, and goes on by itself.

    One command, said once, is followed to the end.
    A second failover meanwhile, to another site, changes nothing and names the one that won.
    """
    assert told.ledger.posts
    local.supervisor.kill("aws")
    local.supervisor.kill("gcp", "agent")
    assert person.waits_until(lambda: person.lifeboat("failover", "--to", "gcp").returncode == 0)
    mortal = start_mortal_agent(local, "gcp", STEPS[0])
    word = person.begins("failover", "--to", "gcp", "--yes")
    outlived = []
    for step in STEPS[1:]:
        outlived.append(not person.waits_until(lambda one=mortal: one.find() is None))
        mortal = start_mortal_agent(local, "gcp", step)
        if step == STEPS[1]:
            second = person.lifeboat("failover", "--to", "azure", "--yes")
    outlived.append(not person.waits_until(lambda: mortal.find() is None))
    local.supervisor.start(programs.agent(local.layout, "gcp"))
    said, complaint = word.communicate(timeout=120)
    back = asyncio.run(read_back(local.layout.app_url("gcp"), told.ledger))

    assert outlived == [False] * len(STEPS)
    assert second.returncode == 1
    assert second.stderr.startswith("gcp is taking over at epoch 2, by the word of ")
    assert word.returncode == 0, complaint
    assert "failover to gcp is done" in said
    assert (back.lost_posts, back.lost_pictures) == ((), ())
    status = person.status()
    assert (status["primary"], status["epoch"], status["state"]) == ("gcp", 2, "held")
    assert person.readiness()["site"] == "gcp"


def test_the_journal_is_one_chain_and_lies_in_the_ledger_stores(person: Person) -> None:
    """All runs of one failover are one journal whose hashes hold, and both living clouds have every record."""
    (path,) = (person.folder / "journal").glob("*.jsonl")
    platform = sites.load(person.folder)
    records = list(read_journal(path, platform.public_keys))

    listed = asyncio.run(platform.ledger_stores().list(f"journal/{records[0].runbook}"))

    assert {record.step for record in records if record.outcome == "done"} >= {
        "win_epoch",
        "promote",
        "settle_register",
    }
    assert {site: len(keys) for site, keys in listed.values.items()} == {"gcp": len(records), "azure": len(records)}
    shown = person.lifeboat("journal", records[0].runbook)
    assert f"Copies: azure {len(records)} of {len(records)}, gcp {len(records)} of {len(records)}" in " ".join(
        shown.stdout.split()
    )


def test_a_tampered_journal_line_is_named(person: Person) -> None:
    """One altered byte in line 2 is found; put back, the journal is trusted again."""
    (path,) = (person.folder / "journal").glob("*.jsonl")
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1].replace(b'"epoch":2', b'"epoch":3'), *lines[2:]]))

    refused = person.lifeboat("journal", path.stem)
    path.write_bytes(whole)

    assert refused.returncode == 1
    assert refused.stderr.startswith("line 2 of the journal ")
    assert person.lifeboat("journal").returncode == 0


def test_a_dead_site_can_not_take_over_nor_die_again(person: Person) -> None:
    """Both are one sentence that says what is so."""
    failover = person.lifeboat("failover", "--to", "aws", "--yes")
    death = person.lifeboat("local", "kill", "aws")

    assert re.fullmatch(
        r"aws cannot take over: its agent has said nothing for [\d.]+ s. Choose another site, or bring aws back first.",
        failover.stderr.strip(),
    )
    assert death.stderr.strip() == "aws is dead already: none of its processes is alive."


def test_the_third_site_follows_without_a_copy(person: Person) -> None:
    """azure follows gcp under the new epoch, through the understudy slot that was there before the death."""
    assert person.waits_until(lambda: person.status()["sites"]["azure"]["following"] == "gcp")

    status = person.status()

    assert status["rule"] == [{"sync": ["azure"], "needed": 1}]
    assert status["sites"]["gcp"]["slots"]["azure"]["active"] is True
    assert status["sites"]["azure"]["following_epoch"] == 2


def test_with_one_store_left_nobody_guesses(person: Person, local: LocalSites) -> None:
    """Two of the three control stores died with their sites: nobody can know who is primary, and it says so."""
    for site in ("aws", "gcp"):
        if local.supervisor.alive(site):
            local.supervisor.kill(site)

    unreachable = person.lifeboat("failover", "--to", "azure", "--single-copy", "--yes")

    assert unreachable.returncode == 1
    assert unreachable.stderr.startswith("The register cannot be read: 2 of the 3 control stores must answer")


def test_down_leaves_nothing(person: Person, local: LocalSites) -> None:
    """It ends every process that was started, says how many, and removes the folder."""
    before = json.loads(person.lifeboat("local", "status", "--json").stdout)["alive"]

    ended = person.lifeboat("local", "down")

    assert int(ended.stdout.split()[0]) >= sum(len(names) for names in before.values())
    assert not person.folder.exists()
    assert not [one for one in local.supervisor.started if one.find()]
