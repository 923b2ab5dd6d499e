"""The loop that renews the lease: what it does with a fence that a hand-over left closed."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from scripts.runbook import commissions, continuity, fence
from scripts.runbook.agent.lease_keeper import hold
from scripts.runbook.agent.state import Agent
from scripts.runbook.agent.teller import look_whether_it_went_back
from scripts.runbook.commissions import Commission
from scripts.runbook.founding import found_register
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.rule import Rule
from tests.conftest import RunningPostgres
from tests.runbook.memory_stores import Stores
from tests.runbook.platforms import platform_of_gcp

HELD = LeaseRecord.first("gcp", Rule.of("aws", "azure"), ("aws", "azure"))
HAND_OVER = Commission(
    "switchover-2-to-aws-0000ba-at-gcp", "hand_over", "aws", {"epoch": 2}, "0000ba" + "0" * 26, 0.0, "ana"
)


@pytest.fixture
def agent(tmp_path: Path, app_database: RunningPostgres) -> Iterator[Agent]:
    """Give gcp's agent, which holds epoch 1 and is due to renew; its database has drained its writes."""
    platform = platform_of_gcp(tmp_path, app_database)
    with psycopg.connect(app_database.agent_url, autocommit=True) as connection:
        stood = connection.execute("SELECT epoch, writable, valid_until FROM lifeboat.fence").fetchone()
        connection.execute("UPDATE lifeboat.fence SET epoch = 1, writable = false")
        connection.execute("DELETE FROM lifeboat.run")
        made = Agent(platform, "gcp")
        yield made
        made.lease_database.close()
        made.database.close()
        connection.execute("UPDATE lifeboat.fence SET epoch = %s, writable = %s, valid_until = %s", stood)


def takes_writes(agent: Agent, record: LeaseRecord = HELD) -> bool:
    """Renew once, by a register that shows the record, and say whether the fence is open then."""

    async def renewed() -> None:
        stores = Stores()
        await found_register(stores, "test", record.to_value())
        agent.register, agent.renewal_due = stores.register("gcp"), 0.0
        agent.in_force.record = record
        await hold(agent)

    asyncio.run(renewed())
    with psycopg.connect(agent.platform.agent_url("gcp"), autocommit=True) as connection:
        return fence.read(connection).open


def test_what_a_hand_over_drained_that_did_not_come_about_opens_again(agent: Agent) -> None:
    """However it ended: the renewal proves that this site is the primary still."""
    assert takes_writes(agent)


@pytest.mark.parametrize("kept", ["running", "unfinished", "another epoch", "switching"])
def test_it_stays_closed_while_somebody_may_mean_it(agent: Agent, kept: str) -> None:
    """While the hand-over runs, while one waits to go on, and while the epoch is not this site's to open."""
    if kept == "running":
        agent.running = HAND_OVER
    with psycopg.connect(agent.platform.agent_url("gcp"), autocommit=True) as connection:
        if kept == "unfinished":
            commissions.begin(connection, HAND_OVER)
        if kept == "another epoch":
            connection.execute("UPDATE lifeboat.fence SET epoch = 2")

    assert not takes_writes(
        agent, replace(HELD, state="switching", previous_rule=HELD.rule) if kept == "switching" else HELD
    )


def test_another_site_s_lease_opens_nothing(agent: Agent) -> None:
    """It was lost meanwhile: nothing was renewed."""
    assert not takes_writes(agent, replace(HELD, state="released", candidate="aws"))


@pytest.fixture
def gone_back(agent: Agent) -> Iterator[None]:
    """The agent's last word, which no restore reaches, counts more looks than its database does."""
    with psycopg.connect(agent.platform.agent_url("gcp"), autocommit=True) as connection:
        connection.execute("UPDATE lifeboat.fence SET writable = true, valid_until = now() + interval '1 hour'")
        agent.looks = continuity.look(connection, 0)[0] + 12
        yield
        connection.execute("UPDATE lifeboat.continuity SET went_back = ''")


def test_a_primary_whose_database_went_back_takes_no_writes_and_renews_nothing(agent: Agent, gone_back: None) -> None:
    """Its standbys seem to confirm what it writes and do not have it: the lease runs out, and one of them takes over."""
    assert not takes_writes(agent)
    assert agent.register_written == 0.0


def test_its_status_closes_the_fence_and_says_why(agent: Agent, gone_back: None) -> None:
    """A renewal is seconds away, the status a second: whoever notices first stops the writes."""
    asyncio.run(look_whether_it_went_back(agent))

    with psycopg.connect(agent.platform.agent_url("gcp"), autocommit=True) as connection:
        assert not fence.read(connection).open
    (sentence,) = agent.alarms.sentences
    assert sentence.startswith(
        "gcp takes no writes until it is copied anew: its database went back to an earlier state"
    )
